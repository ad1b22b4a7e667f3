// Verifiers of the step37 dialect. The constraint numbers are those of the descriptions in
// Step37Ops.td; test/dialects/step37-invalid.mlir has a case for each.
#include "dialects/step37/Step37Dialect.h"

#include <array>

using namespace mlir;
using Shape = ArrayRef<int64_t>;

namespace step37::ir {
namespace {

Shape shape(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
Type element(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }
int64_t rows(Value value) { return shape(value)[0]; }
int64_t cols(Value value) { return shape(value)[1]; }

LogicalResult require(Operation *op, bool holds, StringRef constraint, const Twine &message) {
  if (holds)
    return success();
  return op->emitOpError() << "violates " << constraint << ": " << message;
}

bool sameType(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return other.getType() == reference.getType(); });
}

bool sameElement(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return element(other) == element(reference); });
}

/// The symbol of this kind that `op` names, or null.
template <typename Symbol>
Symbol lookup(SymbolTableCollection &tables, Operation *op, FlatSymbolRefAttr symbol) {
  return symbol ? tables.lookupNearestSymbolFrom<Symbol>(op, symbol) : Symbol();
}

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

LogicalResult verifySwiglu(Operation *op, double limit, ValueRange values) {
  return require(op, limit >= 0 && sameType(values.front(), values), "C1",
                 "limit must not be negative and operands and results must have one type");
}

LogicalResult verifyExpertRows(Operation *op, Value rowsValue, Value tokens, Value rowSlot,
                               Value slotRow) {
  return require(op,
                 rows(rowSlot) == rows(rowsValue) && rows(rowsValue) <= rows(slotRow) &&
                     rows(tokens) > 0 && rows(slotRow) % rows(tokens) == 0 &&
                     cols(rowsValue) == cols(tokens) && element(rowsValue) == element(tokens),
                 "C1",
                 "rows and row_slot must have one length, at most that of slot_row, tokens·top_k, "
                 "and rows the tokens' width and type");
}

LogicalResult verifyLoss(Operation *op, Value x, Value w, Value labels, Value weights,
                         Value lossSum, Value tokenLoss) {
  return require(
      op,
      cols(x) == cols(w) && element(x) == element(w) && rows(labels) == rows(x) &&
          rows(weights) == rows(x) && rows(tokenLoss) == rows(x) && rows(lossSum) == 1,
      "C1",
      "x [tokens, width], w [vocab, width], labels, weights, token_loss [tokens], loss_sum [1]");
}

} // namespace

LogicalResult ParameterOp::verify() {
  int64_t total = getTensorType().getNumElements(), covered = 0;
  for (auto part : getParts().getAsRange<PartAttr>()) {
    StringRef name = part.getName().getValue();
    Type type = part.getElementType();
    if (failed(require(*this, type.isF32() || type.isBF16(), "C3",
                       "part " + name + " must be published in f32 or bf16")))
      return failure();
    // Nothing below overflows: elements never exceed the parameter's, nor begin and strides.
    int64_t elements = 1;
    for (int64_t size : part.getShape())
      elements = size > 0 && size <= total / elements ? elements * size : total + 1;
    int64_t blocks = part.getBlocks(), begin = part.getBegin(), stride = part.getStride();
    if (failed(require(*this, blocks > 0 && (elements > total || elements % blocks == 0), "C2",
                       "blocks must divide the elements of part " + name)))
      return failure();
    int64_t block = elements / blocks;
    bool inside = elements <= total && begin >= 0 && begin <= total - block;
    if (inside && blocks > 1)
      inside = stride >= block && blocks - 1 <= (total - block - begin) / stride;
    if (failed(require(*this, inside, "C1", "part " + name + " must lie inside the parameter")))
      return failure();
    covered += elements;
  }
  return require(*this, covered == total, "C1", "the parts must cover the parameter");
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  bool activation = getRole() == StateRole::Activation;
  if (failed(require(*this, activation == !getOf(), "C1",
                     "`of` belongs to every role but activation")))
    return failure();
  if (!activation) {
    auto parameter = lookup<ParameterOp>(tables, *this, getOfAttr());
    bool part = getPartial() && getRole() != StateRole::Gradient && getTensorType().getRank() == 1;
    if (failed(require(*this,
                       parameter && (part || parameter.getTensorType().getShape() ==
                                                 getTensorType().getShape()),
                       "C1", "`of` must name a parameter of the same shape")))
      return failure();
  }
  bool f32 = getTensorType().getElementType().isF32();
  return require(*this, activation || getRole() == StateRole::Gradient || f32, "C2",
                 "masters and moments are f32");
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  Type type;
  if (auto parameter = lookup<ParameterOp>(tables, *this, getSymbolAttr()))
    type = parameter.getTensorType();
  else if (auto state = lookup<StateOp>(tables, *this, getSymbolAttr()))
    type = state.getTensorType();
  return require(*this, type == getValue().getType(), "C1",
                 "the symbol must be a parameter or state of the result's type");
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = lookup<StateOp>(tables, *this, getSymbolAttr());
  return require(*this, state && state.getTensorType() == getValue().getType(), "C1",
                 "the symbol must be a state of the value's type");
}

