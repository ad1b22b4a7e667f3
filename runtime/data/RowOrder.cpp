// Shuffling of rows by epoch; see RowOrder.h.
#include "runtime/data/RowOrder.h"

#include "runtime/data/DataRandom.h"

#include <numeric>
#include <utility>

namespace step37 {

RowOrder::RowOrder(int64_t rows)
    : rows(rows), trainingRows(rows - rows / 10), firstHeldOut(rows < 10 ? 0 : trainingRows) {}

void RowOrder::shuffle(uint64_t seed, int64_t epoch) {
  order.resize(static_cast<size_t>(trainingRows));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size() - 1; i > 0; --i) // Fisher-Yates
    std::swap(order[i], order[randomBelow(seed, static_cast<uint64_t>(epoch), i, i + 1)]);
  orderEpoch = epoch;
  orderSeed = seed;
}

int64_t RowOrder::trainingRow(uint64_t seed, int64_t sample) {
  int64_t epoch = sample / trainingRows;
  if (epoch != orderEpoch || seed != orderSeed)
    shuffle(seed, epoch);
  return order[static_cast<size_t>(sample % trainingRows)];
}

std::string RowOrder::description() const {
  std::string held = firstHeldOut > 0 ? "the last " + std::to_string(heldOutRows()) + " held out"
                                      : std::string("too few to hold some out: all serve as both");
  return std::to_string(rows) + " rows, " + held;
}

} // namespace step37
