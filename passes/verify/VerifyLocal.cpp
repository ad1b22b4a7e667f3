// The second contract: what one rank computes, after sharding and fusion. Its clauses are in the
// pass's description (Passes.td), in the same order as here.
#include "passes/Passes.h"
#include "passes/shard/Sharding.h"
#include "passes/verify/Breach.h"
#include "runtime/plan/Names.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_VERIFYLOCALPASS
#include "passes/Passes.h.inc"

namespace {

using AxisSet = llvm::SmallSetVector<StringRef, 2>;

AxisSet setOf(std::optional<ArrayAttr> axes) {
  AxisSet set;
  if (axes && *axes)
    for (auto axis : axes->getAsRange<StringAttr>())
      set.insert(axis.getValue());
  return set;
}

bool contains(const AxisSet &all, const AxisSet &some) {
  return llvm::all_of(some, [&](StringRef axis) { return all.contains(axis); });
}

std::string listed(const AxisSet &axes) { return llvm::join(axes, ", "); }

class LocalContract {
public:
  explicit LocalContract(ModuleOp module)
      : module(module), symbols(module), mesh(MeshAxes::of(module)) {}

  LogicalResult check() {
    for (auto parameter : module.getOps<ir::ParameterOp>())
      if (failed(checkParameter(parameter)) || failed(checkParts(parameter)))
        return failure();
    for (auto state : module.getOps<ir::StateOp>())
      if (failed(checkState(state)))
        return failure();
    for (auto function : module.getOps<func::FuncOp>()) {
      AxisSetOf summed;
      for (Operation &op : function.front())
        if (failed(checkStep(&op, summed)))
          return failure();
    }
    return success();
  }

private:
  /// Of gradients by name: the axes that they have been summed over.
  using AxisSetOf = llvm::StringMap<AxisSet>;

  LogicalResult fail(Operation *op, StringRef constraint, const Twine &message) {
    return breach(op, "local", constraint, message);
  }

  /// Ranks along axes; 0 where one is no axis of the mesh.
  int64_t ways(ArrayAttr axes) {
    Axes numbers;
    for (auto axis : axes.getAsRange<StringAttr>()) {
      int number = mesh ? mesh->find(axis.getValue()) : -1;
      if (number < 0)
        return 0;
      numbers.push_back(number);
    }
    return numbers.empty() ? 1 : mesh->ways(numbers);
  }

  // C1, C3
  LogicalResult checkParameter(ir::ParameterOp parameter) {
    if (parameter.getPack())
      return fail(parameter, "C1", "it still waits for its siblings");
    bool training = llvm::any_of(module.getOps<ir::StateOp>(), [](ir::StateOp state) {
      return state.getRole() == ir::StateRole::Gradient;
    });
    if (training && parameter.getTrained() &&
        !symbols.lookup(plan::names::gradient(parameter.getSymName())))
      return fail(parameter, "C3", "it is trained but has no gradient");
    return success();
  }

  // C4
  LogicalResult checkParts(ir::ParameterOp parameter) {
    for (auto part : parameter.getParts().getAsRange<ir::PartAttr>()) {
      if (!part.getSplit())
        continue;
      for (auto [size, whole, axes] :
           llvm::zip_equal(part.getShape(), part.getWhole(), part.getSplit())) {
        int64_t ranks = ways(cast<ArrayAttr>(axes));
        if (ranks == 0 || size != (whole + ranks - 1) / ranks)
          return fail(parameter, "C4",
                      "part " + part.getName().getValue() + " has " + Twine(size) + " of " +
                          Twine(whole) + " where its split leaves another number");
      }
    }
    return success();
  }

  LogicalResult checkState(ir::StateOp state) {
    if (!state.getOf() || !state.getPartial())
      return success();
    int64_t ranks = ways(*state.getPartial());
    auto parameter = symbols.lookup<ir::ParameterOp>(*state.getOf());
    int64_t elements = parameter.getTensorType().getNumElements();
    bool split = state.getRole() == ir::StateRole::Optimizer;
    bool fits =
        ranks > 0 && state.getTensorType().getNumElements() * (split ? ranks : 1) == elements;
    if (!fits)
      return fail(state, "C4", "its elements and its axes do not make up the parameter");
    return success();
  }

