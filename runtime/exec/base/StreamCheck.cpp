// Temporaries that share bytes live at different times, which the plan's own check sees to; so here
// every buffer is looked at by itself.
#include "runtime/exec/base/StreamCheck.h"

#include "runtime/base/Error.h"
#include "runtime/exec/base/StepBinding.h"

#include <algorithm>
#include <array>
#include <map>
#include <ranges>

namespace step37 {
namespace {

struct Touch {
  int step;
  int64_t begin, end; // bytes
};

/// What the steps of one stream have done to a buffer so far.
struct History {
  std::vector<Touch> reads, writes;
};

/// The last of them that touches some of the same bytes, or −1.
int lastOverlap(const std::vector<Touch> &touches, const Touch &touch) {
  for (const Touch &other : std::views::reverse(touches))
    if (other.begin < touch.end && touch.begin < other.end)
      return other.step;
  return -1;
}

} // namespace

void checkStreams(const plan::Target &target, const plan::Program &program,
                  const std::vector<spec::KernelSpec> &specs) {
  const std::vector<plan::Step> &steps = program.steps;
  if (std::ranges::none_of(steps, [](const plan::Step &step) { return step.stream == 1; }))
    return;
  const std::vector<std::array<int, 2>> ended = endedBefore(steps);
  std::map<int, std::array<History, 2>> histories; // by buffer, of each stream
  for (size_t index = 0; index < steps.size(); ++index) {
    const plan::Step &step = steps[index];
    const auto own = static_cast<size_t>(step.stream), other = 1 - own;
    const spec::Arguments arguments = spec::arguments(specs[static_cast<size_t>(step.kernel)]);
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto [buffer, offset] = step.arguments[i];
      const Touch touch{static_cast<int>(index), offset,
                        offset + arguments[i].elements * byteSize(arguments[i].type)};
      std::array<History, 2> &history = histories[buffer];
      const bool writes = arguments[i].access != spec::Access::read;
      int earlier = lastOverlap(history[other].writes, touch);
      if (writes)
        earlier = std::max(earlier, lastOverlap(history[other].reads, touch));
      // Steps of a stream end in their order, so the last one decides.
      if (earlier > ended[index][other])
        throw Error(describeStep(program, index) + ": touches buffer " +
                    target.buffers[static_cast<size_t>(buffer)].name +
                    " without waiting for step " + std::to_string(earlier) +
                    " of the other stream");
      if (writes)
        history[own].writes.push_back(touch);
      if (arguments[i].access != spec::Access::write)
        history[own].reads.push_back(touch);
    }
  }
}

} // namespace step37
