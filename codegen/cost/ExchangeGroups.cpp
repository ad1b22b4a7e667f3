#include "codegen/cost/ExchangeGroups.h"

#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"

#include <algorithm>
#include <cassert>

namespace step37::report {

StreamCounts streamCounts(const plan::Program &program) {
  StreamCounts counts;
  for (const plan::Step &step : program.steps) {
    counts.exchanges += step.stream;
    counts.waits += std::ssize(step.after);
  }
  return counts;
}

std::string axesText(const std::vector<std::string> &axes) {
  std::string text;
  for (const std::string &axis : axes)
    text += (text.empty() ? "" : " ") + axis;
  return text;
}

std::vector<ExchangeGroup> exchangeGroups(const plan::Target &target) {
  std::vector<ExchangeGroup> groups;
  for (const plan::Program &program : target.programs) {
    const size_t first = groups.size();
    for (const plan::Step &step : program.steps) {
      if (step.kind != plan::StepKind::collective)
        continue;
      const plan::Kernel &kernel = target.kernels[static_cast<size_t>(step.kernel)];
      const spec::KernelSpec spec = spec::parseSpec(kernel.family, kernel.spec);
      const auto ranks = spec::rankGroupOf(spec);
      assert(ranks && "collective steps have kernels that exchange");
      auto group = std::find_if(groups.begin() + static_cast<std::ptrdiff_t>(first), groups.end(),
                                [&](const ExchangeGroup &candidate) {
                                  return candidate.exchange == ranks->exchange &&
                                         candidate.axes == *ranks->axes;
                                });
      if (group == groups.end())
        group = groups.insert(
            group, {program.name, std::string(ranks->exchange), *ranks->axes, ranks->ranks});
      group->steps += 1;
      const int64_t bytes = spec::bytesSent(spec);
      group->bytes += bytes;
      group->empty += bytes == 0 && ranks->exchange == spec::countedExchange;
    }
  }
  return groups;
}

} // namespace step37::report
