// Verifiers of what places values without arithmetic.
#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {
namespace {

/// C1 of `join_columns` and `split_columns`.
LogicalResult verifyColumns(Operation *op, Value whole, ValueRange parts) {
  int64_t columns = 0;
  bool rowsMatch = true;
  for (Value part : parts) {
    columns += cols(part);
    rowsMatch &= rows(part) == rows(whole);
  }
  return require(
      op, parts.size() > 1 && rowsMatch && sameElement(whole, parts) && columns == cols(whole),
      "C1",
      "two or more parts must have the rows and element type of the whole, and together "
      "its columns");
}

} // namespace

LogicalResult JoinColumnsOp::verify() { return verifyColumns(*this, getWhole(), getParts()); }

LogicalResult SplitColumnsOp::verify() { return verifyColumns(*this, getWhole(), getParts()); }

LogicalResult FillOp::verify() {
  return require(*this, getValue().isFinite(), "C1", "the value must be finite");
}

} // namespace step37::ir
