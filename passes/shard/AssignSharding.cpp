// Where shardings begin: the mesh, and how parameters and inputs lie on it. Dimensions have names
// from the frontend; the options say which axes each name is split over.
#include "passes/Passes.h"
#include "passes/shard/Sharding.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_ASSIGNSHARDINGPASS
#include "passes/Passes.h.inc"

namespace {

struct AssignShardingPass : impl::AssignShardingPassBase<AssignShardingPass> {
  using AssignShardingPassBase::AssignShardingPassBase;

  void runOnOperation() override {
    if (axes.empty())
      return; // one rank: everything is whole
    if (failed(parseOptions()))
      return signalPassFailure();
    ModuleOp module = getOperation();
    module->setAttr(MeshAxes::attribute, mesh.toAttribute(&getContext()));
    for (auto parameter : module.getOps<ir::ParameterOp>())
      if (std::optional<ArrayAttr> dims = parameter.getDims())
        parameter.setSplitAttr(split(*dims));
    for (auto function : module.getOps<func::FuncOp>())
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (auto dims = function.getArgAttrOfType<ArrayAttr>(i, "step37.dims")) {
          function.setArgAttr(i, "step37.split", split(dims));
          function.removeArgAttr(i, "step37.dims");
        }
  }

private:
  LogicalResult parseOptions() {
    for (StringRef axis : axes) {
      auto [name, size] = axis.split('=');
      int64_t value = 0;
      if (size.getAsInteger(10, value) || value < 2)
        return getOperation().emitError("axes: '") << axis << "' is not name=size, size at least 2";
      mesh.add(name, value);
    }
    for (StringRef rule : dims) {
      auto [name, list] = rule.split('=');
      SmallVector<StringRef> names;
      list.split(names, '+', -1, false);
      Axes &chosen = rules[name];
      for (StringRef axis : names) {
        chosen.push_back(mesh.find(axis));
        if (chosen.back() < 0)
          return getOperation().emitError("dims: the mesh has no axis '") << axis << "'";
      }
    }
    return success();
  }

  ArrayAttr split(ArrayAttr dimNames) {
    Sharding sharding;
    for (auto name : dimNames.getAsRange<StringAttr>())
      sharding.dims.push_back({rules.lookup(name.getValue())});
    return mesh.split(&getContext(), sharding);
  }

  MeshAxes mesh;
  llvm::StringMap<Axes> rules;
};

} // namespace
} // namespace step37
