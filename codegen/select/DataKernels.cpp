// Steps of what makes or places values without arithmetic.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult copyColumns(KernelSelector &select, Operation *op, Value from, Value to) {
  auto type = cast<MemRefType>(from.getType());
  spec::CopyColumns spec{type.getDimSize(0), type.getDimSize(1), select.strideOf(from),
                         select.strideOf(to), dtypeOf(type.getElementType())};
  return select.launch(op, spec, {from, to});
}

LogicalResult lower(KernelSelector &select, ir::JoinColumnsOp op) {
  Value whole = select.out(op.getWhole());
  int64_t begin = 0;
  for (Value part : op.getParts()) {
    Value place = select.buffers.columns(op.getLoc(), whole, begin, dim(part, 1));
    if (failed(copyColumns(select, op, select.in(part), place)))
      return failure();
    begin += dim(part, 1);
  }
  return success();
}

LogicalResult lower(KernelSelector &select, ir::SplitColumnsOp op) {
  Value whole = select.in(op.getWhole());
  int64_t begin = 0;
  for (Value part : op.getParts()) {
    Value place = select.buffers.columns(op.getLoc(), whole, begin, dim(part, 1));
    if (failed(copyColumns(select, op, place, select.out(part))))
      return failure();
    begin += dim(part, 1);
  }
  return success();
}

LogicalResult lower(KernelSelector &select, ir::FillOp op) {
  return select.launch(op, spec::Fill{elements(op.getOut()), number(op.getValue())},
                       {select.out(op.getOut())});
}

} // namespace

void addDataKernels(KernelTable &table) {
  table.add<ir::JoinColumnsOp>(lower);
  table.add<ir::SplitColumnsOp>(lower);
  table.add<ir::FillOp>(lower);
}

} // namespace step37
