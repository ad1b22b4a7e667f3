// Which row of a data set is which sample: the last tenth is held out, and every epoch sees each of
// the others once, in an order of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace step37 {

class RowOrder {
public:
  /// Of `rows` rows, at least one; fewer than ten serve as both training and held-out rows.
  explicit RowOrder(int64_t rows);

  /// The row that training sees as `sample`: a function of seed and sample only.
  int64_t trainingRow(uint64_t seed, int64_t sample);

  int64_t heldOutRows() const { return rows - firstHeldOut; }
  int64_t heldOutRow(int64_t index) const { return firstHeldOut + index; }

  /// For the log: "25 rows, the last 2 held out".
  std::string description() const;

private:
  void shuffle(uint64_t seed, int64_t epoch);

  int64_t rows, trainingRows, firstHeldOut;
  std::vector<int64_t> order; // of the training rows in `orderEpoch` of `orderSeed`
  int64_t orderEpoch = -1;
  uint64_t orderSeed = 0;
};

} // namespace step37
