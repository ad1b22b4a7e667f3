#include "frontend/config/Switches.h"

#include "runtime/file/Error.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace step37 {
namespace {

const Switch &find(std::string_view key) {
  std::span<const Switch> table = switchTable();
  auto found =
      std::find_if(table.begin(), table.end(), [&](const Switch &s) { return s.key == key; });
  if (found == table.end())
    throw Error("--set: unknown key '" + std::string(key) + "'; --list-set prints the keys");
  return *found;
}

} // namespace

std::span<const Switch> switchTable() {
  static const std::vector<Switch> table = {
      {"window_keys",
       {},
       "keys that a sliding query sees, its own included (config's sliding_window)"},
      {"rope_scaling",
       {"on", "off"},
       "llama3 smoothing of RoPE on the layer types it is configured for"},
      {"clamp_position", {"after_silu", "before_silu"}, "where SwiGLU's clamp of the gate sits"},
  };
  return table;
}

SwitchValues::SwitchValues() {
  for (const Switch &entry : switchTable())
    if (!entry.values.empty())
      values.emplace(entry.key, entry.values.front());
}

void SwitchValues::set(std::string_view assignment) {
  size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    throw Error("--set " + std::string(assignment) + ": expected key=value");
  std::string_view key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  const Switch &entry = find(key);
  if (entry.values.empty()) {
    int64_t number = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number <= 0 ||
        number > INT32_MAX)
      throw Error("--set " + std::string(key) + ": '" + std::string(value) +
                  "' is not an integer from 1 to " + std::to_string(INT32_MAX));
  } else if (std::find(entry.values.begin(), entry.values.end(), value) == entry.values.end()) {
    std::string accepted;
    for (std::string_view word : entry.values)
      accepted += (accepted.empty() ? "" : ", ") + std::string(word);
    throw Error("--set " + std::string(key) + ": '" + std::string(value) + "' is not one of " +
                accepted);
  }
  values[std::string(key)] = value;
}

const std::string &SwitchValues::word(std::string_view key) const {
  return values.find(key)->second;
}

int64_t SwitchValues::integerOr(std::string_view key, int64_t otherwise) const {
  auto found = values.find(key);
  return found == values.end() ? otherwise : std::stoll(found->second);
}

} // namespace step37
