// Sums from buffers, scales into them; see Objective.h.
#include "runtime/train/Objective.h"

#include "runtime/base/Error.h"
#include "runtime/plan/Names.h"

#include <charconv>
#include <cmath>
#include <numeric>

namespace step37 {

namespace {

double mtpFactor(const plan::Plan &plan) {
  auto entry = plan.switches.find("mtp_factor");
  double factor = 0;
  if (entry != plan.switches.end()) {
    const char *begin = entry->second.data(), *end = begin + entry->second.size();
    auto [stop, error] = std::from_chars(begin, end, factor);
    if (error == std::errc() && stop == end && std::isfinite(factor) && factor >= 0)
      return factor;
  }
  throw Error("the plan computes multi-token prediction, but its switch mtp_factor is no factor");
}

} // namespace

Objective::Objective(Model &model)
    : model(model),
      terms{{.sum = plan::names::lossSum, .scale = plan::names::lossScale, .by = 1, .factor = 1}} {
  for (int64_t depth = 0;; ++depth) {
    const std::string sum = plan::names::numbered(plan::names::mtpLossSum, depth);
    if (model.executor().target().findBuffer(sum) < 0)
      return;
    terms.push_back({.sum = sum,
                     .scale = plan::names::numbered(plan::names::mtpLossScale, depth),
                     .by = depth + 2,
                     .factor = mtpFactor(model.plan())});
  }
}

void Objective::begin() {
  for (Term &term : terms) {
    term.counted = 0;
    term.sums.clear();
  }
}

void Objective::count(const TokenRows &batch) {
  for (Term &term : terms)
    term.counted += batch.counted(term.by);
}

void Objective::writeScales() {
  for (const Term &term : terms)
    model.writeScalar(term.scale,
                      term.counted > 0 ? static_cast<float>(term.factor / term.counted) : 0.0f);
}

void Objective::startSums() {
  for (Term &term : terms)
    model.startScalar(term.sum, term.sums.emplace_back());
}

double Objective::Term::mean() const {
  return counted > 0 ? std::accumulate(sums.begin(), sums.end(), 0.0) / counted : 0;
}

Losses Objective::losses() const {
  Losses losses{.total = 0, .main = terms.front().mean(), .mtp = {}};
  for (const Term &term : terms)
    losses.total += term.factor * term.mean();
  for (size_t i = 1; i < terms.size(); ++i)
    losses.mtp.push_back(terms[i].mean());
  return losses;
}

} // namespace step37
