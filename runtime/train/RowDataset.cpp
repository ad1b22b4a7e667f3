// Shuffling of rows by epoch; see RowDataset.h.
#include "runtime/train/RowDataset.h"

#include "runtime/file/Error.h"
#include "runtime/file/MappedFile.h"
#include "runtime/file/Sha256.h"
#include "runtime/train/DataRandom.h"

#include <numeric>
#include <utility>

namespace step37 {

RowDataset::RowDataset(const std::filesystem::path &path, const TokenLimits &limits)
    : path(path), data(readTokenRows(path, limits)) {
  int64_t heldOut = data.rows / 10;
  trainingRows = data.rows - heldOut;
  firstHeldOut = heldOut > 0 ? trainingRows : 0;
  if (data.counted() <= 0)
    throw Error(path.string() + ": loss_mask: counts no token behind the first of a row");
}

void RowDataset::shuffle(uint64_t seed, int64_t epoch) {
  order.resize(static_cast<size_t>(trainingRows));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size() - 1; i > 0; --i) // Fisher-Yates
    std::swap(order[i], order[randomBelow(seed, static_cast<uint64_t>(epoch), i, i + 1)]);
  orderEpoch = epoch;
  orderSeed = seed;
}

void RowDataset::trainingRow(uint64_t seed, int64_t sample, TokenRows &batch, int64_t row) {
  int64_t epoch = sample / trainingRows;
  if (epoch != orderEpoch || seed != orderSeed)
    shuffle(seed, epoch);
  batch.copyRow(row, data, order[static_cast<size_t>(sample % trainingRows)]);
}

void RowDataset::heldOutRow(int64_t index, TokenRows &batch, int64_t row) const {
  batch.copyRow(row, data, firstHeldOut + index);
}

std::string RowDataset::description() const {
  std::string held = firstHeldOut > 0 ? "the last " + std::to_string(heldOutRows()) + " held out"
                                      : std::string("too few to hold some out: all serve as both");
  return path.string() + ": " + std::to_string(data.rows) + " rows, " + held;
}

std::string RowDataset::sha256() const { return sha256Hex(MappedFile(path).bytes()); }

} // namespace step37
