// A line on the terminal: how far a copy is, bytes a second, time left.
#pragma once

#include <chrono>
#include <cstdint>

namespace step37 {

class ProgressBar {
public:
  /// `verb`: "import", "export", "verify". Draws on standard error, and only if that is a terminal.
  explicit ProgressBar(const char *verb);
  /// Ends the line if one was drawn.
  ~ProgressBar();
  ProgressBar(const ProgressBar &) = delete;
  ProgressBar &operator=(const ProgressBar &) = delete;

  void update(int64_t done, int64_t total);

private:
  const char *verb;
  std::chrono::steady_clock::time_point began;
  bool enabled, drawn = false;
};

} // namespace step37
