// See ThreadPool.h.
#include "runtime/base/ThreadPool.h"

#include <algorithm>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace step37 {
namespace {

/// About ten microseconds: longer than the gap between two steps, shorter than what anyone notices.
constexpr int spins = 400;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// Returns once `state` is not `old`: spins, then sleeps.
int waitWhile(const std::atomic<int> &state, int old) {
  for (int i = 0; i < spins; ++i) {
    if (int now = state.load(std::memory_order_acquire); now != old)
      return now;
    pause();
  }
  state.wait(old, std::memory_order_acquire);
  return state.load(std::memory_order_acquire);
}

} // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  team.reserve(size_t(threads - 1));
  for (int worker = 1; worker < threads; ++worker) {
    team.push_back(std::make_unique<Member>());
    Member &member = *team.back();
    member.thread = std::thread([this, &member, worker] { serve(member, worker); });
  }
}

ThreadPool::~ThreadPool() {
  for (auto &member : team) {
    member->state.store(stopping, std::memory_order_release);
    member->state.notify_all();
  }
  for (auto &member : team)
    member->thread.join();
}

void ThreadPool::serve(Member &member, int worker) {
  while (true) {
    int state = waitWhile(member.state, idle);
    if (state == stopping)
      return;
    if (state == posted && member.state.compare_exchange_strong(state, working)) {
      work(worker);
      member.state.store(idle, std::memory_order_release);
      member.state.notify_all();
    }
  }
}

void ThreadPool::work(int worker) {
  while (true) {
    int64_t index = next.fetch_add(1, std::memory_order_relaxed);
    if (index >= count)
      return;
    try {
      call(callable, index, worker);
    } catch (...) {
      std::lock_guard lock(failureLock);
      if (!failure)
        failure = std::current_exception();
      next.store(count, std::memory_order_relaxed);
    }
  }
}

void ThreadPool::run(int64_t items, Call itemCall, const void *itemCallable) {
  if (items == 1 || team.empty()) {
    for (int64_t index = 0; index < items; ++index)
      itemCall(itemCallable, index, 0);
    return;
  }
  if (items <= 0)
    return;
  call = itemCall;
  callable = itemCallable;
  count = items;
  next.store(0, std::memory_order_relaxed);

  size_t helpers = std::min(team.size(), size_t(items - 1));
  for (size_t i = 0; i < helpers; ++i) {
    team[i]->state.store(posted, std::memory_order_release);
    team[i]->state.notify_all();
  }
  work(0);
  for (size_t i = 0; i < helpers; ++i) {
    std::atomic<int> &state = team[i]->state;
    int expected = posted;
    if (!state.compare_exchange_strong(expected, idle))
      while (waitWhile(state, working) == working)
        ;
  }
  if (failure)
    std::rethrow_exception(std::exchange(failure, nullptr));
}

} // namespace step37
