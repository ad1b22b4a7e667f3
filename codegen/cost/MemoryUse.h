// What a target's arena is made of. Lasting buffers are there all the time; temporaries share the
// bytes behind them, and the program that needs most of those decides the arena's size.
#pragma once

#include "runtime/plan/Plan.h"

#include <array>
#include <vector>

namespace step37::report {

/// Bytes of each BufferKind.
using BytesByKind = std::array<int64_t, plan::bufferKindCount>;

/// The step of a program at which most bytes of its temporaries are live; the first one of several.
struct ProgramPeak {
  int step = -1;          // -1: the program has no temporaries
  int64_t live_bytes = 0; // of temporaries at that step
  int64_t end = 0;        // where the program's temporaries end in the arena
};

struct MemoryUse {
  std::vector<ProgramPeak> programs; // one a program of the target
  int peak_program = -1;             // whose temporaries reach farthest; -1 without temporaries
  BytesByKind lasting{};             // of buffers that are not temporary
  BytesByKind temporary{};           // of what is live at the peak step of the peak program
  int64_t gaps = 0;                  // the rest of the arena: alignment, and holes between buffers

  int64_t lastingBytes() const;
  /// Both of a kind. Over all kinds, and with the gaps, these add up to the arena.
  int64_t bytes(plan::BufferKind kind) const;
};

MemoryUse memoryUse(const plan::Target &target);

/// Temporaries that live at a step, the largest first; as indices of buffers.
std::vector<int> liveTemporaries(const plan::Target &target, int program, int step);

} // namespace step37::report
