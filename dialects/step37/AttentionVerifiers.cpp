// Verifiers of rotary tables, head norms and attention.
#include "dialects/step37/Verify.h"

#include <array>

using namespace mlir;

namespace step37::ir {
namespace {

/// Attention-like operands: C1 to C3 of `attention`, C1 and C4 of `qk_norm_rope`.
LogicalResult verifyHeads(Operation *op, Value q, Value k, int64_t headDim) {
  bool divides = headDim > 0 && cols(q) % headDim == 0 && cols(k) % headDim == 0 && cols(q) > 0;
  return require(op,
                 divides && rows(q) == rows(k) && cols(k) > 0 && cols(q) % cols(k) == 0 &&
                     element(q) == element(k),
                 "C1", "q and k must be [tokens, heads·head_dim] and [tokens, groups·head_dim]");
}

LogicalResult verifyRows(Operation *op, Value q, Value documentStart, int64_t seqLen,
                         StringRef constraint) {
  return require(op, seqLen > 0 && rows(q) % seqLen == 0 && rows(documentStart) == rows(q),
                 constraint,
                 "seq_len must divide the tokens and document_start have one entry a token");
}

/// C2 and C3 of `qk_norm_rope`.
LogicalResult verifyNormAndTable(Operation *op, Value q, Value k, Value qWeight, Value kWeight,
                                 Value inverseRms, Value table, int64_t headDim, int64_t seqLen) {
  bool together = bool(qWeight) == bool(kWeight) && bool(qWeight) == bool(inverseRms);
  if (together && qWeight)
    together = rows(qWeight) == headDim && rows(kWeight) == headDim &&
               sameElement(q, {qWeight, kWeight}) && rows(inverseRms) == rows(q) &&
               cols(inverseRms) == (cols(q) + cols(k)) / headDim;
  if (failed(require(
          op, together, "C2",
          "q_weight, k_weight [head_dim] and inverse_rms [tokens, heads+groups] must be there "
          "together")))
    return failure();
  return require(
      op, !table || (rows(table) == seqLen && cols(table) % 2 == 0 && cols(table) <= headDim), "C3",
      "the table must be [seq_len, rotary_dim] with an even rotary_dim up to head_dim");
}

LogicalResult verifyAttention(Operation *op, Value q, Value k, Value v, Value gate,
                              Value documentStart, Value out, Value lse, int64_t seqLen,
                              int64_t headDim, int64_t window) {
  if (failed(verifyHeads(op, q, k, headDim)) ||
      failed(require(op, v.getType() == k.getType() && out.getType() == q.getType(), "C1",
                     "v must be like k and out like q")))
    return failure();
  int64_t heads = cols(q) / headDim;
  std::array<int64_t, 2> perHead{rows(q), heads};
  if (failed(require(op,
                     shape(lse) == Shape(perHead) &&
                         (!gate || (shape(gate) == Shape(perHead) && element(gate) == element(q))),
                     "C2", "gate, of q's element type, and lse must be [tokens, heads]")) ||
      failed(require(op, window >= 0, "C3", "window must not be negative")))
    return failure();
  return verifyRows(op, q, documentStart, seqLen, "C3");
}

} // namespace

LogicalResult RopeTableOp::verify() {
  return require(
      *this, !getFrequencies().empty() && cols(getTable()) == 2 * int64_t(getFrequencies().size()),
      "C1", "the table must have a cosine and a sine for every frequency");
}

LogicalResult QkNormRopeOp::verify() {
  if (failed(verifyHeads(*this, getQ(), getK(), getHeadDim())) ||
      failed(require(
          *this, getQOut().getType() == getQ().getType() && getKOut().getType() == getK().getType(),
          "C1", "results must be like q and k")) ||
      failed(verifyNormAndTable(*this, getQ(), getK(), getQWeight(), getKWeight(), getInverseRms(),
                                getTable(), getHeadDim(), getSeqLen())))
    return failure();
  return verifyRows(*this, getQ(), getDocumentStart(), getSeqLen(), "C4");
}

LogicalResult QkNormRopeGradOp::verify() {
  auto likeWeight = [](Value gradient, Value weight) {
    return !gradient || (weight && shape(gradient) == shape(weight));
  };
  if (failed(verifyHeads(*this, getQ(), getK(), getHeadDim())) ||
      failed(require(
          *this,
          sameType(getQ(), {getDq(), getDqOut()}) && sameType(getK(), {getDk(), getDkOut()}) &&
              bool(getDqWeight()) == bool(getDkWeight()) &&
              likeWeight(getDqWeight(), getQWeight()) && likeWeight(getDkWeight(), getKWeight()),
          "C1", "gradients must be like q, k and the weights, both of them or none")) ||
      failed(verifyNormAndTable(*this, getQ(), getK(), getQWeight(), getKWeight(), getInverseRms(),
                                getTable(), getHeadDim(), getSeqLen())))
    return failure();
  return verifyRows(*this, getQ(), getDocumentStart(), getSeqLen(), "C4");
}

LogicalResult AttentionOp::verify() {
  return verifyAttention(*this, getQ(), getK(), getV(), getGate(), getDocumentStart(), getOut(),
                         getLse(), getSeqLen(), getHeadDim(), getWindow());
}

LogicalResult AttentionGradOp::verify() {
  if (failed(verifyAttention(*this, getQ(), getK(), getV(), getGate(), getDocumentStart(), getOut(),
                             getLse(), getSeqLen(), getHeadDim(), getWindow())))
    return failure();
  bool gates = bool(getDgate()) == bool(getGate()) &&
               (!getGate() || getDgate().getType() == getGate().getType());
  return require(*this,
                 gates && sameType(getQ(), {getDq(), getDout()}) &&
                     sameType(getK(), {getDk(), getDv()}),
                 "C1", "gradients must be like their operands");
}

} // namespace step37::ir
