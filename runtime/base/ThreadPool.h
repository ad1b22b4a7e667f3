// A fixed team of worker threads for loops of independent work items. Steps of a small model take
// microseconds, so an idle worker spins for a moment before it sleeps, and a loop that the caller
// has finished alone does not wait for workers that have not begun.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace step37 {

class ThreadPool {
public:
  /// `threads` threads in all, the caller of parallelFor included; 0: one a core that this process
  /// may use.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int threads() const { return int(team.size()) + 1; }

  /// Calls item(index) or item(index, worker) for every index in [0, count), on any worker and in
  /// any order, and returns when all are done. `worker` is in [0, threads()). What an item computes
  /// must not depend on the worker. The first exception of an item is thrown here; items that had
  /// not begun by then are left out. Not to be called from an item, nor by two threads at once.
  template <class Item> void parallelFor(int64_t count, Item &&item) {
    using Callable = std::remove_reference_t<Item>;
    run(
        count,
        [](const void *callable, int64_t index, int worker) {
          auto &call = *static_cast<Callable *>(const_cast<void *>(callable));
          if constexpr (std::is_invocable_v<Callable &, int64_t, int>)
            call(index, worker);
          else
            call(index);
        },
        &item);
  }

private:
  using Call = void (*)(const void *callable, int64_t index, int worker);

  /// A worker's mailbox: idle, or a loop is posted, or it works on it. The caller takes a posted
  /// loop back where nothing is left to do.
  enum State : int { idle, posted, working, stopping };
  struct alignas(64) Member {
    std::atomic<int> state = idle;
    std::thread thread;
  };

  void run(int64_t count, Call call, const void *callable);
  void serve(Member &member, int worker);
  void work(int worker);

  std::vector<std::unique_ptr<Member>> team;
  Call call = nullptr;
  const void *callable = nullptr;
  int64_t count = 0;
  alignas(64) std::atomic<int64_t> next = 0;
  std::mutex failureLock;
  std::exception_ptr failure;
};

} // namespace step37
