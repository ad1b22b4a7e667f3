#include "passes/shard/Resharding.h"

using namespace mlir;

namespace step37 {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The type with `rows` rows.
RankedTensorType withRows(RankedTensorType type, int64_t rows) {
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = rows;
  return type.clone(shape);
}

/// Number of axes at the front that both have.
size_t commonPrefix(ArrayRef<int> a, ArrayRef<int> b) {
  size_t count = 0;
  while (count < a.size() && count < b.size() && a[count] == b[count])
    ++count;
  return count;
}

} // namespace

FailureOr<Value> Resharder::reshard(OpBuilder &builder, Location loc, Value value, Sharding from,
                                    const Sharding &to) const {
  if (from == to)
    return value;
  for (size_t i = 1; i < from.dims.size(); ++i)
    if (from.dims[i].axes != to.dims[i].axes)
      return emitError(loc, "dimension ")
             << i << " of " << value.getType() << " would have to be exchanged between ranks";
  if (from.dims[0].second || to.dims[0].second)
    return emitError(loc, "rows of experts would have to be exchanged between ranks");
  Axes &own = from.dims[0].axes;
  const Axes &wanted = to.dims[0].axes;

  // Sums that `to` wants in parts are scattered, the others are the same everywhere.
  Axes scattered;
  if (commonPrefix(own, wanted) == own.size())
    for (int axis : ArrayRef(wanted).drop_front(own.size())) {
      if (!llvm::is_contained(from.partial, axis))
        break;
      scattered.push_back(axis);
    }
  if (!scattered.empty()) {
    value = reduceScatter(builder, loc, value, scattered);
    llvm::append_range(own, scattered);
    llvm::erase_if(from.partial, [&](int axis) { return llvm::is_contained(scattered, axis); });
    mesh.markPartial(value, from);
  }
  Axes summed;
  for (int axis : from.partial)
    if (!llvm::is_contained(to.partial, axis))
      summed.push_back(axis);
  if (!summed.empty()) {
    value = allReduce(builder, loc, value, summed);
    llvm::erase_if(from.partial, [&](int axis) { return llvm::is_contained(summed, axis); });
    mesh.markPartial(value, from);
  }

  size_t common = commonPrefix(own, wanted);
  if (common < own.size()) {
    value = allGather(builder, loc, value, ArrayRef(own).drop_front(common));
    mesh.markPartial(value, from);
  }
  if (common < wanted.size()) {
    value = ownRows(builder, loc, value, ArrayRef(wanted).drop_front(common));
    mesh.markPartial(value, from);
  }
  return value;
}

Value Resharder::coordinate(OpBuilder &builder, Location loc, ArrayRef<int> axes) const {
  auto type = RankedTensorType::get({1}, builder.getI32Type());
  return ir::CoordinateOp::create(builder, loc, type, mesh.names(builder.getContext(), axes));
}

Value Resharder::allGather(OpBuilder &builder, Location loc, Value value,
                           ArrayRef<int> axes) const {
  int64_t ranks = mesh.ways(axes);
  RankedTensorType type = typeOf(value);
  return ir::AllGatherOp::create(builder, loc, withRows(type, type.getDimSize(0) * ranks), value,
                                 mesh.names(builder.getContext(), axes), ranks);
}

Value Resharder::reduceScatter(OpBuilder &builder, Location loc, Value value,
                               ArrayRef<int> axes) const {
  int64_t ranks = mesh.ways(axes);
  RankedTensorType type = typeOf(value);
  return ir::ReduceScatterOp::create(builder, loc, withRows(type, type.getDimSize(0) / ranks),
                                     value, mesh.names(builder.getContext(), axes), ranks);
}

Value Resharder::allReduce(OpBuilder &builder, Location loc, Value value,
                           ArrayRef<int> axes) const {
  return ir::AllReduceOp::create(builder, loc, value.getType(), value,
                                 mesh.names(builder.getContext(), axes), mesh.ways(axes));
}

Value Resharder::ownRows(OpBuilder &builder, Location loc, Value value, ArrayRef<int> axes) const {
  RankedTensorType type = typeOf(value);
  return ir::TakeRowsOp::create(builder, loc, withRows(type, type.getDimSize(0) / mesh.ways(axes)),
                                value, coordinate(builder, loc, axes), /*parts=*/1);
}

} // namespace step37
