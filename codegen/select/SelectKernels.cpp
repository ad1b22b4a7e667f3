// Every operation of the local program as launches of kernels. The order of buffers is that of the
// spec's arguments(); sizes come from the types.
#include "codegen/select/BufferAssignment.h"
#include "codegen/select/ProductSteps.h"
#include "codegen/select/ProgramCheck.h"
#include "codegen/select/SelectPasses.h"
#include "codegen/select/SpecAttributes.h"
#include "codegen/select/TargetPolicy.h"

#include "passes/Passes.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "codegen/select/SelectPasses.h.inc"

namespace {

int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}
int64_t elements(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }
DType dtype(Value value) {
  return dtypeOf(cast<RankedTensorType>(value.getType()).getElementType());
}
double number(const llvm::APFloat &value) { return value.convertToDouble(); }

spec::ClampPosition clampOf(ir::ClampPosition position) {
  return position == ir::ClampPosition::AfterSilu ? spec::ClampPosition::afterSilu
                                                  : spec::ClampPosition::beforeSilu;
}

class ProgramSelector {
public:
  ProgramSelector(const TargetPolicy &policy, StepBuilder &steps, BufferAssignment &buffers)
      : steps(steps), buffers(buffers), products(policy, steps, buffers) {}

  LogicalResult select(Operation *op) {
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case<ir::EmbeddingOp, ir::EmbeddingGradOp, ir::RmsNormOp, ir::RmsNormGradOp, ir::AddOp,
              ir::MatmulOp, ir::RopeTableOp, ir::QkNormRopeOp, ir::QkNormRopeGradOp,
              ir::AttentionOp, ir::AttentionGradOp, ir::SwigluOp, ir::SwigluGradOp, ir::RouteOp,
              ir::RouteGradOp, ir::SortByExpertOp, ir::DispatchOp, ir::CombineOp, ir::CombineGradOp,
              ir::GroupedMatmulOp, ir::GroupedMatmulGradOp, ir::ShiftLabelsOp, ir::LmLossOp,
              ir::LmLossGradOp, ir::TakeRowsOp, ir::SumOfSquaresOp, ir::GlobalNormOp, ir::AdamWOp,
              ir::AccumulateGradientOp>([&](auto typed) { return lower(typed); })
        // Buffers and views, no work.
        .Case<ir::ReadOp, ir::WriteOp, tensor::ExtractSliceOp, tensor::ConcatOp, func::ReturnOp>(
            [](auto) { return success(); })
        .Default([](Operation *other) { return other->emitOpError("has no kernel"); });
  }

private:
  Value in(Value value) { return buffers.of(value); }
  Value out(Value value) { return buffers.forResult(value); }
  int64_t strideOf(Value buffer) { return BufferAssignment::stride(buffer); }

  LogicalResult launch(Operation *op, const spec::KernelSpec &spec, ArrayRef<Value> arguments) {
    // A column range is longer than its elements; without a stride the wrong ones would be read.
    for (auto [buffer, argument] : llvm::zip_equal(arguments, spec::arguments(spec)))
      if (planir::extent(cast<MemRefType>(buffer.getType())) != argument.elements)
        return op->emitOpError("has no kernel for '") << argument.name << "' as a column range";
    steps.step(op->getLoc(), spec, arguments);
    return success();
  }

  /// The gradient that a result goes into; weight gradients exist nowhere else.
  FailureOr<GradientTarget> accumulated(Operation *op, Value gradient) {
    if (std::optional<GradientTarget> target = buffers.takeGradientTarget(gradient))
      return *target;
    return op->emitOpError("has a parameter gradient that is not accumulated at once");
  }

  LogicalResult lower(ir::EmbeddingOp op) {
    return launch(op,
                  spec::Embedding{elements(op.getIds()), dim(op.getTable(), 0),
                                  dim(op.getTable(), 1), dtype(op.getTable())},
                  {in(op.getIds()), in(op.getTable()), out(op.getOut())});
  }

  LogicalResult lower(ir::EmbeddingGradOp op) {
    FailureOr<GradientTarget> target = accumulated(op, op.getDtable());
    if (failed(target))
      return failure();
    spec::EmbeddingGrad spec{elements(op.getIds()), dim(op.getDtable(), 0), dim(op.getDtable(), 1),
                             dtype(op.getDout()), dtype(op.getDtable())};
    return launch(
        op, spec,
        {in(op.getIds()), in(op.getDout()), target->beta, target->gradient, workspaceOf(op, spec)});
  }

