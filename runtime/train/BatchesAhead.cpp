// See BatchesAhead.h.
#include "runtime/train/BatchesAhead.h"

#include <utility>

namespace step37 {

BatchesAhead::BatchesAhead(Dataset &data, const TrainOptions &options, int64_t rows, int64_t seqLen)
    : data(data), seed(options.input.seed),
      current(static_cast<size_t>(options.grad_accumulation), Batch{TokenRows(rows, seqLen), {}}),
      next(current) {}

void BatchesAhead::draw(int64_t number, std::vector<Batch> &batches) {
  int64_t sample = (number - 1) * std::ssize(batches) * batches.front().tokens.rows;
  for (Batch &batch : batches) {
    batch.images.clear();
    for (int64_t row = 0; row < batch.tokens.rows; ++row)
      data.trainingRow(seed, sample++, batch, row);
  }
}

const std::vector<Batch> &BatchesAhead::of(int64_t number) {
  settle();
  if (drawing.valid() && nextNumber == number) {
    drawing.get();
    std::swap(current, next);
  } else {
    draw(number, current);
  }
  return current;
}

void BatchesAhead::begin(int64_t number) {
  settle();
  nextNumber = number;
  drawing = std::async(std::launch::async, [this, number] { draw(number, next); });
}

void BatchesAhead::settle() const {
  if (drawing.valid())
    drawing.wait();
}

} // namespace step37