  LogicalResult checkStep(Operation *op, AxisSetOf &summed) {
    if (isa<ir::ObjectiveOp>(op))
      return fail(op, "C2", "an objective that was not differentiated");
    if (auto axes = op->getAttrOfType<ArrayAttr>("axes"))
      if (failed(checkExchange(op, axes)))
        return failure();
    for (Value operand : op->getOperands())
      if (AxisSet partial = partialOf(operand); !partial.empty() && !mayUse(op, partial))
        return fail(op, "C5", "it uses a value that is still to be summed over " + listed(partial));
    return checkGradients(op, summed);
  }

  // C6
  LogicalResult checkExchange(Operation *op, ArrayAttr axes) {
    int64_t ranks = ways(axes);
    if (ranks == 0)
      return fail(op, "C6", "its axes are not all of this mesh");
    if (auto number = op->getAttrOfType<IntegerAttr>("ranks"); number && number.getInt() != ranks)
      return fail(op, "C6", "its axes have " + Twine(ranks) + " ranks");
    return success();
  }

  /// What only moves elements takes over that they are sums over ranks.
  static bool movesElements(Operation *op) {
    return isa<tensor::ExtractSliceOp, tensor::ConcatOp, ir::DispatchOp, ir::TakeRowsOp,
               ir::CountedSendOp, ir::CountedReturnOp>(op);
  }

  // C5
  static AxisSet partialOf(Value value) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return {};
    Operation *op = result.getOwner();
    if (auto axes = op->getAttrOfType<ArrayAttr>(partialAttribute))
      return setOf(cast<ArrayAttr>(axes[result.getResultNumber()]));
    AxisSet partial;
    if (movesElements(op))
      for (Value source : op->getOperands())
        for (StringRef axis : partialOf(source))
          partial.insert(axis);
    return partial;
  }

  bool mayUse(Operation *op, const AxisSet &partial) {
    if (isa<ir::AllReduceOp, ir::ReduceScatterOp>(op)) { // the result may wait for another sum
      AxisSet covered = setOf(op->getAttrOfType<ArrayAttr>("axes"));
      for (StringRef axis : partialOf(op->getResult(0)))
        covered.insert(axis);
      return contains(covered, partial);
    }
    if (movesElements(op))
      return true;
    if (auto accumulate = dyn_cast<ir::AccumulateGradientOp>(op)) {
      auto gradient = symbols.lookup<ir::StateOp>(accumulate.getGradient());
      return contains(setOf(gradient.getPartial()), partial);
    }
    return op->getNumResults() > 0 && llvm::any_of(op->getResults(), [&](Value result) {
             return contains(partialOf(result), partial);
           });
  }

  /// Gradients in the update: summed over their axes before anything reads them.
  LogicalResult checkGradients(Operation *op, AxisSetOf &summed) {
    if (auto reduce = dyn_cast<ir::ReduceGradientOp>(op)) {
      for (StringRef axis : setOf(reduce.getAxes()))
        summed[reduce.getGradient()].insert(axis);
      return success();
    }
    if (auto scatter = dyn_cast<ir::ScatterGradientOp>(op)) {
      auto gradient = symbols.lookup<ir::StateOp>(scatter.getGradient());
      if (!contains(setOf(scatter.getAxes()), setOf(gradient.getPartial())))
        return fail(op, "C5", "its part is still to be summed over other axes");
      return success();
    }
    StringRef name;
    if (auto read = dyn_cast<ir::ReadOp>(op))
      name = read.getSymbol();
    if (auto part = dyn_cast<ir::GradientPartOp>(op))
      name = part.getGradient();
    auto gradient = name.empty() ? ir::StateOp() : symbols.lookup<ir::StateOp>(name);
    if (gradient && gradient.getRole() == ir::StateRole::Gradient)
      if (AxisSet partial = setOf(gradient.getPartial()); !contains(summed[name], partial))
        return fail(op, "C5",
                    "it uses a gradient that is still to be summed over " + listed(partial));
    return success();
  }

  ModuleOp module;
  SymbolTable symbols;
  std::optional<MeshAxes> mesh;
};

struct VerifyLocalPass : impl::VerifyLocalPassBase<VerifyLocalPass> {
  void runOnOperation() override {
    if (failed(LocalContract(getOperation()).check()))
      signalPassFailure();
  }
};

} // namespace
} // namespace step37
