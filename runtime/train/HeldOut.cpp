// The held-out rows in batches of the plan; see HeldOut.h.
#include "runtime/train/HeldOut.h"
#include "runtime/train/BatchInputs.h"

#include "runtime/base/Error.h"
#include "runtime/plan/Names.h"

#include <algorithm>

namespace step37 {

double heldOutLoss(Model &model, Dataset &data, int64_t maxRows) {
  int64_t available = data.heldOutRows();
  int64_t evaluated = std::min(available, maxRows);
  double sum = 0, counted = 0;
  for (int64_t first = 0; first < evaluated; first += model.rows()) {
    Batch batch{TokenRows(model.rows(), model.seqLen()), {}};
    std::fill(batch.tokens.mask.begin(), batch.tokens.mask.end(), 0.0f); // of rows that stay empty
    for (int64_t row = 0; row < std::min(model.rows(), evaluated - first); ++row)
      data.heldOutRow((first + row) * available / evaluated, batch, row);
    writeBatch(model, batch.tokens, batch.images);
    model.run(plan::evaluateProgram);
    sum += model.readScalar(plan::names::lossSum);
    counted += batch.tokens.counted();
  }
  if (counted <= 0)
    throw Error(data.description() + ": the loss mask counts no held-out token");
  return sum / counted;
}

} // namespace step37
