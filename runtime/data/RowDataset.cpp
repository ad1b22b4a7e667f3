// Rows as they stand in the file; see RowDataset.h.
#include "runtime/data/RowDataset.h"

#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"

namespace step37 {

RowDataset::RowDataset(const std::filesystem::path &path, const TokenLimits &limits)
    : path(path), data(readTokenRows(path, limits)), order(data.rows) {
  if (data.counted() <= 0)
    throw Error(path.string() + ": loss_mask: counts no token behind the first of a row");
}

void RowDataset::trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) {
  batch.tokens.copyRow(row, data, order.trainingRow(seed, sample));
}

void RowDataset::heldOutRow(int64_t index, Batch &batch, int64_t row) {
  batch.tokens.copyRow(row, data, order.heldOutRow(index));
}

std::string RowDataset::description() const { return path.string() + ": " + order.description(); }

std::string RowDataset::sha256() const { return sha256Hex(MappedFile(path).bytes()); }

} // namespace step37
