// The machine-readable log: one JSON object a step and line, keys step, loss, grad_norm, lr,
// tokens_per_s, nine significant digits.
#pragma once

#include "runtime/train/StepRecord.h"

#include <filesystem>
#include <fstream>

namespace step37 {

class JsonLines {
public:
  /// Opens `path` for the steps after `lastStep`. Lines of earlier steps stay as they are; what
  /// follows (steps that will be run again, a line cut short) is dropped first, so that the log of
  /// an interrupted and resumed run reads like that of one left alone. Throws Error.
  JsonLines(const std::filesystem::path &path, int64_t lastStep);

  /// Appends a line and flushes it. Throws Error.
  void write(const StepRecord &record);

private:
  std::filesystem::path path;
  std::ofstream out;
};

} // namespace step37