LogicalResult AccumulateGradientOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = lookup<StateOp>(tables, *this, getGradientAttr());
  return require(*this,
                 state && state.getRole() == StateRole::Gradient &&
                     state.getTensorType().getShape() == shape(getValue()),
                 "C1", "the symbol must be a gradient of the value's shape");
}

LogicalResult EmbeddingOp::verify() {
  std::array<int64_t, 2> expected{rows(getIds()), cols(getTable())};
  return require(*this,
                 shape(getOut()) == Shape(expected) && element(getOut()) == element(getTable()),
                 "C1", "out must be [tokens, width] of the table's type");
}

LogicalResult EmbeddingGradOp::verify() {
  return require(*this, rows(getIds()) == rows(getDout()) && cols(getDtable()) == cols(getDout()),
                 "C1", "dtable must have dout's width, ids one entry a row of dout");
}

LogicalResult RmsNormOp::verify() {
  if (failed(require(
          *this,
          !getAddends().empty() && sameType(getY(), getAddends()) &&
              rows(getWeight()) == cols(getY()) && element(getWeight()) == element(getY()) &&
              rows(getInverseRms()) == rows(getY()),
          "C1", "addends and y [rows, cols] of one type, weight [cols], inverse_rms [rows]")))
    return failure();
  bool sums = getAddends().size() > 1;
  return require(*this, sums == bool(getSum()) && (!sums || getSum().getType() == getY().getType()),
                 "C2", "`sum` belongs to more than one addend");
}

LogicalResult RmsNormGradOp::verify() {
  return require(
      *this,
      sameType(getDy(), {getX(), getDx()}) && sameType(getDy(), getResiduals()) &&
          rows(getWeight()) == cols(getDy()) && element(getWeight()) == element(getDy()) &&
          rows(getDweight()) == cols(getDy()) && rows(getInverseRms()) == rows(getDy()),
      "C1", "dy, x, dx, residuals [rows, cols], weight, dweight [cols], inverse_rms [rows]");
}

OpFoldResult AddOp::fold(FoldAdaptor) { return getValues().size() == 1 ? getValues()[0] : Value(); }

