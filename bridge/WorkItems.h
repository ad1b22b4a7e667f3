// Independent items of work on threads of their own, with a regular call to report progress.
#pragma once

#include <cstdint>
#include <functional>

namespace step37 {

/// Called now and then while something is copied or compared.
using Progress = std::function<void(int64_t done, int64_t total)>;

/// Calls work(index, worker) for every index below `count` on `threads` new threads, `worker` being
/// the thread's number, and tick() on the calling thread several times a second and at the end. The
/// first exception of an item is thrown here; items that had not begun by then are left out. In
/// these threads a write beyond a limit on file sizes fails with EFBIG and raises no signal.
void runItems(int64_t count, int threads, const std::function<void(int64_t, int)> &work,
              const std::function<void()> &tick);

/// Threads for copying: one a core that this process may use, not more than 16, so that what all of
/// them hold in memory stays small.
int copyThreads();

} // namespace step37
