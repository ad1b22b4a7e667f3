// The batches of training steps, of which the next step's are drawn (pictures decoded and cut)
// while the current one runs. What a step gets does not depend on when it was drawn.
#pragma once

#include "runtime/data/Dataset.h"
#include "runtime/train/Options.h"

#include <future>
#include <vector>

namespace step37 {

class BatchesAhead {
public:
  /// Batches of `rows` rows of `seqLen` tokens, as many a step as the options say. `data` outlives
  /// this.
  BatchesAhead(Dataset &data, const TrainOptions &options, int64_t rows, int64_t seqLen);

  /// The batches of step `number` (1 …), valid until the next call. Throws what drawing them threw.
  const std::vector<Batch> &of(int64_t number);

  /// Begins to draw those of step `number` on another thread, which uses the data until `settle`
  /// has returned.
  void begin(int64_t number);
  void settle() const;

private:
  void draw(int64_t number, std::vector<Batch> &batches);

  Dataset &data;
  const uint64_t seed;
  std::vector<Batch> current, next;
  int64_t nextNumber = 0;
  std::future<void> drawing; // of `next`; last, so that its end is waited for first
};

} // namespace step37