LogicalResult MatmulOp::verify() {
  Shape a = shape(getA()), b = shape(getB());
  int64_t m = a[getTransposeA() ? 1 : 0], k = a[getTransposeA() ? 0 : 1];
  int64_t kOfB = b[getTransposeB() ? 1 : 0], n = b[getTransposeB() ? 0 : 1];
  return require(*this, k == kOfB && rows(getC()) == m && cols(getC()) == n, "C1",
                 "op(a) [m, k] times op(b) [k, n] must give c [m, n]");
}

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
    return bool(gradient) == bool(weight) && (!weight || shape(gradient) == shape(weight));
  };
  if (failed(verifyHeads(*this, getQ(), getK(), getHeadDim())) ||
      failed(require(
          *this,
          sameType(getQ(), {getDq(), getDqOut()}) && sameType(getK(), {getDk(), getDkOut()}) &&
              likeWeight(getDqWeight(), getQWeight()) && likeWeight(getDkWeight(), getKWeight()),
          "C1", "gradients must be like q, k and the weights")) ||
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

LogicalResult SwigluOp::verify() {
  return verifySwiglu(*this, getLimit().convertToDouble(), {getGate(), getUp(), getOut()});
}

LogicalResult SwigluGradOp::verify() {
  return verifySwiglu(*this, getLimit().convertToDouble(),
                      {getDout(), getGate(), getUp(), getDgate(), getDup()});
}

LogicalResult RouteOp::verify() {
  bool shapes = rows(getLogits()) == rows(getWeights()) &&
                shape(getWeights()) == shape(getChosen()) &&
                shape(getWeights()) == shape(getScores()) &&
                (!getBias() || rows(getBias()) == cols(getLogits()));
  if (failed(require(
          *this, shapes, "C1",
          "logits [tokens, experts], bias [experts], weights, chosen, scores [tokens, top_k]")))
    return failure();
  return require(*this, cols(getWeights()) > 0 && cols(getWeights()) <= cols(getLogits()), "C2",
                 "top_k must be between 1 and the number of experts");
}

LogicalResult RouteGradOp::verify() {
  return require(*this,
                 getDlogits().getType() == getLogits().getType() &&
                     shape(getDweights()) == shape(getChosen()) &&
                     shape(getDweights()) == shape(getScores()) &&
                     rows(getDweights()) == rows(getLogits()),
                 "C1", "dlogits must be like logits, dweights and scores like chosen");
}

LogicalResult SortByExpertOp::verify() {
  int64_t slots = rows(getChosen()) * cols(getChosen());
  return require(*this,
                 rows(getSlotRow()) == slots && rows(getRowSlot()) > 0 &&
                     rows(getRowSlot()) <= slots && rows(getOffsets()) > 1,
                 "C1",
                 "slot_row must be [tokens·top_k], row_slot at most as long, offsets [experts+1]");
}

LogicalResult DispatchOp::verify() {
  return verifyExpertRows(*this, getRows(), getX(), getRowSlot(), getSlotRow());
}

LogicalResult CombineOp::verify() {
  if (failed(verifyExpertRows(*this, getRows(), getOut(), getRowSlot(), getSlotRow())))
    return failure();
  return require(*this,
                 !getWeights() || (rows(getWeights()) == rows(getOut()) &&
                                   rows(getWeights()) * cols(getWeights()) == rows(getSlotRow())),
                 "C1", "weights must be [tokens, top_k]");
}

LogicalResult CombineGradOp::verify() {
  if (failed(verifyExpertRows(*this, getRows(), getDout(), getRowSlot(), getSlotRow())))
    return failure();
  return require(*this,
                 getDrows().getType() == getRows().getType() &&
                     getDweights().getType() == getWeights().getType() &&
                     rows(getWeights()) == rows(getDout()) &&
                     rows(getWeights()) * cols(getWeights()) == rows(getSlotRow()),
                 "C1", "drows must be like rows, dweights like weights [tokens, top_k]");
}

LogicalResult GroupedMatmulOp::verify() {
  Shape w = shape(getW());
  int64_t n = w[getTransposeB() ? 1 : 2], k = w[getTransposeB() ? 2 : 1];
  return require(
      *this,
      cols(getX()) == k && cols(getOut()) == n && rows(getOut()) == rows(getX()) &&
          rows(getOffsets()) == w[0] + 1 && sameElement(getX(), {getW(), getOut()}),
      "C1",
      "x [rows, k], w [experts, n, k] or [experts, k, n], offsets [experts+1], out [rows, n]");
}

LogicalResult GroupedMatmulGradOp::verify() {
  std::array<int64_t, 3> expected{rows(getOffsets()) - 1, cols(getA()), cols(getB())};
  return require(*this,
                 rows(getA()) == rows(getB()) && element(getA()) == element(getB()) &&
                     shape(getDw()) == Shape(expected),
                 "C1", "a [rows, m], b [rows, n], offsets [experts+1] give dw [experts, m, n]");
}

LogicalResult ShiftLabelsOp::verify() {
  int64_t tokens = rows(getIds());
  bool same = llvm::all_of(ValueRange{getMask(), getDocumentStart(), getLabels(), getWeights()},
                           [&](Value value) { return rows(value) == tokens; });
  int64_t seqLen = getSeqLen();
  return require(
      *this, same && seqLen > 0 && tokens % seqLen == 0 && int64_t(getBy()) >= 1, "C1",
      "operands and results must be [tokens], seq_len divide tokens, and `by` be positive");
}

LogicalResult LmLossOp::verify() {
  return verifyLoss(*this, getX(), getW(), getLabels(), getWeights(), getLossSum(), getTokenLoss());
}

LogicalResult LmLossGradOp::verify() {
  if (failed(verifyLoss(*this, getX(), getW(), getLabels(), getWeights(), getLossSum(),
                        getTokenLoss())))
    return failure();
  return require(*this,
                 getDx().getType() == getX().getType() && shape(getDw()) == shape(getW()) &&
                     rows(getScale()) == 1,
                 "C1", "dx must be like x, dw like w, and scale [1]");
}

LogicalResult ObjectiveOp::verify() {
  bool single = llvm::all_of(getOperands(), [](Value value) { return rows(value) == 1; });
  return require(
      *this, single && !getLosses().empty() && getLosses().size() == getScales().size(), "C1",
      "there must be as many scales as losses, and at least one, all of them and beta [1]");
}

LogicalResult TakeRowsOp::verify() {
  if (failed(require(*this,
                     cols(getOut()) == cols(getX()) && element(getOut()) == element(getX()) &&
                         rows(getOut()) <= rows(getX()) && rows(getChunk()) == 1,
                     "C1", "out must be rows of x, and chunk [1]")))
    return failure();
  int64_t parts = getParts();
  return require(*this, parts > 0 && rows(getX()) % parts == 0 && rows(getOut()) % parts == 0, "C2",
                 "parts must divide the rows of x and out");
}

LogicalResult SumOfSquaresOp::verify() {
  int64_t elements = cast<RankedTensorType>(getX().getType()).getNumElements();
  return require(*this, rows(getPartial()) == (elements + block - 1) / block, "C1",
                 "partial must have one entry a block");
}

LogicalResult GlobalNormOp::verify() {
  bool single = llvm::all_of(ValueRange{getMaxNorm(), getNorm(), getClip()},
                             [](Value value) { return rows(value) == 1; });
  return require(*this, !getPartials().empty() && single, "C1",
                 "there must be a partial, and max_norm, norm and clip must be [1]");
}

LogicalResult AdamWOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto parameter = lookup<ParameterOp>(tables, *this, getParameterAttr());
  auto isState = [&](FlatSymbolRefAttr symbol, StateRole role) {
    auto state = lookup<StateOp>(tables, *this, symbol);
    return state && state.getRole() == role && state.getOfAttr() == getParameterAttr();
  };
  bool symbols = parameter && parameter.getTrained() &&
                 isState(getMoment1Attr(), StateRole::Moment1) &&
                 isState(getMoment2Attr(), StateRole::Moment2) &&
                 (!getMaster() || isState(getMasterAttr(), StateRole::Master));
  if (failed(
          require(*this, symbols, "C1", "the symbols must be a trained parameter and its states")))
    return failure();
  RankedTensorType type = parameter.getTensorType();
  auto updated = getUpdated() ? cast<RankedTensorType>(getUpdated().getType()) : type;
  int64_t states = lookup<StateOp>(tables, *this, getMoment1Attr()).getTensorType().getNumElements();
  bool sizes = states == updated.getNumElements() &&
               cast<RankedTensorType>(getGradient().getType()).getNumElements() == states &&
               updated.getElementType() == type.getElementType();
  if (failed(require(*this, sizes, "C1",
                     "states and gradient must have the elements that are updated")))
    return failure();
  bool ownMaster = type.getElementType().isF32() && !getUpdated();
  if (failed(require(*this, ownMaster == !getMaster(), "C2",
                     "a master belongs to a parameter that is not f32 or updated in parts")))
    return failure();
  return require(*this, rows(getHyper()) == 7 && rows(getClip()) == 1, "C3",
                 "hyper must have 7 elements, clip one");
}

} // namespace step37::ir
