// What ptxas -v says of every entry point: the numbers that decide occupancy, and spills, which no
// fast kernel may have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

struct EntryReport {
  std::string name;
  int64_t registers = 0, spillStores = 0, spillLoads = 0, stack = 0,
          sharedBytes = 0; // bytes but registers
  bool serialized = false; // wgmma products wait for one another, as ptxas has warned
};

/// Reads a log of ptxas -v; entries in the order in which they appear.
std::vector<EntryReport> parsePtxasReport(std::string_view log);

} // namespace step37
