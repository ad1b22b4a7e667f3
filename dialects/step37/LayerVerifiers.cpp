// Verifiers of embeddings, norms, sums, products and the gated activation.
#include "dialects/step37/Verify.h"

#include <array>

using namespace mlir;

namespace step37::ir {
namespace {

LogicalResult verifySwiglu(Operation *op, double limit, ValueRange values) {
  return require(op, limit >= 0 && sameType(values.front(), values), "C1",
                 "limit must not be negative and operands and results must have one type");
}

} // namespace

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
          (!getDweight() || rows(getDweight()) == cols(getDy())) &&
          rows(getInverseRms()) == rows(getDy()),
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

LogicalResult SwigluOp::verify() {
  return verifySwiglu(*this, getLimit().convertToDouble(), {getGate(), getUp(), getOut()});
}

LogicalResult SwigluGradOp::verify() {
  return verifySwiglu(*this, getLimit().convertToDouble(),
                      {getDout(), getGate(), getUp(), getDgate(), getDup()});
}

} // namespace step37::ir
