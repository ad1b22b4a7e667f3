#include "codegen/report/KernelReport.h"

#include <algorithm>
#include <tuple>

namespace step37::report {

int64_t KernelUse::registers() const {
  int64_t most = 0;
  for (const plan::KernelStage &stage : kernel->stages)
    most = std::max(most, stage.registers);
  return most;
}

int64_t KernelUse::spillBytes() const {
  int64_t sum = 0;
  for (const plan::KernelStage &stage : kernel->stages)
    sum += stage.spill_bytes;
  return sum;
}

std::vector<KernelUse> kernelUses(const plan::Target &target) {
  std::vector<KernelUse> uses;
  for (const plan::Kernel &kernel : target.kernels)
    uses.push_back({&kernel});
  for (const plan::Program &program : target.programs)
    for (const plan::Step &step : program.steps)
      ++uses[static_cast<size_t>(step.kernel)].steps;
  std::sort(uses.begin(), uses.end(), [](const KernelUse &a, const KernelUse &b) {
    return std::tie(a.kernel->family, a.kernel) < std::tie(b.kernel->family, b.kernel);
  });
  return uses;
}

std::string specText(const nlohmann::json &spec) {
  constexpr size_t shortList = 4;
  std::string text;
  for (const auto &[field, value] : spec.items()) {
    if (value == false)
      continue;
    text += (text.empty() ? "" : " ") + field;
    if (value == true)
      continue;
    text += '=';
    if (value.is_array() && value.size() > shortList)
      text += "(" + std::to_string(value.size()) + " values)";
    else
      text += value.is_string() ? value.get<std::string>() : value.dump();
  }
  return text;
}

} // namespace step37::report
