// The optimizer program: global norm of all gradients, clipping, one AdamW a parameter.
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

#include <array>

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_BUILDUPDATEPASS
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t hyperparameters = 7;

struct BuildUpdatePass : impl::BuildUpdatePassBase<BuildUpdatePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<std::pair<ir::ParameterOp, ir::StateOp>> trained;
    for (auto parameter : module.getOps<ir::ParameterOp>())
      if (auto gradient = symbols.lookup<ir::StateOp>(
              stateName(ir::StateRole::Gradient, parameter.getSymName())))
        trained.emplace_back(parameter, gradient);
    if (trained.empty())
      return;

    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto f32 = Float32Type::get(&getContext());
    auto scalar = RankedTensorType::get({1}, f32);
    auto hyperType = RankedTensorType::get({hyperparameters}, f32);
    Location loc = NameLoc::get(builder.getStringAttr("optimizer"));
    auto function = func::FuncOp::create(builder, loc, "update",
                                         builder.getFunctionType({hyperType, scalar}, {scalar}));
    const std::array<StringRef, 2> names{"hyper", "max_norm"};
    for (auto [index, name] : llvm::enumerate(names)) {
      function.setArgAttr(index, "step37.name", builder.getStringAttr(name));
      function.setArgAttr(index, "step37.class", builder.getStringAttr("scalar"));
    }
    function.setResultAttr(0, "step37.name", builder.getStringAttr("grad_norm"));
    Block *body = function.addEntryBlock();
    OpBuilder ops = OpBuilder::atBlockBegin(body);

    SmallVector<Value> partials;
    for (auto [parameter, gradient] : trained) {
      RankedTensorType type = gradient.getTensorType();
      Value value = ir::ReadOp::create(ops, parameter.getLoc(), type, gradient.getSymName());
      int64_t blocks = llvm::divideCeil(type.getNumElements(), ir::SumOfSquaresOp::block);
      partials.push_back(ir::SumOfSquaresOp::create(ops, parameter.getLoc(),
                                                    RankedTensorType::get({blocks}, f32), value));
    }
    auto norm = ir::GlobalNormOp::create(ops, loc, scalar, scalar, partials, body->getArgument(1));
    for (auto [parameter, gradient] : trained) {
      auto state = [&](ir::StateRole role) {
        std::string name = stateName(role, parameter.getSymName());
        OpBuilder atParameter(&getContext());
        atParameter.setInsertionPointAfter(gradient);
        ir::StateOp::create(atParameter, parameter.getLoc(), name,
                            parameter.getTensorType().clone(f32), role,
                            FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
        return FlatSymbolRefAttr::get(&getContext(), name);
      };
      bool f32Parameter = parameter.getTensorType().getElementType().isF32();
      FlatSymbolRefAttr moment2 = state(ir::StateRole::Moment2),
                        moment1 = state(ir::StateRole::Moment1);
      FlatSymbolRefAttr master = f32Parameter ? FlatSymbolRefAttr() : state(ir::StateRole::Master);
      ir::AdamWOp::create(ops, parameter.getLoc(),
                          FlatSymbolRefAttr::get(parameter.getSymNameAttr()),
                          FlatSymbolRefAttr::get(gradient.getSymNameAttr()), moment1, moment2,
                          master, body->getArgument(0), norm.getClip());
    }
    func::ReturnOp::create(ops, loc, ValueRange{norm.getNorm()});
  }
};

} // namespace
} // namespace step37
