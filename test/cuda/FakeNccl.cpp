// See FakeNccl.h.
#include "test/cuda/FakeNccl.h"

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr int groups = 16, ranks = 8;
constexpr size_t roomBytes = 4096;

/// From one rank to another: one message at a time.
struct Mailbox {
  std::atomic<bool> full;
  size_t bytes;
  std::byte room[roomBytes];

  void waitUntil(bool isFull) const {
    while (full != isFull)
      std::this_thread::yield();
  }
};

/// A group: how often its ranks have met, and what each has brought.
struct Group {
  std::atomic<int> arrivals;
  std::byte room[ranks][roomBytes];
  Mailbox boxes[ranks][ranks]; // by sender, then receiver
};

struct Shared {
  std::atomic<int> ids;
  Group groups[groups];
};

Shared *shared = nullptr;

struct Transfer {
  const void *from;
  void *to;
  size_t bytes;
  int peer;
};

struct Communicator {
  Group *group;
  int count, rank, meetings = 0;

  /// Waits for all ranks of the group.
  void meet() {
    ++meetings;
    ++group->arrivals;
    while (group->arrivals < meetings * count)
      std::this_thread::yield();
  }
  void bring(const void *from, size_t bytes) const { std::memcpy(group->room[rank], from, bytes); }
  const std::byte *of(int other) const { return group->room[other]; }
};

struct UniqueId {
  char bytes[128];
};

std::vector<Transfer> sends, receives;
Communicator *together = nullptr; // of the transfers

size_t sizeOf(int type) { return type == 9 ? 2 : 4; }

/// Sums of f32, from element `first` of what each rank has brought.
void sum(const Communicator &communicator, size_t first, size_t count, void *to) {
  for (size_t i = 0; i < count; ++i) {
    float total = 0;
    for (int rank = 0; rank < communicator.count; ++rank)
      total += reinterpret_cast<const float *>(communicator.of(rank))[first + i];
    static_cast<float *>(to)[i] = total;
  }
}

} // namespace

namespace step37::test {

void shareFakeNccl() {
  void *memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  shared = static_cast<Shared *>(memory);
}

} // namespace step37::test

extern "C" {

int ncclGetVersion(int *version) {
  *version = 29901;
  return 0;
}

int ncclGetUniqueId(UniqueId *id) {
  const int number = shared->ids++;
  std::memcpy(id->bytes, &number, sizeof number);
  return 0;
}

int ncclCommInitRank(Communicator **communicator, int count, UniqueId id, int rank) {
  int number = 0;
  std::memcpy(&number, id.bytes, sizeof number);
  *communicator = new Communicator{&shared->groups[number], count, rank};
  (*communicator)->meet();
  return 0;
}

int ncclCommDestroy(Communicator *communicator) {
  delete communicator;
  return 0;
}

int ncclCommGetAsyncError(Communicator *, int *error) {
  *error = 0;
  return 0;
}

const char *ncclGetErrorString(int) { return "an error"; }
const char *ncclGetLastError(Communicator *) { return ""; }

int ncclAllReduce(const void *from, void *to, size_t count, int type, int, Communicator *at,
                  void *) {
  at->bring(from, count * sizeOf(type));
  at->meet();
  sum(*at, 0, count, to);
  at->meet();
  return 0;
}

int ncclReduceScatter(const void *from, void *to, size_t count, int type, int, Communicator *at,
                      void *) {
  at->bring(from, count * sizeOf(type) * static_cast<size_t>(at->count));
  at->meet();
  sum(*at, count * static_cast<size_t>(at->rank), count, to);
  at->meet();
  return 0;
}

int ncclAllGather(const void *from, void *to, size_t count, int type, Communicator *at, void *) {
  const size_t bytes = count * sizeOf(type);
  at->bring(from, bytes);
  at->meet();
  for (int rank = 0; rank < at->count; ++rank)
    std::memcpy(static_cast<std::byte *>(to) + static_cast<size_t>(rank) * bytes, at->of(rank),
                bytes);
  at->meet();
  return 0;
}

int ncclGroupStart() {
  sends.clear();
  receives.clear();
  return 0;
}

int ncclSend(const void *from, size_t count, int type, int peer, Communicator *at, void *) {
  sends.push_back({from, nullptr, count * sizeOf(type), peer});
  together = at;
  return 0;
}

int ncclRecv(void *to, size_t count, int type, int peer, Communicator *at, void *) {
  receives.push_back({nullptr, to, count * sizeOf(type), peer});
  together = at;
  return 0;
}

/// Waits for those only that send something; fails where that is not what is expected.
int ncclGroupEnd() {
  auto &boxes = together->group->boxes;
  const int rank = together->rank;
  for (const Transfer &send : sends) {
    Mailbox &box = boxes[rank][send.peer];
    box.waitUntil(false);
    std::memcpy(box.room, send.from, send.bytes);
    box.bytes = send.bytes;
    box.full = true;
  }
  for (const Transfer &receive : receives) {
    Mailbox &box = boxes[receive.peer][rank];
    box.waitUntil(true);
    if (box.bytes != receive.bytes)
      return 3;
    std::memcpy(receive.to, box.room, receive.bytes);
    box.full = false;
  }
  return 0;
}

} // extern "C"
