#include "codegen/cost/MemoryUse.h"

#include <algorithm>
#include <numeric>

namespace step37::report {

using plan::Buffer;
using plan::BufferClass;
using plan::BufferKind;
using plan::Target;

namespace {

int64_t &of(BytesByKind &bytes, BufferKind kind) { return bytes[static_cast<size_t>(kind)]; }

int64_t sum(const BytesByKind &bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t(0));
}

bool livesAt(const Buffer &buffer, int program, int step) {
  return buffer.cls == BufferClass::temporary && buffer.program == program &&
         buffer.first_step <= step && step <= buffer.last_step;
}

ProgramPeak programPeak(const Target &target, int program) {
  // Bytes that begin, less those that have ended, at each step.
  std::vector<int64_t> change(target.programs[static_cast<size_t>(program)].steps.size() + 1);
  ProgramPeak peak;
  for (const Buffer &buffer : target.buffers) {
    if (buffer.cls != BufferClass::temporary || buffer.program != program)
      continue;
    change[static_cast<size_t>(buffer.first_step)] += buffer.bytes();
    change[static_cast<size_t>(buffer.last_step) + 1] -= buffer.bytes();
    peak.end = std::max(peak.end, buffer.offset + buffer.bytes());
  }
  int64_t live = 0;
  for (size_t step = 0; step + 1 < change.size(); ++step) {
    live += change[step];
    if (live > peak.live_bytes) {
      peak.live_bytes = live;
      peak.step = static_cast<int>(step);
    }
  }
  return peak;
}

} // namespace

int64_t MemoryUse::lastingBytes() const { return sum(lasting); }

int64_t MemoryUse::bytes(BufferKind kind) const {
  return lasting[static_cast<size_t>(kind)] + temporary[static_cast<size_t>(kind)];
}

MemoryUse memoryUse(const Target &target) {
  MemoryUse use;
  for (const Buffer &buffer : target.buffers)
    if (buffer.cls != BufferClass::temporary)
      of(use.lasting, buffer.kind) += buffer.bytes();

  for (int program = 0; program < static_cast<int>(target.programs.size()); ++program) {
    const ProgramPeak &peak = use.programs.emplace_back(programPeak(target, program));
    const int64_t farthest =
        use.peak_program < 0 ? 0 : use.programs[static_cast<size_t>(use.peak_program)].end;
    if (peak.end > farthest)
      use.peak_program = program;
  }
  if (use.peak_program >= 0) {
    const int step = use.programs[static_cast<size_t>(use.peak_program)].step;
    for (const Buffer &buffer : target.buffers)
      if (livesAt(buffer, use.peak_program, step))
        of(use.temporary, buffer.kind) += buffer.bytes();
  }
  use.gaps = target.arena_bytes - sum(use.lasting) - sum(use.temporary);
  return use;
}

std::vector<int> liveTemporaries(const Target &target, int program, int step) {
  std::vector<int> live;
  for (int index = 0; index < static_cast<int>(target.buffers.size()); ++index)
    if (livesAt(target.buffers[static_cast<size_t>(index)], program, step))
      live.push_back(index);
  std::sort(live.begin(), live.end(), [&](int a, int b) {
    const int64_t first = target.buffers[static_cast<size_t>(a)].bytes(),
                  second = target.buffers[static_cast<size_t>(b)].bytes();
    return first != second ? first > second : a < b;
  });
  return live;
}

} // namespace step37::report
