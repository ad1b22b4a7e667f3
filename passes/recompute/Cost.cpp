// Costs from what operations say of themselves (WorkOpInterface) and from their types.
#include "passes/recompute/Cost.h"

#include "dialects/step37/Step37Dialect.h"

using namespace mlir;

namespace step37 {
namespace {

// Operations of bf16 products that an H200 does while one byte moves: 990 TFLOP/s, 4.8 TB/s of
// memory, 478 GB/s of NVLink. They order what is computed again; nothing else depends on them.
constexpr double flopsOfMovedByte = 206, flopsOfSentByte = 2071;

int64_t bytesOfElement(Value tensor) {
  return llvm::divideCeil(cast<RankedTensorType>(tensor.getType()).getElementTypeBitWidth(), 8);
}

} // namespace

int64_t bytesOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getNumElements() * bytesOfElement(tensor);
}

double Cost::inFlops() const {
  return double(productFlops) + flopsOfMovedByte * double(movedBytes) +
         flopsOfSentByte * double(sentBytes);
}

Cost costOf(Operation *op) {
  Cost cost;
  for (Value operand : op->getOperands())
    cost.movedBytes += bytesOf(operand);
  for (Value result : op->getResults())
    cost.movedBytes += bytesOf(result);
  if (auto work = dyn_cast<ir::WorkOpInterface>(op)) {
    cost.productFlops = work.getProductFlops();
    if (int64_t sent = work.getSentElements())
      cost.sentBytes = sent * bytesOfElement(op->getOperand(0));
  }
  return cost;
}

} // namespace step37
