// Windows of the rows that experts of a rank work on at once. All tokens of a group may choose one
// rank's experts; buffers are for a multiple of the mean, and rows beyond it are worked on in
// further windows of the same program.
#pragma once

#include "dialects/step37/Step37Dialect.h"

namespace step37 {

/// Rows of one window: `multiple` times the mean of `rows` over `ranks`, at most all of them.
int64_t rowsOfWindow(int64_t rows, int64_t ranks, double multiple);

/// Windows of so many rows each, the last one of the rest.
llvm::SmallVector<ir::LocalShapes::Window, 1> windowsOf(int64_t rows, int64_t rowsOfWindow);

/// The results of an operation that groups rows by expert, window by window: offsets and places of
/// slots within the window, and its part of the list of rows. One list of windows a result.
llvm::SmallVector<llvm::SmallVector<mlir::Value, 1>>
buildWindows(mlir::OpBuilder &builder, mlir::Location loc, const ir::ShardingRule &rule,
             mlir::ValueRange results, int64_t rowsOfWindow);

} // namespace step37
