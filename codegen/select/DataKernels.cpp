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
  return select.launch(op, spec, {.x = from, .out = to});
}

/// Calls copy(part, the columns of the whole that are its place) for each part.
LogicalResult forEachPart(KernelSelector &select, Location loc, Value whole, ValueRange parts,
                          function_ref<LogicalResult(Value, Value)> copy) {
  int64_t begin = 0;
  for (Value part : parts) {
    if (failed(copy(part, select.buffers.columns(loc, whole, begin, dim(part, 1)))))
      return failure();
    begin += dim(part, 1);
  }
  return success();
}

LogicalResult lower(KernelSelector &select, ir::JoinColumnsOp op) {
  return forEachPart(
      select, op.getLoc(), select.out(op.getWhole()), op.getParts(),
      [&](Value part, Value place) { return copyColumns(select, op, select.in(part), place); });
}

LogicalResult lower(KernelSelector &select, ir::SplitColumnsOp op) {
  return forEachPart(
      select, op.getLoc(), select.in(op.getWhole()), op.getParts(),
      [&](Value part, Value place) { return copyColumns(select, op, place, select.out(part)); });
}

LogicalResult lower(KernelSelector &select, ir::FillOp op) {
  return select.launch(op, spec::Fill{elements(op.getOut()), number(op.getValue())},
                       {.out = select.out(op.getOut())});
}

} // namespace

void addDataKernels(KernelTable &table) {
  table.add<ir::JoinColumnsOp>(lower);
  table.add<ir::SplitColumnsOp>(lower);
  table.add<ir::FillOp>(lower);
}

} // namespace step37
