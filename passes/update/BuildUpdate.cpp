// The optimizer program: global norm of all gradients, clipping, one step of the optimizer a
// parameter. It works on the elements that a rank holds, after packing; gradients that are sums
// over ranks are summed here, in whole or, where optimizer state is split, in parts. It names no
// optimizer: what each keeps and how its operation is made is dialects/step37/Optimizers.h.
#include "passes/Passes.h"
#include "passes/shard/Resharding.h"
#include "runtime/plan/Names.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_BUILDUPDATEPASS
#include "passes/Passes.h.inc"

namespace {

/// A parameter with a gradient, and how both lie on the mesh.
struct Trained {
  ir::ParameterOp parameter;
  ir::StateOp gradient;
  Axes partial{};       // axes that the gradient is still to be summed over
  Axes split{};         // axes that the parameter is split over
  bool inParts = false; // every rank along `partial` sums and counts a part of the elements
  Value part{};         // of the summed gradient, where inParts
};

class UpdateBuilder {
public:
  UpdateBuilder(ModuleOp module, std::optional<MeshAxes> mesh, const ir::OptimizerKind &optimizer,
                bool splitState)
      : module(module), mesh(std::move(mesh)), optimizer(optimizer), splitState(splitState),
        ops(module.getContext()), f32(ops.getF32Type()) {}

  void run() {
    collect();
    if (trained.empty())
      return;
    begin();
    for (Trained &each : trained)
      reduce(each);
    ir::GlobalNormOp norm = globalNorm();
    for (Trained &each : trained)
      step(each, norm.getClip());
    func::ReturnOp::create(ops, loc, ValueRange{norm.getNorm()});
  }

private:
  void collect() {
    SymbolTable symbols(module);
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      auto gradient = symbols.lookup<ir::StateOp>(plan::names::gradient(parameter.getSymName()));
      if (!gradient)
        continue;
      Trained &each = trained.emplace_back(Trained{parameter, gradient});
      if (!mesh)
        continue;
      if (gradient.getPartial())
        each.partial = mesh->parse(gradient.getPartialAttr());
      if (parameter.getSplit())
        for (const DimSharding &dim : mesh->parseSplit(*parameter.getSplit()).dims)
          llvm::append_range(each.split, dim.axes);
      int64_t ways = mesh->ways(each.partial);
      each.inParts = ways > 1 && !optimizer.wholeMatrix &&
                     parameter.getTensorType().getNumElements() % ways == 0;
    }
  }

  void begin() {
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    loc = NameLoc::get(builder.getStringAttr("optimizer"));
    SmallVector<std::string> names;
    for (StringRef name : optimizer.hyperparameters)
      names.push_back(plan::names::hyperparameter(name));
    names.push_back(plan::names::maxNorm);
    const SmallVector<Type> types(names.size(), scalar());
    auto function = func::FuncOp::create(builder, loc, plan::updateProgram,
                                         builder.getFunctionType(types, {scalar()}));
    for (auto [index, name] : llvm::enumerate(names)) {
      function.setArgAttr(index, "step37.name", builder.getStringAttr(name));
      function.setArgAttr(index, "step37.class", builder.getStringAttr("scalar"));
    }
    function.setResultAttr(0, "step37.name", builder.getStringAttr(plan::names::gradNorm));
    body = function.addEntryBlock();
    for (auto [name, argument] : llvm::zip_first(optimizer.hyperparameters, body->getArguments()))
      hyperparameters[name] = argument;
    ops.setInsertionPointToStart(body);
  }

  RankedTensorType scalar() const { return RankedTensorType::get({1}, f32); }

  ArrayAttr names(ArrayRef<int> axes) { return mesh->names(module.getContext(), axes); }

  Value coordinate(const Axes &axes) {
    for (auto &[known, value] : coordinates)
      if (known == axes)
        return value;
    OpBuilder::InsertionGuard guard(ops);
    ops.setInsertionPointToStart(body);
    Value value = Resharder(*mesh).coordinate(ops, loc, axes);
    coordinates.emplace_back(axes, value);
    return value;
  }

  /// Sums the gradient over the ranks that hold parts of the sum.
  void reduce(Trained &each) {
    int64_t ways = mesh ? mesh->ways(each.partial) : 1;
    if (ways == 1)
      return;
    Location at = each.parameter.getLoc();
    StringRef gradient = each.gradient.getSymName();
    RankedTensorType type = each.gradient.getTensorType();
    auto partType = RankedTensorType::get({type.getNumElements() / ways}, type.getElementType());
    if (each.inParts && splitState) {
      each.part =
          ir::ScatterGradientOp::create(ops, at, partType, gradient, names(each.partial), ways);
      return;
    }
    ir::ReduceGradientOp::create(ops, at, gradient, names(each.partial), ways);
    if (each.inParts) // counted in the same parts, so that the norm has the same bits
      each.part = ir::GradientPartOp::create(ops, at, partType, gradient, coordinate(each.partial));
  }

