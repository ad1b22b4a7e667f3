#include "codegen/nvrtc/PtxasReport.h"

#include <charconv>
#include <set>

namespace step37 {
namespace {

/// The number that stands before `unit` in a line, or 0.
int64_t numberBefore(std::string_view line, std::string_view unit) {
  size_t at = line.find(unit);
  if (at == std::string_view::npos)
    return 0;
  size_t end = line.find_last_of("0123456789", at);
  size_t begin = line.find_last_not_of("0123456789", end);
  int64_t value = 0;
  std::from_chars(line.data() + begin + 1, line.data() + end + 1, value);
  return value;
}

} // namespace

std::vector<EntryReport> parsePtxasReport(std::string_view log) {
  std::vector<EntryReport> entries;
  std::set<std::string> serialized;
  while (!log.empty()) {
    size_t end = log.find('\n');
    std::string_view line = log.substr(0, end);
    log = end == std::string_view::npos ? std::string_view() : log.substr(end + 1);
    // Warnings stand before all entries and end with "in the function 'name'".
    if (line.find("instructions are serialized") != std::string_view::npos) {
      std::string_view rest = line.substr(0, line.rfind('\''));
      serialized.emplace(rest.substr(rest.rfind('\'') + 1));
    }
    constexpr std::string_view opening = "Compiling entry function '";
    if (size_t at = line.find(opening); at != std::string_view::npos) {
      std::string_view rest = line.substr(at + opening.size());
      std::string name(rest.substr(0, rest.find('\'')));
      entries.push_back({name, 0, 0, 0, 0, 0, serialized.contains(name)});
    } else if (!entries.empty() && line.find("bytes stack frame") != std::string_view::npos) {
      entries.back().stack = numberBefore(line, " bytes stack frame");
      entries.back().spillStores = numberBefore(line, " bytes spill stores");
      entries.back().spillLoads = numberBefore(line, " bytes spill loads");
    } else if (!entries.empty() && line.find("Used ") != std::string_view::npos) {
      entries.back().registers = numberBefore(line, " registers");
      entries.back().sharedBytes = numberBefore(line, " bytes smem");
    }
  }
  return entries;
}

} // namespace step37
