#include "codegen/select/KernelTable.h"

using namespace mlir;

namespace step37 {

KernelTable::KernelTable() {
  addLayerKernels(*this);
  addAttentionKernels(*this);
  addExpertKernels(*this);
  addDataKernels(*this);
  addLossKernels(*this);
  addUpdateKernels(*this);
  addMeshKernels(*this);
  addVisionKernels(*this);
}

LogicalResult KernelTable::lower(KernelSelector &select, Operation *op) const {
  // Buffers and views, no work.
  if (isa<ir::ReadOp, ir::WriteOp, tensor::ExtractSliceOp, tensor::ConcatOp, func::ReturnOp>(op))
    return success();
  auto function = functions.find(op->getName().getTypeID());
  if (function == functions.end())
    return op->emitOpError("has no kernel");
  return function->second(select, op);
}

} // namespace step37
