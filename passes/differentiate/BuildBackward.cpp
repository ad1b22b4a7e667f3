// Reverse-mode differentiation of the logical program. Each operation builds its own gradient
// (DifferentiableOpInterface); this pass walks in reverse and sums. The optimizer is BuildUpdate.
#include "passes/Passes.h"
#include "runtime/plan/Names.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_BUILDBACKWARDPASS
#include "passes/Passes.h.inc"

namespace {

class Differentiator {
public:
  Differentiator(ModuleOp module, func::FuncOp function, ir::ObjectiveOp objective,
                 Type gradientElement)
      : symbols(module), function(function), objective(objective), gradientElement(gradientElement),
        builder(objective) {}

  LogicalResult run() {
    findActive();
    SmallVector<Operation *> forward;
    for (Operation &op : function.front())
      forward.push_back(&op);
    lastForward = objective->getPrevNode();
    for (auto [loss, scale] : llvm::zip(objective.getLosses(), objective.getScales()))
      gradients[loss].push_back(scale);
    for (Operation *op : llvm::reverse(forward))
      if (failed(differentiate(op)))
        return failure();
    markBackward();
    objective.erase();
    return success();
  }

private:
  /// Values that depend on a trained parameter, and so need a gradient. Integers (chosen experts
  /// and what follows from them) have none; any other operation on the way must be differentiable.
  void findActive() {
    for (Operation &op : function.front()) {
      if (auto read = dyn_cast<ir::ReadOp>(op)) {
        if (auto parameter = parameterOf(read); parameter && parameter.getTrained())
          active.insert(read.getValue());
      } else if (llvm::any_of(op.getOperands(), [&](Value v) { return active.contains(v); })) {
        for (Value result : op.getResults())
          if (isa<FloatType>(getElementTypeOrSelf(result)))
            active.insert(result);
      }
    }
  }

  ir::ParameterOp parameterOf(ir::ReadOp read) {
    return symbols.lookup<ir::ParameterOp>(read.getSymbol());
  }

  /// The type that the gradient of an operand must have; null if it needs none.
  Type gradientTypeOf(Value operand) {
    if (!active.contains(operand))
      return Type();
    auto type = cast<RankedTensorType>(operand.getType());
    return operand.getDefiningOp<ir::ReadOp>() ? type.clone(gradientElement) : type;
  }

  /// The sum of all contributions to a value's gradient, null where there are none.
  Value gradientOf(Value value) {
    auto found = gradients.find(value);
    if (found == gradients.end())
      return Value();
    SmallVector<Value> &contributions = found->second;
    if (contributions.size() > 1) {
      Value sum =
          ir::AddOp::create(builder, value.getLoc(), contributions[0].getType(), contributions);
      contributions.assign({sum});
    }
    return contributions[0];
  }

  LogicalResult differentiate(Operation *op) {
    if (isa<ir::ReadOp>(op))
      return success(); // accumulated where the gradient was made
    SmallVector<Value> resultGradients;
    for (Value result : op->getResults())
      resultGradients.push_back(active.contains(result) ? gradientOf(result) : Value());
    if (llvm::none_of(resultGradients, [](Value gradient) { return bool(gradient); }))
      return success();
    auto differentiable = dyn_cast<ir::DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitOpError(
          "is on the way from a trained parameter to the objective, but has no gradient");
    SmallVector<Type> types;
    for (Value operand : op->getOperands())
      types.push_back(gradientTypeOf(operand));
    SmallVector<Value> operandGradients(op->getNumOperands());
    if (failed(differentiable.buildVjp(builder, resultGradients, types, operandGradients)))
      return failure();
    for (auto [operand, gradient] : llvm::zip(op->getOperands(), operandGradients)) {
      if (!gradient || !active.contains(operand))
        continue;
      if (auto read = operand.getDefiningOp<ir::ReadOp>())
        accumulate(read, gradient);
      else
        gradients[operand].push_back(gradient);
    }
    return success();
  }

  /// What was built stands between the last forward operation and the objective.
  void markBackward() {
    for (Operation *op = objective->getPrevNode(); op && op != lastForward; op = op->getPrevNode())
      op->setLoc(ir::backwardOf(op->getLoc()));
  }

  /// Adds one contribution to a parameter's gradient. A parameter that is used several times has
  /// several: the first starts the micro-batch, the others go on from there.
  void accumulate(ir::ReadOp read, Value gradient) {
    ir::ParameterOp parameter = parameterOf(read);
    std::string name = plan::names::gradient(read.getSymbol());
    if (!symbols.lookup(name)) {
      OpBuilder atParameter(parameter->getContext());
      atParameter.setInsertionPointAfter(parameter);
      auto state = ir::StateOp::create(atParameter, parameter.getLoc(), name,
                                       parameter.getTensorType().clone(gradientElement),
                                       ir::StateRole::Gradient, read.getSymbolAttr(),
                                       /*partial=*/ArrayAttr(), /*slot=*/StringAttr());
      symbols.insert(state);
    }
    Value beta = started.insert(name).second ? objective.getBeta() : one();
    ir::AccumulateGradientOp::create(builder, read.getLoc(), name, gradient, beta);
  }

  Value one() {
    if (!constantOne) {
      OpBuilder atStart = OpBuilder::atBlockBegin(&function.front());
      constantOne = ir::FillOp::create(atStart, function.getLoc(), objective.getBeta().getType(),
                                       llvm::APFloat(1.0));
    }
    return constantOne;
  }

  SymbolTable symbols;
  func::FuncOp function;
  ir::ObjectiveOp objective;
  Operation *lastForward = nullptr;
  Type gradientElement;
  OpBuilder builder; // before the objective, behind the forward program
  DenseSet<Value> active;
  DenseMap<Value, SmallVector<Value>> gradients; // but of parameters
  llvm::StringSet<> started;                     // gradients that have a contribution
  Value constantOne;
};

struct BuildBackwardPass : impl::BuildBackwardPassBase<BuildBackwardPass> {
  using BuildBackwardPassBase::BuildBackwardPassBase;

  void runOnOperation() override {
    Type element;
    if (gradientType == "f32")
      element = Float32Type::get(&getContext());
    else if (gradientType == "bf16")
      element = BFloat16Type::get(&getContext());
    else {
      getOperation().emitError() << "gradient-type must be f32 or bf16, not '" << gradientType
                                 << "'";
      return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      auto objectives = function.getOps<ir::ObjectiveOp>();
      if (objectives.empty())
        continue;
      if (std::next(objectives.begin()) != objectives.end()) {
        (*std::next(objectives.begin())).emitOpError("is the program's second objective");
        return signalPassFailure();
      }
      if (failed(Differentiator(getOperation(), function, *objectives.begin(), element).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace step37
