// What a run tells a person: notes, one line a step (redrawn in place on a terminal, with the time
// left), and the last line. The machine-readable log is JsonLines.h.
#pragma once

#include "runtime/train/StepRecord.h"

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace step37 {

class RunLog {
public:
  enum class Style : uint8_t { plain, terminal, quiet };

  RunLog(std::ostream &out, Style style) : out(out), style(style) {}
  /// Ends a line that was drawn in place, so that an error stands on its own.
  ~RunLog();
  RunLog(const RunLog &) = delete;
  RunLog &operator=(const RunLog &) = delete;

  /// Something said once. Not printed when quiet.
  void note(const std::string &text);

  /// Steps `first` … `last` are about to run: the clock of the time left starts.
  void begin(int64_t first, int64_t last);
  void step(const StepRecord &record);

  /// "held-out loss X" at a moment of the run ("step 100 "), or, without one, as its result: the
  /// one line that is printed when quiet too.
  void heldOut(const std::string &moment, double loss);

private:
  void line(const std::string &text);

  std::ostream &out;
  Style style;
  bool redrawn = false; // the cursor stands behind a line that may be drawn over
  int64_t firstStep = 1, lastStep = 0;
  std::chrono::steady_clock::time_point started;
};

} // namespace step37