  LogicalResult lower(ir::RmsNormOp op) {
    spec::RmsNorm spec{dim(op.getY(), 0), dim(op.getY(), 1), int64_t(op.getAddends().size()),
                       number(op.getEps()), dtype(op.getY())};
    SmallVector<Value> arguments;
    for (Value addend : op.getAddends())
      arguments.push_back(in(addend));
    arguments.push_back(in(op.getWeight()));
    if (op.getSum())
      arguments.push_back(out(op.getSum()));
    arguments.append({out(op.getY()), out(op.getInverseRms())});
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::RmsNormGradOp op) {
    FailureOr<GradientTarget> target = accumulated(op, op.getDweight());
    if (failed(target))
      return failure();
    spec::RmsNormGrad spec{
        dim(op.getDy(), 0),  dim(op.getDy(), 1), int64_t(op.getResiduals().size()),
        number(op.getEps()), dtype(op.getDy()),  dtype(op.getDweight())};
    SmallVector<Value> arguments = {in(op.getDy()), in(op.getX()), in(op.getWeight()),
                                    in(op.getInverseRms())};
    for (Value residual : op.getResiduals())
      arguments.push_back(in(residual));
    arguments.append({target->beta, out(op.getDx()), target->gradient, workspaceOf(op, spec)});
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::AddOp op) {
    SmallVector<Value> arguments;
    for (Value value : op.getValues())
      arguments.push_back(in(value));
    arguments.push_back(out(op.getSum()));
    return launch(
        op, spec::Add{elements(op.getSum()), int64_t(op.getValues().size()), dtype(op.getSum())},
        arguments);
  }

  LogicalResult lower(ir::AccumulateGradientOp op) {
    if (buffers.isAccumulated(op.getValue()))
      return success(); // its producer has done it
    Value gradient = buffers.symbol(op.getGradient());
    DType gradType = dtypeOf(cast<MemRefType>(gradient.getType()).getElementType());
    return launch(op,
                  spec::AccumulateGradient{elements(op.getValue()), dtype(op.getValue()), gradType},
                  {in(op.getValue()), in(op.getBeta()), gradient});
  }

  LogicalResult lower(ir::MatmulOp op) {
    std::optional<GradientTarget> target = buffers.takeGradientTarget(op.getC());
    Value c = target ? target->gradient : out(op.getC());
    products.product(op.getLoc(), in(op.getA()), in(op.getB()), c, op.getTransposeA(),
                     op.getTransposeB(), target ? target->beta : Value());
    return success();
  }

  LogicalResult lower(ir::RopeTableOp op) {
    return launch(op,
                  spec::RopeTable{dim(op.getTable(), 0), std::vector<double>(op.getFrequencies())},
                  {out(op.getTable())});
  }

  /// The fields that qk_norm_rope and its gradient share.
  template <typename Spec, typename Op> Spec headsSpec(Op op, Value q, Value k) {
    Spec spec;
    spec.tokens = dim(op.getQ(), 0);
    spec.seq_len = op.getSeqLen();
    spec.head_dim = op.getHeadDim();
    spec.heads = dim(op.getQ(), 1) / spec.head_dim;
    spec.groups = dim(op.getK(), 1) / spec.head_dim;
    spec.rotary_dim = op.getTable() ? dim(op.getTable(), 1) : 0;
    spec.q_stride = strideOf(q);
    spec.k_stride = strideOf(k);
    spec.normalize = bool(op.getQWeight());
    spec.eps = number(op.getEps());
    spec.type = dtype(op.getQ());
    return spec;
  }

  template <typename Op> void appendNormAndTable(Op op, SmallVectorImpl<Value> &arguments) {
    if (op.getQWeight())
      arguments.append({in(op.getQWeight()), in(op.getKWeight())});
    if (op.getTable())
      arguments.push_back(in(op.getTable()));
    arguments.push_back(in(op.getDocumentStart()));
  }

