#include "runtime/report/MeshReport.h"

#include "codegen/spec/SpecJson.h"
#include "runtime/report/Quantities.h"
#include "runtime/report/TextTable.h"

#include <algorithm>
#include <cassert>

namespace step37::report {

namespace {

int64_t bytesSent(const spec::Collective &collective) {
  // Per rank `elements` of the whole for all but the all-reduce, whose whole it is.
  const int64_t bytes = collective.elements * byteSize(collective.type);
  const int64_t others = collective.ranks - 1;
  return collective.exchange == spec::Exchange::allReduce ? 2 * bytes / collective.ranks * others
                                                          : bytes * others;
}

/// Rows of the first windows, until there are as many as a rank owns.
int64_t bytesSent(const spec::CountedExchange &counted) {
  const int64_t rows = std::clamp<int64_t>(counted.own_rows - counted.first, 0, counted.rows);
  return rows * counted.cols * byteSize(counted.type) / counted.ranks * (counted.ranks - 1);
}

int64_t bytesSent(const spec::KernelSpec &spec) {
  if (const auto *counted = std::get_if<spec::CountedExchange>(&spec))
    return bytesSent(*counted);
  return bytesSent(std::get<spec::Collective>(spec));
}

} // namespace

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
      const int64_t bytes = bytesSent(spec);
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