  /// Partial sums of squares of the elements that this rank counts.
  Value sumOfSquares(Trained &each) {
    Location at = each.parameter.getLoc();
    Value value = each.part;
    if (!value)
      value =
          ir::ReadOp::create(ops, at, each.gradient.getTensorType(), each.gradient.getSymName());
    int64_t elements = cast<RankedTensorType>(value.getType()).getNumElements();
    int64_t blocks = llvm::divideCeil(elements, ir::SumOfSquaresOp::block);
    return ir::SumOfSquaresOp::create(ops, at, RankedTensorType::get({blocks}, f32), value);
  }

  /// Ranks count different elements along the axes that a parameter is split over, and along those
  /// that it is counted in parts over: their sums are gathered, class by class.
  ir::GlobalNormOp globalNorm() {
    llvm::MapVector<ArrayAttr, SmallVector<Value>> classes;
    for (Trained &each : trained) {
      Axes axes = each.split;
      if (each.inParts)
        llvm::append_range(axes, each.partial);
      llvm::sort(axes);
      Value squares = sumOfSquares(each);
      classes[mesh ? names(axes) : ArrayAttr()].push_back(squares);
    }
    SmallVector<Value> partials;
    for (auto &[names, members] : classes) {
      if (!names || names.empty()) {
        llvm::append_range(partials, members);
        continue;
      }
      Value all = members.size() == 1 ? members[0] : tensor::ConcatOp::create(ops, loc, 0, members);
      Value total = ir::SumElementsOp::create(ops, loc, scalar(), all);
      partials.push_back(Resharder(*mesh).allGather(ops, loc, total, mesh->parse(names)));
    }
    return ir::GlobalNormOp::create(ops, loc, scalar(), scalar(), partials,
                                    body->getArguments().back());
  }

  FlatSymbolRefAttr addState(Trained &each, StringRef slot, RankedTensorType type) {
    OpBuilder atParameter(module.getContext());
    atParameter.setInsertionPointAfter(each.gradient);
    auto parts = each.inParts && splitState ? names(each.partial) : ArrayAttr();
    auto state = ir::StateOp::create(atParameter, each.parameter.getLoc(),
                                     plan::names::optimizerState(slot, each.parameter.getSymName()),
                                     type, ir::StateRole::Optimizer,
                                     FlatSymbolRefAttr::get(each.parameter.getSymNameAttr()), parts,
                                     atParameter.getStringAttr(slot));
    return FlatSymbolRefAttr::get(state.getSymNameAttr());
  }

  void step(Trained &each, Value clip) {
    Location at = each.parameter.getLoc();
    RankedTensorType type = each.parameter.getTensorType();
    bool inParts = each.inParts && splitState;
    RankedTensorType stateType =
        inParts ? cast<RankedTensorType>(each.part.getType()).clone(f32) : type.clone(f32);
    ir::OptimizerStep step;
    step.parameter = FlatSymbolRefAttr::get(each.parameter.getSymNameAttr());
    // Each is placed before the others: their order is the slots'.
    for (StringRef slot : llvm::reverse(optimizer.slots))
      step.states[slot] = addState(each, slot, stateType);
    if (inParts || !type.getElementType().isF32())
      step.master = addState(each, plan::masterRole, stateType);
    step.gradient = each.part;
    if (!inParts)
      step.gradient =
          ir::ReadOp::create(ops, at, each.gradient.getTensorType(), each.gradient.getSymName());
    step.hyperparameters = hyperparameters;
    step.clip = clip;
    if (inParts)
      step.updated = stateType.clone(type.getElementType());
    Value updated = optimizer.create(ops, at, step);
    if (inParts)
      ir::GatherParameterOp::create(ops, at, each.parameter.getSymName(), updated,
                                    names(each.partial), mesh->ways(each.partial));
  }

  ModuleOp module;
  std::optional<MeshAxes> mesh;
  const ir::OptimizerKind &optimizer;
  bool splitState;
  OpBuilder ops;
  Type f32;
  Location loc = UnknownLoc::get(module.getContext());
  Block *body = nullptr;
  SmallVector<Trained> trained;
  llvm::StringMap<Value> hyperparameters;
  SmallVector<std::pair<Axes, Value>> coordinates;
};

struct BuildUpdatePass : impl::BuildUpdatePassBase<BuildUpdatePass> {
  using BuildUpdatePassBase::BuildUpdatePassBase;

  void runOnOperation() override {
    const ir::OptimizerKind *kind = ir::findOptimizer(optimizer);
    if (!kind) {
      getOperation().emitError("there is no optimizer '") << optimizer << "'";
      return signalPassFailure();
    }
    UpdateBuilder(getOperation(), MeshAxes::of(getOperation()), *kind, splitState).run();
  }
};

} // namespace
} // namespace step37