  LogicalResult lower(ir::QkNormRopeOp op) {
    Value q = in(op.getQ()), k = in(op.getK());
    auto spec = headsSpec<spec::QkNormRope>(op, q, k);
    SmallVector<Value> arguments = {q, k};
    appendNormAndTable(op, arguments);
    arguments.append({out(op.getQOut()), out(op.getKOut())});
    if (op.getInverseRms())
      arguments.push_back(out(op.getInverseRms()));
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::QkNormRopeGradOp op) {
    Value q = in(op.getQ()), k = in(op.getK()), dq = out(op.getDq()), dk = out(op.getDk());
    auto spec = headsSpec<spec::QkNormRopeGrad>(op, q, k);
    spec.dq_stride = strideOf(dq);
    spec.dk_stride = strideOf(dk);
    SmallVector<Value> arguments = {in(op.getDqOut()), in(op.getDkOut()), q, k};
    appendNormAndTable(op, arguments);
    if (!op.getQWeight()) {
      arguments.append({dq, dk});
      return launch(op, spec, arguments);
    }
    FailureOr<GradientTarget> qTarget = accumulated(op, op.getDqWeight());
    FailureOr<GradientTarget> kTarget = accumulated(op, op.getDkWeight());
    if (failed(qTarget) || failed(kTarget))
      return failure();
    spec.grad_type = dtype(op.getDqWeight());
    arguments.append({in(op.getInverseRms()), qTarget->beta, dq, dk, qTarget->gradient,
                      kTarget->gradient, workspaceOf(op, spec)});
    return launch(op, spec, arguments);
  }

  /// The fields that attention and its gradient share.
  template <typename Spec, typename Op> Spec attentionSpec(Op op, Value v, Value gate) {
    Spec spec;
    spec.tokens = dim(op.getQ(), 0);
    spec.seq_len = op.getSeqLen();
    spec.head_dim = op.getHeadDim();
    spec.heads = dim(op.getQ(), 1) / spec.head_dim;
    spec.groups = dim(op.getK(), 1) / spec.head_dim;
    spec.window = op.getWindow();
    spec.v_stride = strideOf(v);
    spec.gate_stride = gate ? strideOf(gate) : 0;
    spec.gated = bool(gate);
    spec.scale = number(op.getScale());
    spec.type = dtype(op.getQ());
    return spec;
  }

  LogicalResult lower(ir::AttentionOp op) {
    Value v = in(op.getV()), gate = op.getGate() ? in(op.getGate()) : Value();
    SmallVector<Value> arguments = {in(op.getQ()), in(op.getK()), v};
    if (gate)
      arguments.push_back(gate);
    arguments.append({in(op.getDocumentStart()), out(op.getOut()), out(op.getLse())});
    return launch(op, attentionSpec<spec::Attention>(op, v, gate), arguments);
  }

  LogicalResult lower(ir::AttentionGradOp op) {
    Value v = in(op.getV()), gate = op.getGate() ? in(op.getGate()) : Value();
    auto spec = attentionSpec<spec::AttentionGrad>(op, v, gate);
    SmallVector<Value> arguments = {in(op.getDout()), in(op.getQ()), in(op.getK()), v};
    if (gate)
      arguments.push_back(gate);
    Value dv = out(op.getDv());
    spec.dv_stride = strideOf(dv);
    arguments.append({in(op.getDocumentStart()), in(op.getOut()), in(op.getLse()), out(op.getDq()),
                      out(op.getDk()), dv});
    if (gate) {
      Value dgate = out(op.getDgate());
      spec.dgate_stride = strideOf(dgate);
      arguments.push_back(dgate);
    }
    arguments.push_back(workspaceOf(op, spec));
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::SwigluOp op) {
    Value gate = in(op.getGate()), up = in(op.getUp());
    spec::Swiglu spec{dim(op.getOut(), 0), dim(op.getOut(), 1),   strideOf(gate),
                      strideOf(up),        number(op.getLimit()), clampOf(op.getClamp()),
                      dtype(op.getOut())};
    return launch(op, spec, {gate, up, out(op.getOut())});
  }

  LogicalResult lower(ir::SwigluGradOp op) {
    Value gate = in(op.getGate()), up = in(op.getUp()), dgate = out(op.getDgate()),
          dup = out(op.getDup());
    spec::SwigluGrad spec{dim(op.getDout(), 0),  dim(op.getDout(), 1),   strideOf(gate),
                          strideOf(up),          strideOf(dgate),        strideOf(dup),
                          number(op.getLimit()), clampOf(op.getClamp()), dtype(op.getDout())};
    return launch(op, spec, {in(op.getDout()), gate, up, dgate, dup});
  }

