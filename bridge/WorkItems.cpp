// A counter of items, and the caller asleep between its ticks.
#include "bridge/WorkItems.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <sched.h>
#include <thread>
#include <vector>

namespace step37 {

namespace {

constexpr std::chrono::milliseconds tickEvery{200};

class Crew {
public:
  Crew(int64_t count, const std::function<void(int64_t, int)> &work) : count(count), work(work) {}

  void run(int size, const std::function<void()> &tick) {
    running = size;
    std::vector<std::jthread> members;
    for (int i = 0; i < size; ++i)
      members.emplace_back([this, i] { serve(i); });
    std::unique_lock lock(mutex);
    while (!finished.wait_for(lock, tickEvery, [this] { return running == 0; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
    lock.unlock();
    members.clear();
    if (failure)
      std::rethrow_exception(failure);
    tick();
  }

private:
  void serve(int worker) {
    sigset_t fileSize;
    ::sigemptyset(&fileSize);
    ::sigaddset(&fileSize, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &fileSize, nullptr);
    try {
      for (int64_t index = next++; index < count; index = next++)
        work(index, worker);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure)
        failure = std::current_exception();
      next = count;
    }
    const std::scoped_lock lock(mutex);
    if (--running == 0)
      finished.notify_one();
  }

  const int64_t count;
  const std::function<void(int64_t, int)> &work;
  std::atomic<int64_t> next = 0;
  std::mutex mutex;
  std::condition_variable finished;
  int running = 0;
  std::exception_ptr failure;
};

} // namespace

void runItems(int64_t count, int threads, const std::function<void(int64_t, int)> &work,
              const std::function<void()> &tick) {
  const auto size = static_cast<int>(std::clamp<int64_t>(count, 1, std::max(threads, 1)));
  Crew(count, work).run(size, tick);
}

int copyThreads() {
  constexpr int most = 16;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int usable = ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return std::clamp(usable, 1, most);
}

} // namespace step37
