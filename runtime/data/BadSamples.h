// Samples of a data set that cannot be used: the first one ends the run, or they are left out, told
// and counted. Nothing ever takes their place.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace step37 {

enum class OnBadSample : uint8_t { stop, skip };

class BadSamples {
public:
  explicit BadSamples(OnBadSample policy) : policy(policy) {}

  /// Sample number `sample` cannot be used. Throws Error(message), or remembers it.
  void report(int64_t sample, const std::string &message);

  int64_t count() const { return static_cast<int64_t>(samples.size()); }

  /// Takes one line of text.
  using Say = std::function<void(const std::string &)>;

  /// Says of each sample that was reported since the last call why it was left out.
  void tell(const Say &say);
  /// That, and how many were left out in all.
  void conclude(const Say &say);

private:
  OnBadSample policy;
  std::set<int64_t> samples;
  std::vector<std::string> messages;
};

} // namespace step37
