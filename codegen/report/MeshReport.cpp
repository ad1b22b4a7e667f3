#include "codegen/report/MeshReport.h"

#include "codegen/cost/ExchangeGroups.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/TextTable.h"

namespace step37::report {

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
