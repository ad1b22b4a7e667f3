#include "passes/shard/Sharding.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37 {

std::optional<MeshAxes> MeshAxes::of(ModuleOp module) {
  auto attribute = module->getAttrOfType<ArrayAttr>(MeshAxes::attribute);
  if (!attribute)
    return std::nullopt;
  MeshAxes mesh;
  for (auto axis : attribute.getAsRange<ArrayAttr>())
    mesh.add(cast<StringAttr>(axis[0]).getValue(), cast<IntegerAttr>(axis[1]).getInt());
  return mesh;
}

ArrayAttr MeshAxes::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<Attribute> axes;
  for (const auto &[name, size] : list)
    axes.push_back(
        builder.getArrayAttr({builder.getStringAttr(name), builder.getI64IntegerAttr(size)}));
  return builder.getArrayAttr(axes);
}

int MeshAxes::find(StringRef name) const {
  for (auto [index, axis] : llvm::enumerate(list))
    if (axis.first == name)
      return int(index);
  return -1;
}

int64_t MeshAxes::ways(ArrayRef<int> axes) const {
  int64_t product = 1;
  for (int axis : axes)
    product *= list[axis].second;
  return product;
}

ArrayAttr MeshAxes::names(MLIRContext *context, ArrayRef<int> axes) const {
  SmallVector<StringRef> names;
  for (int axis : axes)
    names.push_back(list[axis].first);
  return Builder(context).getStrArrayAttr(names);
}

Axes MeshAxes::parse(ArrayAttr names) const {
  Axes axes;
  for (auto name : names.getAsRange<StringAttr>())
    axes.push_back(find(name.getValue()));
  return axes;
}

ArrayAttr MeshAxes::split(MLIRContext *context, const Sharding &sharding) const {
  SmallVector<Attribute> dims;
  for (const DimSharding &dim : sharding.dims)
    dims.push_back(names(context, dim.axes));
  return ArrayAttr::get(context, dims);
}

Sharding MeshAxes::parseSplit(ArrayAttr split) const {
  Sharding sharding;
  for (auto dim : split.getAsRange<ArrayAttr>())
    sharding.dims.push_back({parse(dim)});
  return sharding;
}

void MeshAxes::markPartial(ValueRange values, const Sharding &sharding) const {
  if (sharding.partial.empty())
    return;
  for (Value value : values) {
    auto result = cast<OpResult>(value);
    Operation *op = result.getOwner();
    SmallVector<Attribute> axes(op->getNumResults(), ArrayAttr::get(op->getContext(), {}));
    if (auto known = op->getAttrOfType<ArrayAttr>(partialAttribute))
      axes.assign(known.begin(), known.end());
    axes[result.getResultNumber()] = names(op->getContext(), sharding.partial);
    op->setAttr(partialAttribute, ArrayAttr::get(op->getContext(), axes));
  }
}

} // namespace step37
