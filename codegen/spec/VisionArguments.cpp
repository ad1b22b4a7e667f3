// The arguments of the kernels of a vision tower.
#include "codegen/spec/ArgumentList.h"

namespace step37::spec {
namespace {

Count countTokens(const std::vector<int64_t> &grids, bool classToken) {
  Count tokens = 0;
  for (size_t i = 0; i + 2 < grids.size(); i += 3)
    tokens = tokens + Count(grids[i]) * (Count(grids[i + 1]) * grids[i + 2] + int64_t(classToken));
  return tokens;
}

constexpr int64_t window = 9; // of Unfold and Fold

} // namespace

int64_t gridTokens(const std::vector<int64_t> &grids, bool class_token) {
  return countTokens(grids, class_token).value;
}

std::vector<int64_t> halvedGrids(std::vector<int64_t> grids) {
  for (size_t i = 0; i < grids.size(); ++i)
    if (i % 3 != 0)
      grids[i] = (grids[i] + 1) / 2;
  return grids;
}

Arguments Patches::arguments() const {
  ArgumentList list(family);
  list.read("pixels", DType::f32, Count(images) * channels * height * width);
  list.write("out", type, Count(images) * tokensOfImage() * channels * patch * patch);
  return list.take();
}

Arguments AddPositions::arguments() const {
  ArgumentList list(family);
  Count matrix = countTokens(grids, class_token) * width;
  int x = list.read("x", type, matrix);
  if (table_side > 0)
    list.read("table", type, (Count(table_side) * table_side + int64_t(class_token)) * width);
  if (class_token)
    list.read("class_embedding", type, width);
  list.write("out", type, matrix, x);
  return list.take();
}

Arguments AddPositionsGrad::arguments() const {
  ArgumentList list(family);
  list.read("dout", type, countTokens(grids, class_token) * width);
  list.slot("beta");
  if (table_side > 0)
    list.readWrite("dtable", grad_type,
                   (Count(table_side) * table_side + int64_t(class_token)) * width);
  if (class_token)
    list.readWrite("dclass_embedding", grad_type, width);
  return list.take();
}

Arguments LayerNorm::arguments() const {
  ArgumentList list(family);
  list.read("x", type, Count(rows) * cols);
  list.read("weight", type, cols);
  list.read("bias", type, cols);
  list.write("y", type, Count(rows) * cols);
  list.write("mean", DType::f32, rows);
  list.write("inverse_deviation", DType::f32, rows);
  return list.take();
}

Arguments LayerNormGrad::arguments() const {
  ArgumentList list(family);
  int dy = list.read("dy", type, Count(rows) * cols);
  list.read("x", type, Count(rows) * cols);
  list.read("weight", type, cols);
  list.read("mean", DType::f32, rows);
  list.read("inverse_deviation", DType::f32, rows);
  list.slot("beta");
  list.write("dx", type, Count(rows) * cols, dy);
  list.readWrite("dweight", grad_type, cols);
  list.readWrite("dbias", grad_type, cols);
  list.write("workspace", DType::f32, Count(blockCount(rows, rowsPerBlock)) * 2 * cols);
  return list.take();
}

Arguments BroadcastRow::arguments() const {
  ArgumentList list(family);
  int x = list.read("x", type, Count(rows) * cols);
  list.read("row", type, cols);
  list.write("out", type, Count(rows) * cols, x);
  return list.take();
}

Arguments ColumnSums::arguments() const {
  ArgumentList list(family);
  list.read("a", type, Count(rows) * cols);
  if (product)
    list.read("b", type, Count(rows) * cols);
  list.slot("beta");
  list.readWrite("sums", grad_type, cols);
  list.write("workspace", DType::f32, Count(blockCount(rows, rowsPerBlock)) * cols);
  return list.take();
}

Arguments QuickGelu::arguments() const {
  ArgumentList list(family);
  int x = list.read("x", type, elements);
  list.write("out", type, elements, x);
  return list.take();
}

Arguments QuickGeluGrad::arguments() const {
  ArgumentList list(family);
  int dout = list.read("dout", type, elements);
  list.read("x", type, elements);
  list.write("dx", type, elements, dout);
  return list.take();
}

Arguments AxialRopeTable::arguments() const {
  ArgumentList list(family);
  list.write("table", DType::f32,
             countTokens(grids, class_token) * 4 * int64_t(frequencies.size()));
  return list.take();
}

Arguments RotatePairs::arguments() const {
  ArgumentList list(family);
  int x = list.read("x", type, strided(rows, heads * head_dim, x_stride));
  list.read("table", DType::f32, Count(rows) * head_dim);
  list.write("out", type, strided(rows, heads * head_dim, out_stride),
             x_stride == out_stride ? x : -1);
  return list.take();
}

Arguments Unfold::arguments() const {
  ArgumentList list(family);
  list.read("x", type, countTokens(grids, class_token) * channels);
  list.write("out", type, countTokens(halvedGrids(grids), false) * window * channels);
  return list.take();
}

Arguments Fold::arguments() const {
  ArgumentList list(family);
  list.read("x", type, countTokens(halvedGrids(grids), false) * window * channels);
  list.write("out", type, countTokens(grids, class_token) * channels);
  return list.take();
}

Arguments MergeRows::arguments() const {
  ArgumentList list(family);
  int x = has_x ? list.read("x", type, Count(rows) * cols) : -1;
  if (has_source)
    list.read("source", type, Count(source_rows) * cols);
  list.read("index", DType::i32, rows);
  list.write("out", type, Count(rows) * cols, x);
  return list.take();
}

} // namespace step37::spec
