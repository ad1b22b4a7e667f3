#include "passes/shard/SymbolShardings.h"

using namespace mlir;

namespace step37 {

RankedTensorType localType(RankedTensorType whole, const Sharding &sharding, const MeshAxes &mesh) {
  SmallVector<int64_t> shape;
  for (auto [size, dim] : llvm::zip_equal(whole.getShape(), sharding.dims))
    shape.push_back(llvm::divideCeil(size, mesh.ways(dim.axes)));
  return whole.clone(shape);
}

void SymbolShardings::localize() {
  auto module = cast<ModuleOp>(symbols.getOp());
  for (auto parameter : module.getOps<ir::ParameterOp>()) {
    RankedTensorType type = parameter.getTensorType();
    Sharding sharding = parameter.getSplit() ? mesh.parseSplit(*parameter.getSplit())
                                             : Sharding::replicated(type.getRank());
    RankedTensorType local = localType(type, sharding, mesh);
    if (local != type)
      localizeParts(parameter, local);
    parameter.setType(local);
    known[parameter.getSymName()] = sharding;
  }
  for (auto state : module.getOps<ir::StateOp>())
    if (state.getOf()) {
      const Sharding &sharding = known.at(*state.getOf());
      state.setType(localType(state.getTensorType(), sharding, mesh));
      known[state.getSymName()] = sharding;
    }
}

RankedTensorType SymbolShardings::typeOf(StringRef symbol) {
  if (auto parameter = symbols.lookup<ir::ParameterOp>(symbol))
    return parameter.getTensorType();
  return symbols.lookup<ir::StateOp>(symbol).getTensorType();
}

const Sharding *SymbolShardings::find(StringRef symbol) const {
  auto found = known.find(symbol);
  return found == known.end() ? nullptr : &found->second;
}

void SymbolShardings::define(StringRef symbol, const Sharding &sharding, RankedTensorType local) {
  known[symbol] = sharding;
  symbols.lookup<ir::StateOp>(symbol).setType(local);
}

bool SymbolShardings::setPartial(StringRef gradient, ArrayRef<int> axes) {
  auto state = symbols.lookup<ir::StateOp>(gradient);
  ArrayAttr names = mesh.names(state.getContext(), axes);
  if (state.getPartialAttr() && state.getPartialAttr() != names)
    return false;
  state.setPartialAttr(names);
  return true;
}

void SymbolShardings::localizeParts(ir::ParameterOp parameter, RankedTensorType local) {
  auto part = cast<ir::PartAttr>(parameter.getParts()[0]); // logical contract, C3
  auto cut = ir::PartAttr::get(parameter.getContext(), part.getName(), part.getElementType(),
                               local.getShape(), part.getBlocks(), part.getBegin(),
                               part.getStride(), part.getInitStd(), part.getInitMean(),
                               *parameter.getSplit(), part.getShape());
  parameter.setPartsAttr(ArrayAttr::get(parameter.getContext(), {cut}));
}

} // namespace step37
