// What kernel selection asks of a program before it starts: no value needs two places, since no
// step copies, and every argument and result says which buffer it is.
#pragma once

#include "dialects/step37/Step37Dialect.h"

namespace step37 {

/// Checks every program of the module; fails with an error at the operation at fault.
///
/// P1: a program is one block; arguments and results are tensors of static sizes with a
///     `step37.name`, arguments with a `step37.class` of "input" or "scalar".
/// P2: a name means one buffer in the whole module: one class and one type, and no symbol's name.
/// P3: `tensor.extract_slice` takes whole columns of a matrix, `tensor.concat` joins columns.
/// P4: what is returned, written or joined was computed by an operation, and goes to one place.
/// P5: no program reads a symbol that it changes.
mlir::LogicalResult checkPrograms(mlir::ModuleOp module);

} // namespace step37
