// Steps of rotary tables, head norms and attention.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::RopeTableOp op) {
  return select.launch(
      op, spec::RopeTable{dim(op.getTable(), 0), std::vector<double>(op.getFrequencies())},
      {select.out(op.getTable())});
}

/// The fields that qk_norm_rope and its gradient share.
template <typename Spec, typename Op>
Spec headsSpec(KernelSelector &select, Op op, Value q, Value k) {
  Spec spec;
  spec.tokens = dim(op.getQ(), 0);
  spec.seq_len = op.getSeqLen();
  spec.head_dim = op.getHeadDim();
  spec.heads = dim(op.getQ(), 1) / spec.head_dim;
  spec.groups = dim(op.getK(), 1) / spec.head_dim;
  spec.rotary_dim = op.getTable() ? dim(op.getTable(), 1) : 0;
  spec.q_stride = select.strideOf(q);
  spec.k_stride = select.strideOf(k);
  spec.normalize = bool(op.getQWeight());
  spec.eps = number(op.getEps());
  spec.type = dtype(op.getQ());
  return spec;
}

template <typename Op>
void appendNormAndTable(KernelSelector &select, Op op, SmallVectorImpl<Value> &arguments) {
  if (op.getQWeight())
    arguments.append({select.in(op.getQWeight()), select.in(op.getKWeight())});
  if (op.getTable())
    arguments.push_back(select.in(op.getTable()));
  arguments.push_back(select.in(op.getDocumentStart()));
}

LogicalResult lower(KernelSelector &select, ir::QkNormRopeOp op) {
  if (failed(requireOffsetOne(op)))
    return failure();
  Value q = select.in(op.getQ()), k = select.in(op.getK());
  auto spec = headsSpec<spec::QkNormRope>(select, op, q, k);
  SmallVector<Value> arguments = {q, k};
  appendNormAndTable(select, op, arguments);
  arguments.append({select.out(op.getQOut()), select.out(op.getKOut())});
  if (op.getInverseRms())
    arguments.push_back(select.out(op.getInverseRms()));
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::QkNormRopeGradOp op) {
  if (failed(requireOffsetOne(op)))
    return failure();
  Value q = select.in(op.getQ()), k = select.in(op.getK()), dq = select.out(op.getDq()),
        dk = select.out(op.getDk());
  auto spec = headsSpec<spec::QkNormRopeGrad>(select, op, q, k);
  spec.dq_stride = select.strideOf(dq);
  spec.dk_stride = select.strideOf(dk);
  SmallVector<Value> arguments = {select.in(op.getDqOut()), select.in(op.getDkOut()), q, k};
  appendNormAndTable(select, op, arguments);
  if (op.getInverseRms())
    arguments.push_back(select.in(op.getInverseRms()));
  spec.frozen = op.getQWeight() && !op.getDqWeight();
  if (!spec.sumsWeights()) {
    arguments.append({dq, dk});
    return select.launch(op, spec, arguments);
  }
  auto targets = select.accumulated(op, {op.getDqWeight(), op.getDkWeight()});
  if (failed(targets))
    return failure();
  spec.grad_type = dtype(op.getDqWeight());
  arguments.append({(*targets)[0].beta, dq, dk, (*targets)[0].gradient, (*targets)[1].gradient,
                    select.workspaceOf(op, spec)});
  return select.launch(op, spec, arguments);
}

/// The fields that attention and its gradient share.
template <typename Spec, typename Op>
Spec attentionSpec(KernelSelector &select, Op op, Value v, Value gate) {
  Spec spec;
  spec.tokens = dim(op.getQ(), 0);
  spec.seq_len = op.getSeqLen();
  spec.head_dim = op.getHeadDim();
  spec.heads = dim(op.getQ(), 1) / spec.head_dim;
  spec.groups = dim(op.getK(), 1) / spec.head_dim;
  spec.window = op.getWindow();
  spec.v_stride = select.strideOf(v);
  spec.gate_stride = gate ? select.strideOf(gate) : 0;
  spec.gated = bool(gate);
  spec.scale = number(op.getScale());
  spec.type = dtype(op.getQ());
  return spec;
}

LogicalResult lower(KernelSelector &select, ir::AttentionOp op) {
  Value v = select.in(op.getV()), gate = op.getGate() ? select.in(op.getGate()) : Value();
  SmallVector<Value> arguments = {select.in(op.getQ()), select.in(op.getK()), v};
  if (gate)
    arguments.push_back(gate);
  arguments.append(
      {select.in(op.getDocumentStart()), select.out(op.getOut()), select.out(op.getLse())});
  return select.launch(op, attentionSpec<spec::Attention>(select, op, v, gate), arguments);
}

LogicalResult lower(KernelSelector &select, ir::AttentionGradOp op) {
  Value v = select.in(op.getV()), gate = op.getGate() ? select.in(op.getGate()) : Value();
  auto spec = attentionSpec<spec::AttentionGrad>(select, op, v, gate);
  SmallVector<Value> arguments = {select.in(op.getDout()), select.in(op.getQ()),
                                  select.in(op.getK()), v};
  if (gate)
    arguments.push_back(gate);
  Value dv = select.out(op.getDv());
  spec.dv_stride = select.strideOf(dv);
  arguments.append({select.in(op.getDocumentStart()), select.in(op.getOut()),
                    select.in(op.getLse()), select.out(op.getDq()), select.out(op.getDk()), dv});
  if (gate) {
    Value dgate = select.out(op.getDgate());
    spec.dgate_stride = select.strideOf(dgate);
    arguments.push_back(dgate);
  }
  arguments.push_back(select.workspaceOf(op, spec));
  return select.launch(op, spec, arguments);
}

} // namespace

void addAttentionKernels(KernelTable &table) {
  table.add<ir::RopeTableOp>(lower);
  table.add<ir::QkNormRopeOp>(lower);
  table.add<ir::QkNormRopeGradOp>(lower);
  table.add<ir::AttentionOp>(lower);
  table.add<ir::AttentionGradOp>(lower);
}

} // namespace step37