  LogicalResult lower(ir::RouteOp op) {
    spec::Route spec{dim(op.getLogits(), 0), dim(op.getLogits(), 1), dim(op.getWeights(), 1),
                     number(op.getScale()),  op.getNormalize(),      bool(op.getBias()),
                     op.getSoftmax()};
    SmallVector<Value> arguments = {in(op.getLogits())};
    if (op.getBias())
      arguments.push_back(in(op.getBias()));
    arguments.append({out(op.getWeights()), out(op.getChosen()), out(op.getScores())});
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::RouteGradOp op) {
    spec::RouteGrad spec{dim(op.getLogits(), 0), dim(op.getLogits(), 1), dim(op.getChosen(), 1),
                         number(op.getScale()),  op.getNormalize(),      op.getSoftmax()};
    return launch(op, spec,
                  {in(op.getDweights()), in(op.getLogits()), in(op.getChosen()), in(op.getScores()),
                   out(op.getDlogits())});
  }

  LogicalResult lower(ir::SortByExpertOp op) {
    spec::SortByExpert spec{dim(op.getChosen(), 0), dim(op.getOffsets(), 0) - 1,
                            dim(op.getChosen(), 1), dim(op.getRowSlot(), 0)};
    return launch(
        op, spec,
        {in(op.getChosen()), out(op.getOffsets()), out(op.getRowSlot()), out(op.getSlotRow())});
  }

  LogicalResult lower(ir::DispatchOp op) {
    int64_t tokens = dim(op.getX(), 0);
    return launch(op,
                  spec::Dispatch{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getX(), 1),
                                 dtype(op.getX()), dim(op.getRows(), 0)},
                  {in(op.getX()), in(op.getRowSlot()), out(op.getRows())});
  }

  LogicalResult lower(ir::CombineOp op) {
    int64_t tokens = dim(op.getOut(), 0);
    spec::Combine spec{tokens,
                       dim(op.getSlotRow(), 0) / tokens,
                       dim(op.getOut(), 1),
                       bool(op.getWeights()),
                       dtype(op.getOut()),
                       dim(op.getRows(), 0)};
    SmallVector<Value> arguments = {in(op.getRows()), in(op.getSlotRow())};
    if (op.getWeights())
      arguments.push_back(in(op.getWeights()));
    arguments.push_back(out(op.getOut()));
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::CombineGradOp op) {
    int64_t tokens = dim(op.getDout(), 0);
    spec::CombineGrad spec{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getDout(), 1),
                           dtype(op.getDout()), dim(op.getRows(), 0)};
    return launch(op, spec,
                  {in(op.getDout()), in(op.getRows()), in(op.getWeights()), in(op.getRowSlot()),
                   in(op.getSlotRow()), out(op.getDrows()), out(op.getDweights())});
  }

  LogicalResult lower(ir::GroupedMatmulOp op) {
    spec::GroupedGemm spec{dim(op.getW(), 0), dim(op.getX(), 0),  dim(op.getOut(), 1),
                           dim(op.getX(), 1), op.getTransposeB(), dtype(op.getX())};
    return launch(op, spec, {in(op.getX()), in(op.getW()), in(op.getOffsets()), out(op.getOut())});
  }

  LogicalResult lower(ir::GroupedMatmulGradOp op) {
    FailureOr<GradientTarget> target = accumulated(op, op.getDw());
    if (failed(target))
      return failure();
    spec::GroupedGemmGrad spec{dim(op.getDw(), 0), dim(op.getA(), 0), dim(op.getA(), 1),
                               dim(op.getB(), 1),  dtype(op.getA()),  dtype(op.getDw())};
    return launch(
        op, spec,
        {in(op.getA()), in(op.getB()), in(op.getOffsets()), target->beta, target->gradient});
  }

  LogicalResult lower(ir::ShiftLabelsOp op) {
    return launch(
        op, spec::ShiftLabels{elements(op.getIds()), int64_t(op.getSeqLen()), int64_t(op.getBy())},
        {in(op.getIds()), in(op.getMask()), in(op.getDocumentStart()), out(op.getLabels()),
         out(op.getWeights())});
  }

  template <typename Op> LossBuffers lossBuffers(Op op) {
    return {in(op.getX()),       in(op.getW()),          in(op.getLabels()),
            in(op.getWeights()), out(op.getTokenLoss()), out(op.getLossSum())};
  }

  LogicalResult lower(ir::LmLossOp op) {
    products.loss(op.getLoc(), lossBuffers(op), std::nullopt);
    return success();
  }

  LogicalResult lower(ir::LmLossGradOp op) {
    FailureOr<GradientTarget> target = accumulated(op, op.getDw());
    if (failed(target))
      return failure();
    products.loss(op.getLoc(), lossBuffers(op),
                  LossGradient{in(op.getScale()), out(op.getDx()), *target});
    return success();
  }

  LogicalResult lower(ir::TakeRowsOp op) {
    return launch(
        op,
        spec::TakeRows{dim(op.getX(), 0), dim(op.getOut(), 0), dim(op.getX(), 1), dtype(op.getX())},
        {in(op.getX()), in(op.getChunk()), out(op.getOut())});
  }

  LogicalResult lower(ir::SumOfSquaresOp op) {
    return launch(op, spec::SumOfSquares{elements(op.getX()), dtype(op.getX())},
                  {in(op.getX()), out(op.getPartial())});
  }

  LogicalResult lower(ir::GlobalNormOp op) {
    spec::GlobalNorm spec;
    SmallVector<Value> arguments;
    for (Value partial : op.getPartials()) {
      spec.sizes.push_back(elements(partial));
      arguments.push_back(in(partial));
    }
    arguments.append({in(op.getMaxNorm()), out(op.getNorm()), out(op.getClip())});
    return launch(op, spec, arguments);
  }

  LogicalResult lower(ir::AdamWOp op) {
    Value parameter = buffers.symbol(op.getParameter()),
          gradient = buffers.symbol(op.getGradient());
    auto type = cast<MemRefType>(parameter.getType());
    spec::AdamW spec{type.getNumElements(), buffers.parameter(op.getParameter()).getDecay(),
                     op.getMaster().has_value(), dtypeOf(type.getElementType()),
                     dtypeOf(cast<MemRefType>(gradient.getType()).getElementType())};
    Value master = op.getMaster() ? buffers.symbol(*op.getMaster()) : parameter;
    SmallVector<Value> arguments = {gradient, in(op.getHyper()), in(op.getClip()), master};
    arguments.append({buffers.symbol(op.getMoment1()), buffers.symbol(op.getMoment2())});
    if (op.getMaster())
      arguments.push_back(parameter);
    return launch(op, spec, arguments);
  }

  /// The last argument of a spec with a workspace.
  Value workspaceOf(Operation *op, const spec::KernelSpec &spec) {
    spec::Argument last = spec::arguments(spec).back();
    assert(last.name == "workspace" && "the spec has a workspace");
    return buffers.workspace(op->getLoc(), last.elements, last.type);
  }

  StepBuilder &steps;
  BufferAssignment &buffers;
  ProductSteps products;
};

