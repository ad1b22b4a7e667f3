#include "codegen/select/KernelSelector.h"

#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {

std::vector<Value> KernelSelector::in(ValueRange values) {
  std::vector<Value> all;
  for (Value value : values)
    all.push_back(in(value));
  return all;
}

LogicalResult KernelSelector::launchInOrder(Operation *op, const spec::KernelSpec &spec,
                                            ArrayRef<Value> arguments) {
  // A column range is longer than its elements; without a stride the wrong ones would be read.
  for (auto [buffer, argument] : llvm::zip_equal(arguments, spec::arguments(spec)))
    if (planir::extent(cast<MemRefType>(buffer.getType())) != argument.elements)
      return op->emitOpError("has no kernel for '") << argument.name << "' as a column range";
  steps.stepInOrder(op->getLoc(), spec, arguments);
  return success();
}

FailureOr<GradientTarget> KernelSelector::accumulated(Operation *op, Value gradient) {
  if (std::optional<GradientTarget> target = buffers.takeGradientTarget(gradient))
    return *target;
  return op->emitOpError("has a parameter gradient that is not accumulated at once");
}

FailureOr<SmallVector<GradientTarget>> KernelSelector::accumulated(Operation *op,
                                                                   ArrayRef<Value> gradients) {
  SmallVector<GradientTarget> targets;
  for (Value gradient : gradients) {
    FailureOr<GradientTarget> target = accumulated(op, gradient);
    if (failed(target))
      return failure();
    targets.push_back(*target);
    if (target->beta != targets.front().beta)
      return op->emitOpError("has gradients of which one is added behind another use's");
  }
  return targets;
}

FailureOr<std::optional<GradientTarget>> KernelSelector::accumulatedIfAny(Operation *op,
                                                                          Value gradient) {
  if (!gradient)
    return std::optional<GradientTarget>();
  FailureOr<GradientTarget> target = accumulated(op, gradient);
  if (failed(target))
    return failure();
  return std::optional(*target);
}

Value KernelSelector::workspaceOf(Operation *op, const spec::KernelSpec &spec) {
  for (const spec::Argument &argument : spec::arguments(spec))
    if (argument.name == "workspace")
      return buffers.workspace(op->getLoc(), argument.elements, argument.type);
  return Value();
}

int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

int64_t elements(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

DType dtype(Value value) {
  return dtypeOf(cast<RankedTensorType>(value.getType()).getElementType());
}

spec::ClampPosition clampOf(ir::ClampPosition position) {
  return position == ir::ClampPosition::AfterSilu ? spec::ClampPosition::afterSilu
                                                  : spec::ClampPosition::beforeSilu;
}

} // namespace step37
