#include "frontend/config/Switches.h"

#include "runtime/base/Error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

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

/// The whole text as a number of this type.
template <class Number> std::optional<Number> parse(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

void check(const Switch &entry, std::string_view value) {
  std::string accepted;
  switch (entry.kind) {
  case SwitchKind::word:
    if (std::find(entry.values.begin(), entry.values.end(), value) != entry.values.end())
      return;
    for (std::string_view word : entry.values)
      accepted += (accepted.empty() ? "one of " : ", ") + std::string(word);
    break;
  case SwitchKind::count:
    if (auto number = parse<int64_t>(value); number && *number > 0 && *number <= INT32_MAX)
      return;
    accepted = "an integer from 1 to " + std::to_string(INT32_MAX);
    break;
  case SwitchKind::factor:
    if (auto number = parse<double>(value); number && std::isfinite(*number) && *number >= 0)
      return;
    accepted = "a finite number from 0 on";
    break;
  }
  throw Error("--set " + std::string(entry.key) + ": '" + std::string(value) + "' is not " +
              accepted);
}

} // namespace

std::span<const Switch> switchTable() {
  static const std::vector<Switch> table = {
      {"window_keys",
       SwitchKind::count,
       {},
       "keys that a sliding query sees, its own included (config's sliding_window)"},
      {"rope_scaling",
       SwitchKind::word,
       {"on", "off"},
       "llama3 smoothing of RoPE on the layer types it is configured for"},
      {"clamp_position",
       SwitchKind::word,
       {"after_silu", "before_silu"},
       "where SwiGLU's clamp of the gate sits"},
      {"mtp_hidden",
       SwitchKind::word,
       {"pre_norm", "post_norm"},
       "hidden state that a depth of multi-token prediction takes: before or behind the last norm"},
      {"mtp_head",
       SwitchKind::word,
       {"own", "shared"},
       "output heads of multi-token prediction: their own, or the model's"},
      {"mtp_factor",
       SwitchKind::factor,
       {},
       "what the loss of each depth of multi-token prediction counts (0.1 / number of depths)"},
      {"vision_rope",
       SwitchKind::word,
       {"column_first", "row_first"},
       "whose angles come first in a head of the vision tower"},
      {"image_mismatch",
       SwitchKind::word,
       {"error", "truncate"},
       "image tokens and features that do not match: refused, or cut to what both have"},
      {"image_start_id",
       SwitchKind::count,
       {},
       "token before an image's features, with patch_start_id: features go behind these tokens, "
       "crops first, instead of to every image token in order"},
      {"patch_start_id",
       SwitchKind::count,
       {},
       "token before a crop's features, with image_start_id"},
  };
  return table;
}

SwitchValues::SwitchValues() {
  for (const Switch &entry : switchTable())
    if (entry.kind == SwitchKind::word)
      values.emplace(entry.key, entry.values.front());
}

void SwitchValues::set(std::string_view assignment) {
  size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    throw Error("--set " + std::string(assignment) + ": expected key=value");
  std::string_view key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  const Switch &entry = find(key);
  check(entry, value);
  values[std::string(key)] = value;
}

const std::string &SwitchValues::word(std::string_view key) const {
  return values.find(key)->second;
}

int64_t SwitchValues::integerOr(std::string_view key, int64_t otherwise) const {
  auto found = values.find(key);
  return found == values.end() ? otherwise : std::stoll(found->second);
}

void SwitchValues::setDefault(std::string_view key, double factor) {
  std::array<char, 32> text; // the shortest that reads back the same
  char *end = std::to_chars(text.data(), text.data() + text.size(), factor).ptr;
  values.try_emplace(std::string(key), text.data(), end);
}

} // namespace step37
