#include "runtime/report/MeshReport.h"

#include "codegen/spec/SpecJson.h"
#include "codegen/spec/Work.h"
#include "runtime/report/Quantities.h"
#include "runtime/report/TextTable.h"

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

std::string exchangeText(const plan::Target &target) {
  const std::vector<ExchangeGroup> groups = exchangeGroups(target);
  if (groups.empty())
    return {};
  TextTable table("lllrrrr");
  table.add({"program", "exchange", "axes", "ranks", "steps", "bytes sent"});
  for (const ExchangeGroup &group : groups)
    table.add({group.program, group.exchange, axesText(group.axes), grouped(group.ranks),
               grouped(group.steps), grouped(group.bytes), readableBytes(group.bytes)});
  return "\nExchange between ranks, target " + target.name + ", a rank and run\n" + table.text();
}

} // namespace step37::report
