// Buffers that live at the same time and share bytes, found in O(n log n): buffers that live always
// once in the order of their offsets, each temporary against those, and each program's temporaries
// by a sweep over its steps.
#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <map>
#include <queue>

namespace step37::plan {

namespace {

/// Buffers in the arena that share no bytes, by offset.
class Occupied {
public:
  Occupied(const Target &target, const FieldPath &list) : target(target), list(list) {}

  /// Throws Error where buffer `index` shares bytes with one that is in here.
  void expectFree(size_t index) const {
    const Buffer &buffer = target.buffers[index];
    const auto next = byOffset.lower_bound(buffer.offset);
    if (next != byOffset.end() && next->first < buffer.offset + buffer.bytes())
      fail(index, next->second);
    if (next == byOffset.begin())
      return;
    const Buffer &before = target.buffers[std::prev(next)->second];
    if (before.offset + before.bytes() > buffer.offset)
      fail(index, std::prev(next)->second);
  }

  void add(size_t index) {
    expectFree(index);
    byOffset.emplace(target.buffers[index].offset, index);
  }

  void remove(size_t index) { byOffset.erase(target.buffers[index].offset); }

private:
  [[noreturn]] void fail(size_t index, size_t other) const {
    const auto range = [&](size_t i) {
      const Buffer &buffer = target.buffers[i];
      return "'" + buffer.name + "' [" + std::to_string(buffer.offset) + ", " +
             std::to_string(buffer.offset + buffer.bytes()) + ")";
    };
    const FieldPath entry = list.element(index);
    entry.field("offset").fail(range(index) + " overlaps " + range(other) +
                               ", which lives at the same time");
  }

  const Target &target;
  const FieldPath &list;
  std::map<int64_t, size_t> byOffset;
};

/// One program's temporaries: by first step in, after their last step out.
void sweep(const Target &target, std::vector<size_t> temporaries, const FieldPath &list) {
  const auto &buffers = target.buffers;
  std::sort(temporaries.begin(), temporaries.end(), [&](size_t a, size_t b) {
    return std::pair(buffers[a].first_step, a) < std::pair(buffers[b].first_step, b);
  });
  const auto endsLater = [&](size_t a, size_t b) {
    return buffers[a].last_step > buffers[b].last_step;
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(endsLater)> alive(endsLater);
  Occupied occupied(target, list);
  for (const size_t index : temporaries) {
    for (; !alive.empty() && buffers[alive.top()].last_step < buffers[index].first_step;
         alive.pop())
      occupied.remove(alive.top());
    occupied.add(index);
    alive.push(index);
  }
}

} // namespace

void checkOverlaps(const Target &target, const FieldPath &path) {
  const FieldPath list = path.field("buffers");
  Occupied always(target, list);
  for (size_t i = 0; i < target.buffers.size(); ++i)
    if (target.buffers[i].cls != BufferClass::temporary)
      always.add(i);
  std::vector<std::vector<size_t>> temporaries(target.programs.size());
  for (size_t i = 0; i < target.buffers.size(); ++i)
    if (target.buffers[i].cls == BufferClass::temporary) {
      always.expectFree(i);
      temporaries[static_cast<size_t>(target.buffers[i].program)].push_back(i);
    }
  for (std::vector<size_t> &ofProgram : temporaries)
    sweep(target, std::move(ofProgram), list);
}

} // namespace step37::plan
