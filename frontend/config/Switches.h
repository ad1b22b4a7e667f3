// The switches of `--set key=value`: where public implementations of the model disagree and a user
// may choose (docs/model.md, section H). One table serves parsing, `--list-set` and `show`.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// What a switch takes: one of its words, a positive integer, or a number from 0 on.
enum class SwitchKind : uint8_t { word, count, factor };

struct Switch {
  std::string_view key;
  SwitchKind kind;
  std::vector<std::string_view> values; // of words, the default first
  std::string_view meaning;
};

/// All switches, in the order in which they are listed.
std::span<const Switch> switchTable();

/// Values by key. Starts with the default of every switch of words; the others are absent at first.
class SwitchValues {
public:
  SwitchValues();

  /// Takes "key=value". Throws Error naming what is accepted.
  void set(std::string_view assignment);

  /// The word of a switch.
  const std::string &word(std::string_view key) const;

  /// The integer of a switch, or `otherwise` where none was given.
  int64_t integerOr(std::string_view key, int64_t otherwise) const;

  /// Sets a factor that was not given, so that it is on record with the others.
  void setDefault(std::string_view key, double factor);

  const std::map<std::string, std::string, std::less<>> &all() const { return values; }

private:
  std::map<std::string, std::string, std::less<>> values;
};

} // namespace step37
