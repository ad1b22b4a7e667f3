#include "codegen/report/ActivationReport.h"

#include "codegen/report/PathPattern.h"
#include "runtime/base/Printed.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/ShapeText.h"
#include "runtime/base/TextTable.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace step37::report {

using plan::Activations;
using plan::RecomputedActivation;
using plan::SavedActivation;

namespace {

using Json = nlohmann::ordered_json;

/// Groups that are listed; the others are summed up.
constexpr size_t listedGroups = 16;

template <class Key, class Group> std::vector<Group> valuesOf(std::map<Key, Group> groups) {
  std::vector<Group> values;
  for (auto &[key, group] : groups)
    values.push_back(std::move(group));
  return values;
}

void add(RecomputedGroup &sum, const RecomputedGroup &group) {
  sum.count += group.count;
  sum.bytes += group.bytes;
  sum.flops += group.flops;
  sum.sentBytes += group.sentBytes;
}

RecomputedGroup sumOf(const Activations &activations, bool overflow) {
  RecomputedGroup sum;
  for (const RecomputedGroup &group : recomputedGroups(activations))
    if (group.overflow == overflow)
      add(sum, group);
  return sum;
}

SavedGroup sumOfSaved(const Activations &activations) {
  SavedGroup sum{};
  for (const SavedActivation &tensor : activations.saved) {
    sum.count += 1;
    sum.bytes += tensor.bytes();
  }
  return sum;
}

std::string orNothing(int64_t number, std::string text) {
  return number == 0 ? std::string() : std::move(text);
}

std::vector<std::string> row(const RecomputedGroup &group) {
  return {grouped(group.bytes),
          readableBytes(group.bytes),
          grouped(group.count),
          orNothing(group.flops, printed("%.4g", double(group.flops) / 1e12)),
          orNothing(group.sentBytes, readableBytes(group.sentBytes)),
          group.operation,
          group.origin};
}

std::string savedText(const Activations &activations) {
  TextTable table("rrrllll");
  table.add({"bytes", "", "tensors", "dtype", "shape", "made by", "origin"});
  SavedGroup others{};
  const std::vector<SavedGroup> groups = savedGroups(activations);
  for (size_t index = 0; index < groups.size(); ++index) {
    const SavedGroup &group = groups[index];
    if (index >= listedGroups) {
      others.count += group.count;
      others.bytes += group.bytes;
      continue;
    }
    table.add({grouped(group.bytes), readableBytes(group.bytes), grouped(group.count),
               std::string(name(group.type)), shapeText(group.shape), group.operation,
               group.origin});
  }
  SavedGroup all = sumOfSaved(activations);
  for (const auto &[sum, what] : {std::pair(&others, "others"), {&all, "all"}})
    if (sum->count > 0)
      table.add({grouped(sum->bytes), readableBytes(sum->bytes), grouped(sum->count), what});
  return "\nKept by accumulate for its backward part, a rank\n" + table.text();
}

/// What is there for overflow only is one line: most of its rows are never worked on.
std::string recomputedText(const Activations &activations) {
  TextTable table("rrrrrll");
  table.add({"bytes", "", "times", "TFLOP", "sent", "operation", "origin"});
  RecomputedGroup others{"", "others"};
  size_t listed = 0;
  for (const RecomputedGroup &group : recomputedGroups(activations)) {
    if (group.overflow)
      continue;
    if (++listed <= listedGroups)
      table.add(row(group));
    else
      add(others, group);
  }
  RecomputedGroup always = sumOf(activations, false), overflow = sumOf(activations, true);
  always.operation = "all";
  overflow.operation = "only for rows of experts beyond the first window";
  for (const RecomputedGroup &sum : {others, always, overflow})
    if (sum.count > 0)
      table.add(row(sum));
  return "\nComputed again in its backward part\n" + table.text();
}

Json savedJson(const SavedActivation &tensor) {
  return {{"origin", tensor.origin},
          {"operation", tensor.operation},
          {"dtype", name(tensor.type)},
          {"shape", tensor.shape},
          {"bytes", tensor.bytes()}};
}

Json recomputedJson(const RecomputedActivation &results) {
  return {{"origin", results.origin},         {"operation", results.operation},
          {"bytes", results.bytes},           {"flops", results.flops},
          {"sent_bytes", results.sent_bytes}, {"overflow", results.overflow}};
}

} // namespace

std::vector<SavedGroup> savedGroups(const Activations &activations) {
  using Key = std::tuple<std::string, std::string, DType, std::vector<int64_t>>;
  std::map<Key, SavedGroup> groups;
  for (const SavedActivation &tensor : activations.saved) {
    const std::string origin = withoutNumbers(tensor.origin);
    SavedGroup &group =
        groups
            .try_emplace({origin, tensor.operation, tensor.type, tensor.shape},
                         SavedGroup{origin, tensor.operation, tensor.type, tensor.shape})
            .first->second;
    group.count += 1;
    group.bytes += tensor.bytes();
  }
  std::vector<SavedGroup> result = valuesOf(std::move(groups));
  std::ranges::sort(result, [](const SavedGroup &a, const SavedGroup &b) {
    return std::tie(b.bytes, a.origin, a.operation, a.type, a.shape) <
           std::tie(a.bytes, b.origin, b.operation, b.type, b.shape);
  });
  return result;
}

std::vector<RecomputedGroup> recomputedGroups(const Activations &activations) {
  std::map<std::tuple<bool, std::string, std::string>, RecomputedGroup> groups;
  for (const RecomputedActivation &results : activations.recomputed) {
    const std::string origin = withoutNumbers(results.origin);
    RecomputedGroup &group =
        groups
            .try_emplace({results.overflow, origin, results.operation},
                         RecomputedGroup{origin, results.operation, results.overflow})
            .first->second;
    group.count += 1;
    group.bytes += results.bytes;
    group.flops += results.flops;
    group.sentBytes += results.sent_bytes;
  }
  std::vector<RecomputedGroup> result = valuesOf(std::move(groups));
  std::ranges::sort(result, [](const RecomputedGroup &a, const RecomputedGroup &b) {
    return std::tie(a.overflow, b.bytes, a.origin, a.operation) <
           std::tie(b.overflow, a.bytes, b.origin, b.operation);
  });
  return result;
}

std::string activationsText(const plan::Plan &plan) {
  const Activations &activations = plan.activations;
  if (activations.saved.empty() && activations.recomputed.empty())
    return {};
  std::string how = "\nRecomputation: " + activations.recompute;
  if (activations.memory_budget > 0)
    how += ", for a memory budget of " + grouped(activations.memory_budget) + " bytes (" +
           readableBytes(activations.memory_budget) + ") a rank";
  return how + "\n" + savedText(activations) +
         (activations.recomputed.empty() ? std::string() : recomputedText(activations));
}

Json activationsJson(const Activations &activations) {
  Json saved = Json::array(), recomputed = Json::array();
  for (const SavedActivation &tensor : activations.saved)
    saved.push_back(savedJson(tensor));
  for (const RecomputedActivation &results : activations.recomputed)
    recomputed.push_back(recomputedJson(results));
  const RecomputedGroup always = sumOf(activations, false);
  return {
      {"recompute", activations.recompute},
      {"memory_budget", activations.memory_budget > 0 ? Json(activations.memory_budget) : Json()},
      {"saved_bytes", sumOfSaved(activations).bytes},
      {"recomputed_bytes", always.bytes},
      {"recomputed_flops", always.flops},
      {"recomputed_sent_bytes", always.sentBytes},
      {"saved", std::move(saved)},
      {"recomputed", std::move(recomputed)}};
}

} // namespace step37::report
