// What the steps of every operation are made with: the buffers of its values, launches of specs and
// dense products. Which steps an operation becomes is in the topic files behind KernelTable.h.
#pragma once

#include "codegen/select/ProductSteps.h"

namespace step37 {

class KernelSelector {
public:
  KernelSelector(const TargetPolicy &policy, StepBuilder &steps, BufferAssignment &buffers)
      : buffers(buffers), products(policy, steps, buffers), steps(steps) {}

  /// The buffer of an operand.
  mlir::Value in(mlir::Value value) { return buffers.of(value); }
  /// The buffers of several.
  std::vector<mlir::Value> in(mlir::ValueRange values);
  /// The buffer that a result is written to.
  mlir::Value out(mlir::Value value) { return buffers.forResult(value); }
  /// The same for a value that may be null, which stays null.
  mlir::Value inIfAny(mlir::Value value) { return value ? in(value) : value; }
  mlir::Value outIfAny(mlir::Value value) { return value ? out(value) : value; }
  /// Distance of a matrix's rows in elements.
  int64_t strideOf(mlir::Value buffer) { return BufferAssignment::stride(buffer); }

  /// A step of `op` on these buffers, by the names of the spec's arguments. Fails where a buffer is
  /// a column range and the spec has no stride for it.
  template <class Spec>
  mlir::LogicalResult launch(mlir::Operation *op, const Spec &spec,
                             const typename Spec::template Operands<mlir::Value> &operands) {
    return launchInOrder(op, spec, spec::inOrder<mlir::Value>(spec, operands));
  }

  /// The gradient that a weight's gradient is added to: such a result exists nowhere else.
  mlir::FailureOr<GradientTarget> accumulated(mlir::Operation *op, mlir::Value gradient);
  /// The same for several weights. One kernel makes all their gradients, so that they begin alike:
  /// an error where they have different betas.
  mlir::FailureOr<llvm::SmallVector<GradientTarget>>
  accumulated(mlir::Operation *op, mlir::ArrayRef<mlir::Value> gradients);
  /// The same for a result that is absent where the weight is frozen.
  mlir::FailureOr<std::optional<GradientTarget>> accumulatedIfAny(mlir::Operation *op,
                                                                  mlir::Value gradient);

  /// A buffer for the spec's workspace; null where it has none.
  mlir::Value workspaceOf(mlir::Operation *op, const spec::KernelSpec &spec);

  BufferAssignment &buffers;
  ProductSteps products;

private:
  mlir::LogicalResult launchInOrder(mlir::Operation *op, const spec::KernelSpec &spec,
                                    mlir::ArrayRef<mlir::Value> arguments);

  StepBuilder &steps;
};

// Sizes and types of values, for the fields of specs.
int64_t dim(mlir::Value value, int64_t index);
int64_t elements(mlir::Value value);
DType dtype(mlir::Value value);
spec::ClampPosition clampOf(ir::ClampPosition position);
inline double number(const llvm::APFloat &value) { return value.convertToDouble(); }

} // namespace step37
