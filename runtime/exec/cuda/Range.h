// A named stretch of time on this thread, for tools that draw them (NVTX). Without such a tool
// attached it costs nothing.
#pragma once

namespace step37::cuda {

class Range {
public:
  explicit Range(const char *name);
  ~Range();
  Range(const Range &) = delete;
  Range &operator=(const Range &) = delete;
};

} // namespace step37::cuda
