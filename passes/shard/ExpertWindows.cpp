#include "passes/shard/ExpertWindows.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace step37 {

int64_t rowsOfWindow(int64_t rows, int64_t ranks, double multiple) {
  constexpr int64_t unit = 8;
  if (ranks == 1)
    return rows;
  auto wanted = int64_t(std::ceil(multiple * double(rows) / double(ranks)));
  return std::min(rows, int64_t(llvm::alignTo(std::max<int64_t>(wanted, 1), unit)));
}

SmallVector<ir::LocalShapes::Window, 1> windowsOf(int64_t rows, int64_t rowsOfWindow) {
  SmallVector<ir::LocalShapes::Window, 1> windows;
  for (int64_t first = 0; first < rows; first += rowsOfWindow)
    windows.push_back({first, std::min(rowsOfWindow, rows - first)});
  return windows;
}

SmallVector<SmallVector<Value, 1>> buildWindows(OpBuilder &builder, Location loc,
                                                const ir::ShardingRule &rule, ValueRange results,
                                                int64_t rowsOfWindow) {
  Value bounds, rows, slots;
  for (auto [result, dims] : llvm::zip_equal(results, rule.results)) {
    ir::Extent extent = dims[0].extent;
    (extent == ir::Extent::bounds ? bounds : extent == ir::Extent::rows ? rows : slots) = result;
  }
  int64_t all = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  SmallVector<SmallVector<Value, 1>> windows(results.size());
  for (auto [first, count] : windowsOf(all, rowsOfWindow)) {
    Value windowBounds = bounds, windowSlots = slots, windowRows = rows;
    if (count < all) {
      auto window = ir::ExpertWindowOp::create(builder, loc, bounds.getType(), slots.getType(),
                                               bounds, slots, first, count);
      windowBounds = window.getWindowOffsets();
      windowSlots = window.getWindowSlotRow();
      windowRows = tensor::ExtractSliceOp::create(
          builder, loc, rows, ArrayRef<OpFoldResult>{builder.getIndexAttr(first)},
          ArrayRef<OpFoldResult>{builder.getIndexAttr(count)},
          ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
    }
    for (auto [list, dims] : llvm::zip_equal(windows, rule.results)) {
      ir::Extent extent = dims[0].extent;
      list.push_back(extent == ir::Extent::bounds ? windowBounds
                     : extent == ir::Extent::rows ? windowRows
                                                  : windowSlots);
    }
  }
  return windows;
}

} // namespace step37
