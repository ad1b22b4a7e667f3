// Verifiers of the operations of VisionOps.td; test/dialects/step37-vision-invalid.mlir has a case
// for each constraint.
#include "dialects/step37/ImageGrids.h"
#include "dialects/step37/Verify.h"

#include <array>
#include <cmath>

using namespace mlir;

namespace step37::ir {
namespace {

constexpr int64_t windowSize = 9; // of unfold

/// Whether a value has one row for every token of the grids, of one batch or of several.
bool hasTokens(Value value, Shape grids, bool classToken) {
  int64_t tokens = imageTokens(grids, classToken);
  return tokens > 0 && rows(value) > 0 && rows(value) % tokens == 0;
}

/// Whether that many batches can share the rows equally.
bool areBatches(int64_t batches, ArrayRef<int64_t> rowCounts) {
  return batches > 0 && llvm::all_of(rowCounts, [&](int64_t rows) { return rows % batches == 0; });
}

/// A row of `matrix`'s width and element type.
bool isRowOf(Value row, Value matrix) {
  return rows(row) == cols(matrix) && element(row) == element(matrix);
}

LogicalResult verifyWindows(Operation *op, Value tokens, StringRef tokensName, Value windows,
                            StringRef windowsName, Shape grids, bool classToken) {
  if (failed(require(op, hasTokens(tokens, grids, classToken), "C1",
                     tokensName + " must have a row for every token of grids")))
    return failure();
  int64_t batches = rows(tokens) / imageTokens(grids, classToken);
  return require(op,
                 rows(windows) == batches * imageTokens(halvedGrids(grids), false) &&
                     cols(windows) == windowSize * cols(tokens) && sameElement(tokens, {windows}),
                 "C2", windowsName + " must be [tokens of the halved grids, 9·channels]");
}

/// C2 and C3 of add_positions; `sameTypes` where element types count.
LogicalResult verifyPositions(Operation *op, Value x, Value table, Value classEmbedding,
                              bool sameTypes) {
  if (table) {
    int64_t square = rows(table) - (classEmbedding ? 1 : 0);
    auto side = int64_t(std::llround(std::sqrt(double(square))));
    bool fits = square > 0 && side * side == square && cols(table) == cols(x) &&
                (!sameTypes || element(table) == element(x));
    if (failed(require(op, fits, "C2",
                       "the table must be [a square, plus 1 with a class embedding, width]")))
      return failure();
  }
  return require(op, table || classEmbedding, "C3", "there must be a table or a class embedding");
}

LogicalResult verifyImageAttention(Operation *op, Value q, ValueRange others, Value lse,
                                   Shape grids, bool classToken, int64_t headDim) {
  bool heads = headDim > 0 && cols(q) % headDim == 0;
  return require(op,
                 heads && hasTokens(q, grids, classToken) && sameType(q, others) &&
                     rows(lse) == rows(q) && cols(lse) == cols(q) / headDim,
                 "C1",
                 "q, k, v and out must be [tokens of grids, heads·head_dim], lse [tokens, heads]");
}

LogicalResult verifyBroadcast(Operation *op, Value x, Value row, StringRef name, Value out) {
  return require(op, out.getType() == x.getType() && isRowOf(row, x), "C1",
                 "out must be like x, and " + name + " [cols] of its element type");
}

} // namespace

LogicalResult PatchesOp::verify() {
  int64_t patch = getPatch(), tokens = 0;
  bool fits = !getImages().empty() && patch > 0;
  for (Value image : getImages()) {
    Shape size = shape(image);
    fits = fits && size[1] == shape(getImages().front())[1] && size[2] % patch == 0 &&
           size[3] % patch == 0 && areBatches(getBatches(), size[0]);
    if (fits)
      tokens += size[0] * (size[2] / patch * (size[3] / patch) + int64_t(getClassToken()));
  }
  if (failed(require(*this, fits, "C1",
                     "there must be images, all of as many channels and of sides that are "
                     "multiples of patch, and their number one of batches")))
    return failure();
  return require(*this,
                 rows(getOut()) == tokens &&
                     cols(getOut()) == shape(getImages().front())[1] * patch * patch,
                 "C2", "out must be [tokens of all images, channels·patch²]");
}

LogicalResult UnfoldOp::verify() {
  return verifyWindows(*this, getX(), "x", getOut(), "out", getGrids(), getClassToken());
}

LogicalResult FoldOp::verify() {
  return verifyWindows(*this, getOut(), "out", getX(), "x", getGrids(), getClassToken());
}

LogicalResult AddPositionsOp::verify() {
  bool fits = getOut().getType() == getX().getType() &&
              hasTokens(getX(), getGrids(), bool(getClassEmbedding())) &&
              (!getClassEmbedding() || isRowOf(getClassEmbedding(), getX()));
  if (failed(require(*this, fits, "C1",
                     "x and out must have a row for every token of grids, and the class embedding "
                     "their width and element type")))
    return failure();
  return verifyPositions(*this, getX(), getTable(), getClassEmbedding(), true);
}

LogicalResult AddPositionsGradOp::verify() {
  bool fits = hasTokens(getDout(), getGrids(), bool(getDclassEmbedding())) &&
              (!getDclassEmbedding() || rows(getDclassEmbedding()) == cols(getDout()));
  if (failed(require(*this, fits, "C1",
                     "dout must have a row for every token of grids, and the class embedding's "
                     "gradient its width")))
    return failure();
  return verifyPositions(*this, getDout(), getDtable(), getDclassEmbedding(), false);
}

LogicalResult AxialRopeTableOp::verify() {
  return require(*this,
                 !getFrequencies().empty() &&
                     rows(getTable()) == imageTokens(getGrids(), getClassToken()) &&
                     cols(getTable()) == 4 * int64_t(getFrequencies().size()),
                 "C1", "the table must be [tokens of grids, 4·frequencies]");
}

LogicalResult RotatePairsOp::verify() {
  int64_t headDim = getHeadDim();
  if (failed(require(*this,
                     headDim > 0 && headDim % 2 == 0 && cols(getX()) % headDim == 0 &&
                         getOut().getType() == getX().getType(),
                     "C1", "x and out must be [rows, heads·head_dim] with an even head_dim")))
    return failure();
  return require(*this,
                 rows(getTable()) > 0 && rows(getX()) % rows(getTable()) == 0 &&
                     cols(getTable()) == headDim,
                 "C2", "the table must be [rows of a batch, head_dim]");
}

LogicalResult LayerNormOp::verify() {
  return require(*this,
                 getY().getType() == getX().getType() && isRowOf(getWeight(), getX()) &&
                     isRowOf(getBias(), getX()) && rows(getMean()) == rows(getX()) &&
                     rows(getInverseDeviation()) == rows(getX()),
                 "C1",
                 "y must be like x, weight and bias [cols], mean and inverse_deviation [rows]");
}

LogicalResult LayerNormGradOp::verify() {
  return require(*this,
                 sameType(getDy(), {getX(), getDx()}) && isRowOf(getWeight(), getDy()) &&
                     rows(getDweight()) == cols(getDy()) && rows(getDbias()) == cols(getDy()) &&
                     rows(getMean()) == rows(getDy()) &&
                     rows(getInverseDeviation()) == rows(getDy()),
                 "C1",
                 "dy, x, dx [rows, cols], weight, dweight, dbias [cols], mean, inverse_deviation "
                 "[rows]");
}

LogicalResult AddBiasOp::verify() {
  return verifyBroadcast(*this, getX(), getBias(), "bias", getOut());
}

LogicalResult ScaleColumnsOp::verify() {
  return verifyBroadcast(*this, getX(), getScale(), "scale", getOut());
}

LogicalResult ColumnSumsOp::verify() {
  return require(
      *this, rows(getSums()) == cols(getA()) && (!getB() || getB().getType() == getA().getType()),
      "C1", "b must be like a, and sums have an entry a column");
}

LogicalResult SliceColumnsOp::verify() {
  int64_t total = 0;
  bool fits = !getParts().empty();
  for (Value part : getParts()) {
    fits = fits && rows(part) == rows(getX()) && element(part) == element(getX());
    total += cols(part);
  }
  return require(*this, fits && total == cols(getX()), "C1",
                 "the parts must have x's rows and element type, and its columns together");
}

LogicalResult ImageAttentionOp::verify() {
  return verifyImageAttention(*this, getQ(), {getK(), getV(), getOut()}, getLse(), getGrids(),
                              getClassToken(), getHeadDim());
}

LogicalResult ImageAttentionGradOp::verify() {
  return verifyImageAttention(*this, getQ(),
                              {getK(), getV(), getOut(), getDout(), getDq(), getDk(), getDv()},
                              getLse(), getGrids(), getClassToken(), getHeadDim());
}

LogicalResult MergeRowsOp::verify() {
  bool fits = getOut().getType() == getX().getType() &&
              (!getSource() ||
               (cols(getSource()) == cols(getX()) && element(getSource()) == element(getX())));
  if (failed(require(*this, fits, "C1",
                     "out must be like x, and the source of its width and element type")))
    return failure();
  if (failed(require(*this,
                     rows(getIndex()) == rows(getX()) &&
                         (!getSource() || rows(getInverse()) == rows(getSource())),
                     "C2", "index must have an entry a row of x, inverse one a row of the source")))
    return failure();
  return require(*this, areBatches(getBatches(), {rows(getX()), rows(getInverse())}), "C3",
                 "batches must divide the rows of x and of the source");
}

LogicalResult GatherRowsOp::verify() {
  if (failed(require(*this, cols(getOut()) == cols(getX()) && sameElement(getX(), {getOut()}), "C1",
                     "out must have x's width and element type")))
    return failure();
  if (failed(require(*this,
                     rows(getIndex()) == rows(getOut()) && rows(getInverse()) == rows(getX()), "C2",
                     "index must be as long as out, inverse as x")))
    return failure();
  return require(*this, areBatches(getBatches(), {rows(getX()), rows(getOut())}), "C3",
                 "batches must divide the rows of x and of out");
}

} // namespace step37::ir
