// Steps of rotary tables, head norms and attention.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::RopeTableOp op) {
  return select.launch(
      op, spec::RopeTable{dim(op.getTable(), 0), std::vector<double>(op.getFrequencies())},
      {.table = select.out(op.getTable())});
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
  spec.weight_offset = number(op.getWeightOffset());
  spec.type = dtype(op.getQ());
  return spec;
}

LogicalResult lower(KernelSelector &select, ir::QkNormRopeOp op) {
  Value q = select.in(op.getQ()), k = select.in(op.getK());
  auto spec = headsSpec<spec::QkNormRope>(select, op, q, k);
  return select.launch(op, spec,
                       {.q = q,
                        .k = k,
                        .q_weight = select.inIfAny(op.getQWeight()),
                        .k_weight = select.inIfAny(op.getKWeight()),
                        .table = select.inIfAny(op.getTable()),
                        .document_start = select.in(op.getDocumentStart()),
                        .q_out = select.out(op.getQOut()),
                        .k_out = select.out(op.getKOut()),
                        .inverse_rms = select.outIfAny(op.getInverseRms())});
}

LogicalResult lower(KernelSelector &select, ir::QkNormRopeGradOp op) {
  Value q = select.in(op.getQ()), k = select.in(op.getK()), dq = select.out(op.getDq()),
        dk = select.out(op.getDk());
  auto spec = headsSpec<spec::QkNormRopeGrad>(select, op, q, k);
  spec.dq_stride = select.strideOf(dq);
  spec.dk_stride = select.strideOf(dk);
  spec.frozen = op.getQWeight() && !op.getDqWeight();
  GradientTarget dqWeight, dkWeight;
  if (spec.sumsWeights()) {
    auto targets = select.accumulated(op, {op.getDqWeight(), op.getDkWeight()});
    if (failed(targets))
      return failure();
    dqWeight = targets->front();
    dkWeight = targets->back();
    spec.grad_type = dtype(op.getDqWeight());
  }
  return select.launch(op, spec,
                       {.dq_out = select.in(op.getDqOut()),
                        .dk_out = select.in(op.getDkOut()),
                        .q = q,
                        .k = k,
                        .q_weight = select.inIfAny(op.getQWeight()),
                        .k_weight = select.inIfAny(op.getKWeight()),
                        .table = select.inIfAny(op.getTable()),
                        .document_start = select.in(op.getDocumentStart()),
                        .inverse_rms = select.inIfAny(op.getInverseRms()),
                        .beta = dqWeight.beta,
                        .dq = dq,
                        .dk = dk,
                        .dq_weight = dqWeight.gradient,
                        .dk_weight = dkWeight.gradient,
                        .workspace = select.workspaceOf(op, spec)});
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
  return select.launch(op, attentionSpec<spec::Attention>(select, op, v, gate),
                       {.q = select.in(op.getQ()),
                        .k = select.in(op.getK()),
                        .v = v,
                        .gate = gate,
                        .document_start = select.in(op.getDocumentStart()),
                        .out = select.out(op.getOut()),
                        .lse = select.out(op.getLse())});
}

LogicalResult lower(KernelSelector &select, ir::AttentionGradOp op) {
  Value v = select.in(op.getV()), gate = op.getGate() ? select.in(op.getGate()) : Value();
  auto spec = attentionSpec<spec::AttentionGrad>(select, op, v, gate);
  Value dq = select.out(op.getDq()), dk = select.out(op.getDk()), dv = select.out(op.getDv()),
        dgate = gate ? select.out(op.getDgate()) : Value();
  spec.dv_stride = select.strideOf(dv);
  if (dgate)
    spec.dgate_stride = select.strideOf(dgate);
  return select.launch(op, spec,
                       {.dout = select.in(op.getDout()),
                        .q = select.in(op.getQ()),
                        .k = select.in(op.getK()),
                        .v = v,
                        .gate = gate,
                        .document_start = select.in(op.getDocumentStart()),
                        .out = select.in(op.getOut()),
                        .lse = select.in(op.getLse()),
                        .dq = dq,
                        .dk = dk,
                        .dv = dv,
                        .dgate = dgate,
                        .workspace = select.workspaceOf(op, spec)});
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