struct SelectKernelsPass : impl::SelectKernelsPassBase<SelectKernelsPass> {
  using SelectKernelsPassBase::SelectKernelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::unique_ptr<TargetPolicy> policy = TargetPolicy::create(target);
    if (!policy) {
      module.emitError() << "this build has no target '" << target << "'";
      return signalPassFailure();
    }
    if (failed(checkPrograms(module)))
      return signalPassFailure();
    StepBuilder steps(module, [&](const spec::KernelSpec &spec) { return policy->choose(spec); });
    BufferAssignment buffers(module, steps);
    buffers.declareSymbols();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      steps.beginProgram(function.getSymName(), function.getLoc());
      buffers.beginProgram(function);
      ProgramSelector selector(*policy, steps, buffers);
      for (Operation &op : function.front())
        if (failed(selector.select(&op)))
          return signalPassFailure();
    }
    replaceSymbols();
  }

  /// Programs, buffers and parameters of the plan dialect take the place of what they came from.
  void replaceSymbols() {
    ModuleOp module = getOperation();
    llvm::StringSet<> states;
    for (auto state : module.getOps<ir::StateOp>())
      states.insert(state.getSymName());
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      auto state = [&](ir::StateRole role) {
        std::string name = stateName(role, parameter.getSymName());
        return states.contains(name) ? FlatSymbolRefAttr::get(&getContext(), name)
                                     : FlatSymbolRefAttr();
      };
      planir::ParameterOp::create(builder, parameter.getLoc(), parameter.getSymName(),
                                  parameter.getTrained(), state(ir::StateRole::Gradient),
                                  state(ir::StateRole::Master), state(ir::StateRole::Moment1),
                                  state(ir::StateRole::Moment2), parameter.getParts());
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, ir::ParameterOp, ir::StateOp, ir::CarriedOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace step37
