// Which buffer a value of a step37 program lives in. What a value's users say decides: a result of
// the program is an output, a value written to a state is that state, a column range of a
// concatenation is a view of it, a gradient that is only accumulated is the gradient itself; all
// else is a temporary. Rows of a matrix that others have column ranges of (packed projections)
// begin at multiples of 16 bytes, which kernels that copy rows asynchronously need.
#pragma once

#include "codegen/select/StepBuilder.h"
#include "dialects/step37/Step37Dialect.h"

namespace step37 {

/// Where a parameter's gradient is accumulated, and the slot that says whether it starts at zero.
struct GradientTarget {
  mlir::Value gradient, beta;
};

class BufferAssignment {
public:
  BufferAssignment(mlir::ModuleOp module, StepBuilder &steps) : symbols(module), steps(steps) {}

  /// Declares the buffers of all parameters and states.
  void declareSymbols();

  /// Starts a function: binds its arguments.
  void beginProgram(mlir::func::FuncOp function);

  /// The buffer of a value that was computed (or is an argument, read, or slice of such).
  mlir::Value of(mlir::Value value);

  /// The buffer that an operation's result is written to.
  mlir::Value forResult(mlir::Value result);

  /// Says that a value is the rank's index along these axes.
  void setCoordinate(mlir::Value value, mlir::ArrayAttr axes) {
    buffers[value] = steps.coordinate(axes);
  }

  /// A scratch buffer of one step.
  mlir::Value workspace(mlir::Location loc, int64_t elements, DType type);

  /// A scratch matrix of a few steps.
  mlir::Value matrix(mlir::Location loc, int64_t rows, int64_t cols, DType type);

  /// Rows [begin, begin+count) of a buffer: of a matrix, or elements of a list.
  mlir::Value rows(mlir::Value buffer, int64_t begin, int64_t count);

  /// Columns [begin, begin+cols) of a matrix.
  mlir::Value columns(mlir::Location loc, mlir::Value source, int64_t begin, int64_t cols);

  /// The target if the value's only user accumulates it into a gradient: whoever asks writes the
  /// value there.
  std::optional<GradientTarget> takeGradientTarget(mlir::Value value);
  /// Whether somebody took the value's target, so that nothing is left to accumulate.
  bool isAccumulated(mlir::Value value) const { return accumulated.contains(value); }

  /// The buffer of a parameter or state.
  mlir::Value symbol(llvm::StringRef name);

  ir::ParameterOp parameter(llvm::StringRef name) { return symbols.lookup<ir::ParameterOp>(name); }

  /// Distance of a matrix's rows in elements.
  static int64_t stride(mlir::Value buffer);

private:
  mlir::Value concatenation(mlir::tensor::ConcatOp concat);
  /// A new buffer; with `rowGaps` those who use it take a matrix whose rows are longer than its
  /// columns.
  mlir::Value temporary(mlir::Value value, bool rowGaps);

  mlir::SymbolTable symbols;
  StepBuilder &steps;
  mlir::DenseMap<mlir::Value, mlir::Value> buffers;
  mlir::DenseSet<mlir::Value> accumulated;
};

} // namespace step37
