#include "test/cuda/RunComparison.h"

#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Printed.h"
#include "runtime/base/Safetensors.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace step37::test {
namespace {

std::vector<float> floatsOf(const safetensors::File &file, const std::string &name) {
  std::span<const std::byte> bytes = file.bytes(file.at(name));
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

/// |a − b| / |b|; infinite where the sizes differ or a value is not finite.
double relativeError(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size())
    return INFINITY;
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    size += double(b[i]) * b[i];
  }
  const double error = difference == 0 ? 0 : std::sqrt(difference / size);
  return std::isfinite(error) ? error : INFINITY;
}

double percentile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values.at(static_cast<size_t>(std::ceil(part * double(values.size() - 1))));
}

/// "logits 1.2e-06 (≤ 1.0e-04)" added to a verdict.
void require(Verdict &verdict, const std::string &what, double value, double limit) {
  verdict.holds &= value <= limit;
  verdict.text +=
      (verdict.text.empty() ? "" : ", ") + what + printed(" %.2e (at most %.2e)", value, limit);
}

struct LoggedStep {
  double loss, gradNorm;
  std::string text; // both, as they are written
};

std::vector<LoggedStep> readLog(const std::filesystem::path &path) {
  std::vector<LoggedStep> steps;
  std::istringstream lines{std::string(MappedFile(path).text())};
  for (std::string line; std::getline(lines, line);) {
    const auto step = nlohmann::json::parse(line);
    steps.push_back({step.at("loss"), step.at("grad_norm"),
                     step.at("loss").dump() + " " + step.at("grad_norm").dump()});
  }
  return steps;
}

double meanLoss(std::span<const LoggedStep> steps) {
  double sum = 0;
  for (const LoggedStep &step : steps)
    sum += step.loss;
  return sum / double(steps.size());
}

} // namespace

Verdict compareProbe(const std::filesystem::path &probe, const std::filesystem::path &golden,
                     const std::filesystem::path &gradients, const ProbeLimits &limits) {
  const safetensors::File actual(probe), expected(golden), expectedGradients(gradients);
  const char *of = expected.find("logits") ? "logits" : "mtp_logits";
  const std::vector<float> logits = floatsOf(actual, of);
  const std::vector<float> wanted = floatsOf(expected, of);
  Verdict verdict;
  require(verdict, "logits", relativeError(logits, wanted), limits.logits);
  if (logits.size() == wanted.size()) {
    const auto vocab = static_cast<size_t>(expected.at(of).shape.back());
    std::vector<double> tokens;
    for (size_t at = 0; at < wanted.size(); at += vocab)
      tokens.push_back(relativeError(std::span(logits).subspan(at, vocab),
                                     std::span(wanted).subspan(at, vocab)));
    require(verdict, "median token", percentile(tokens, 0.5), limits.median);
    require(verdict, "90th percentile", percentile(tokens, 0.9), limits.ninetieth);
  }
  double worst = 0;
  std::string worstName;
  for (const safetensors::Tensor &tensor : expectedGradients.tensors()) {
    const double error = relativeError(floatsOf(actual, "grad." + tensor.name),
                                       floatsOf(expectedGradients, tensor.name));
    if (error >= worst) {
      worst = error;
      worstName = tensor.name;
    }
  }
  require(verdict, "worst gradient, " + worstName + ",", worst, limits.gradient);
  return verdict;
}

Verdict compareCurves(const std::filesystem::path &first, const std::filesystem::path &second,
                      double within) {
  const std::vector<LoggedStep> a = readLog(first), b = readLog(second);
  if (a.size() != b.size() || a.empty())
    return {false, printed("%zu and %zu steps", a.size(), b.size())};
  double worst = 0;
  size_t step = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i].loss - b[i].loss);
    if (!(difference <= worst)) { // NaN counts as far apart
      worst = difference;
      step = i + 1;
    }
  }
  Verdict verdict;
  require(verdict, printed("%zu steps, largest difference of losses, in step %zu,", a.size(), step),
          worst, within);
  return verdict;
}

Verdict sameCurves(const std::filesystem::path &first, const std::filesystem::path &second) {
  const std::vector<LoggedStep> a = readLog(first), b = readLog(second);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i].text != b[i].text)
      return {false, printed("step %zu: %s and %s", i + 1, a[i].text.c_str(), b[i].text.c_str())};
  return {a.size() == b.size() && !a.empty(), printed("%zu and %zu steps", a.size(), b.size())};
}

Verdict fallingCurve(const std::filesystem::path &log, double least) {
  const std::vector<LoggedStep> steps = readLog(log);
  const size_t quarter = std::max<size_t>(steps.size() / 4, 1);
  if (steps.size() < 2)
    return {false, printed("%zu steps", steps.size())};
  const double first = meanLoss(std::span(steps).first(quarter));
  const double last = meanLoss(std::span(steps).last(quarter));
  const double sum = meanLoss(steps);
  return {std::isfinite(sum) && last <= first - least,
          printed("%zu steps, mean loss %.4f in the first quarter, %.4f in the last (must fall by "
                  "%.2f)",
                  steps.size(), first, last, least)};
}

Verdict memoryHeld(const std::filesystem::path &printedText, double within) {
  const MappedFile file(printedText);
  const std::string text(file.text());
  const size_t at = text.find("memory: planned ");
  long long planned = 0, held = 0;
  if (at == std::string::npos ||
      std::sscanf(text.c_str() + at, "memory: planned %lld bytes, held %lld", &planned, &held) != 2)
    throw Error(printedText.string() + ": has no line \"memory: planned …\"");
  Verdict verdict{true, printed("planned %lld bytes, held %lld", planned, held)};
  require(verdict, "difference", std::abs(double(held - planned)) / double(planned), within);
  return verdict;
}

} // namespace step37::test
