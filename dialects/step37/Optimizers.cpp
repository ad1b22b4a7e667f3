#include "dialects/step37/Optimizers.h"

#include "dialects/step37/Step37Dialect.h"
#include "dialects/step37/Verify.h"
#include "runtime/plan/Names.h"

using namespace mlir;

namespace step37::ir {
namespace {

constexpr StringRef adamwSlots[] = {"moment1", "moment2"};
constexpr StringRef adamwHyperparameters[] = {"learning_rate", "beta1",       "beta2",      "eps",
                                              "weight_decay",  "correction1", "correction2"};

Value createAdamW(OpBuilder &builder, Location loc, const OptimizerStep &step) {
  const auto hyper = [&](StringRef name) { return step.hyperparameters.lookup(name); };
  return AdamWOp::create(builder, loc, step.updated, step.parameter, step.gradient,
                         step.states.lookup("moment1"), step.states.lookup("moment2"), step.master,
                         hyper("learning_rate"), hyper("beta1"), hyper("beta2"), hyper("eps"),
                         hyper("weight_decay"), hyper("correction1"), hyper("correction2"),
                         step.clip)
      .getUpdated();
}

constexpr OptimizerKind kinds[] = {
    {"adamw", adamwSlots, adamwHyperparameters, /*wholeMatrix=*/false, createAdamW}};

} // namespace

ArrayRef<OptimizerKind> optimizerKinds() { return kinds; }

const OptimizerKind *findOptimizer(StringRef name) {
  for (const OptimizerKind &kind : kinds)
    if (kind.name == name)
      return &kind;
  return nullptr;
}

const OptimizerKind &AdamWOp::getKind() { return *findOptimizer("adamw"); }

SmallVector<FlatSymbolRefAttr> AdamWOp::getStates() { return {getMoment1Attr(), getMoment2Attr()}; }

SmallVector<Value> AdamWOp::getHyperparameters() {
  return {getLearningRate(), getBeta1(),       getBeta2(),      getEps(),
          getWeightDecay(),  getCorrection1(), getCorrection2()};
}

LogicalResult AdamWOp::verifySymbolUses(SymbolTableCollection &tables) {
  return cast<OptimizerOpInterface>(getOperation()).verifyStep(tables);
}

LogicalResult OptimizerOpInterface::verifyStep(SymbolTableCollection &tables) {
  Operation *op = getOperation();
  auto parameter = tables.lookupNearestSymbolFrom<ParameterOp>(op, getParameterAttr());
  auto stateOf = [&](FlatSymbolRefAttr symbol, StringRef slot) {
    auto state = tables.lookupNearestSymbolFrom<StateOp>(op, symbol);
    bool fits = state && state.getRole() == StateRole::Optimizer && state.getSlot() == slot &&
                state.getOfAttr() == getParameterAttr();
    return fits ? state : StateOp();
  };
  bool symbols = parameter && parameter.getTrained();
  int64_t elements = cast<RankedTensorType>(getGradient().getType()).getNumElements();
  bool sizes = true;
  for (auto [slot, symbol] : llvm::zip_equal(getKind().slots, getStates())) {
    StateOp state = stateOf(symbol, slot);
    symbols = symbols && state;
    sizes = sizes && state && state.getTensorType().getNumElements() == elements;
  }
  symbols = symbols && (!getMasterAttr() || stateOf(getMasterAttr(), plan::masterRole));
  if (failed(require(op, symbols, "C1", "the symbols must be a trained parameter and its states")))
    return failure();
  RankedTensorType type = parameter.getTensorType();
  auto updated = getUpdated() ? cast<RankedTensorType>(getUpdated().getType()) : type;
  sizes = sizes && elements == updated.getNumElements() &&
          updated.getElementType() == type.getElementType();
  if (failed(
          require(op, sizes, "C1", "states and gradient must have the elements that are updated")))
    return failure();
  bool ownMaster = type.getElementType().isF32() && !getUpdated();
  if (failed(require(op, ownMaster == !getMasterAttr(), "C2",
                     "a master belongs to a parameter that is not f32 or updated in parts")))
    return failure();
  bool single = rows(getClip()) == 1 &&
                llvm::all_of(getHyperparameters(), [](Value value) { return rows(value) == 1; });
  return require(op, single, "C3", "hyperparameters and clip must have one element");
}

} // namespace step37::ir
