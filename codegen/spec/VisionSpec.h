// Specs of the kernels that only a vision tower needs; the conventions are KernelSpec.h's.
//
// Tokens of images are rows: `grids` lists (count, height, width) for each group of images of one
// size, one group after another; an image has its height·width tokens in row-major order, behind
// one class token if there is `class_token`.
#pragma once

#include "codegen/spec/Argument.h"
#include "codegen/spec/Fields.h"

#include <string_view>

namespace step37::spec {

/// Rows of the tokens of all images; as an extent, and as a number.
Count countTokens(const std::vector<int64_t> &grids, bool class_token);
int64_t gridTokens(const std::vector<int64_t> &grids, bool class_token);

/// The grids that windows of three by three with stride 2 make of these: each side halved, upwards.
std::vector<int64_t> halvedGrids(std::vector<int64_t> grids);

/// Positions of a table with this side.
inline Count positionsOf(int64_t table_side, bool class_token) {
  return shape(table_side, table_side) + int64_t(class_token);
}

/// Tokens of a window of Unfold and Fold.
inline constexpr int64_t windowTokens = 9;

/// Cuts images into patches: a row a patch, its columns in the order channel, y, x; the row of a
/// class token is zero.
struct Patches {
  static constexpr std::string_view family = "patches";
  int64_t images = 0, channels = 0, height = 0, width = 0, patch = 0;
  bool class_token = false;
  DType type = DType::f32;
  STEP37_FIELDS(images, channels, height, width, patch, class_token, type)
  int64_t tokensOfImage() const { return height / patch * (width / patch) + class_token; }
  STEP37_ARGUMENTS(
      (read, pixels, DType::f32, shape(images, channels, height, width)),
      (write, out, type, shape(images, tokensOfImage(), channels, patch, patch)))
};

/// out = x + the learned position of each token, and + the class embedding at class tokens. The
/// table holds a square of table_side² positions (behind one for the class token); for an image of
/// another grid it is resampled bilinearly with corners not aligned, as docs/model.md E.1, 2 says.
/// table_side 0: no table.
struct AddPositions {
  static constexpr std::string_view family = "add_positions";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t table_side = 0, width = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, table_side, width, type)
  STEP37_ARGUMENTS(
      (read, x, type, countTokens(grids, class_token) * width),
      (read, table, type, positionsOf(table_side, class_token) * width, when(table_side > 0)),
      (read, class_embedding, type, shape(width), when(class_token)),
      (write, out, type, countTokens(grids, class_token) * width, inPlaceOf("x")))
};

/// Gradient of AddPositions with respect to the table and the class embedding, each with
/// beta·gradient + … as everywhere.
struct AddPositionsGrad {
  static constexpr std::string_view family = "add_positions_grad";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t table_side = 0, width = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(grids, class_token, table_side, width, type, grad_type)
  STEP37_ARGUMENTS(
      (read, dout, type, countTokens(grids, class_token) * width),
      (slot, beta),
      (readWrite, dtable, grad_type, positionsOf(table_side, class_token) * width,
       when(table_side > 0)),
      (readWrite, dclass_embedding, grad_type, shape(width), when(class_token)))
};

/// y = (x − mean)·d·weight + bias with d = 1/sqrt(mean((x − mean)²) + eps), in f32, rounded once.
struct LayerNorm {
  static constexpr std::string_view family = "layer_norm";
  int64_t rows = 0, cols = 0;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, eps, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(rows, cols)),
      (read, weight, type, shape(cols)),
      (read, bias, type, shape(cols)),
      (write, y, type, shape(rows, cols)),
      (write, mean, DType::f32, shape(rows)),
      (write, inverse_deviation, DType::f32, shape(rows)))
};

/// Gradient of LayerNorm. With n = (x − mean)·d and u = dy·weight: dx = d·(u − mean(u) −
/// n·mean(u·n)), dweight = beta·dweight + Σ dy·n, dbias likewise with Σ dy.
struct LayerNormGrad {
  static constexpr std::string_view family = "layer_norm_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(rows, cols, type, grad_type)
  STEP37_ARGUMENTS(
      (read, dy, type, shape(rows, cols)),
      (read, x, type, shape(rows, cols)),
      (read, weight, type, shape(cols)),
      (read, mean, DType::f32, shape(rows)),
      (read, inverse_deviation, DType::f32, shape(rows)),
      (slot, beta),
      (write, dx, type, shape(rows, cols), inPlaceOf("dy")),
      (readWrite, dweight, grad_type, shape(cols)),
      (readWrite, dbias, grad_type, shape(cols)),
      (write, workspace, DType::f32, shape(blockCount(rows, rowsPerBlock), 2, cols)))
};

/// out[r] = x[r] + row, or x[r]·row with `multiply`.
struct BroadcastRow {
  static constexpr std::string_view family = "broadcast_row";
  int64_t rows = 0, cols = 0;
  bool multiply = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, multiply, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(rows, cols)),
      (read, row, type, shape(cols)),
      (write, out, type, shape(rows, cols), inPlaceOf("x")))
};

/// sums = beta·sums + Σ over rows of a, or of a·b with `product`.
struct ColumnSums {
  static constexpr std::string_view family = "column_sums";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0;
  bool product = false;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(rows, cols, product, type, grad_type)
  STEP37_ARGUMENTS(
      (read, a, type, shape(rows, cols)),
      (read, b, type, shape(rows, cols), when(product)),
      (slot, beta),
      (readWrite, sums, grad_type, shape(cols)),
      (write, workspace, DType::f32, shape(blockCount(rows, rowsPerBlock), cols)))
};

/// out = x·sigmoid(1.702·x).
struct QuickGelu {
  static constexpr std::string_view family = "quick_gelu";
  static constexpr double slope = 1.702;
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(elements)),
      (write, out, type, shape(elements), inPlaceOf("x")))
};

/// With s = sigmoid(1.702·x): dx = dout·s·(1 + 1.702·x·(1 − s)).
struct QuickGeluGrad {
  static constexpr std::string_view family = "quick_gelu_grad";
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  STEP37_ARGUMENTS(
      (read, dout, type, shape(elements)),
      (read, x, type, shape(elements)),
      (write, dx, type, shape(elements), inPlaceOf("dout")))
};

/// Cosines, then sines, of the angles of every token: for n frequencies f the first n angles are
/// column·f and the next n row·f, or the other way round without `column_first` (register of
/// disagreements, entry 23). Rows and columns count from 0, with class tokens from 1; a class
/// token's angles are 0. Angles are f32 products.
struct AxialRopeTable {
  static constexpr std::string_view family = "axial_rope_table";
  std::vector<int64_t> grids;
  bool class_token = false, column_first = true;
  std::vector<double> frequencies;
  STEP37_FIELDS(grids, class_token, column_first, frequencies)
  STEP37_ARGUMENTS(
      (write, table, DType::f32, countTokens(grids,
       class_token) * 4 * int64_t(frequencies.size())))
};

/// Rotates the neighbouring pairs (2i, 2i+1) of each head of a row by angle i of the row, back with
/// `inverse`: (a, b) becomes (a·cos − b·sin, b·cos + a·sin), in f32, rounded once.
struct RotatePairs {
  static constexpr std::string_view family = "rotate_pairs";
  int64_t rows = 0, heads = 0, head_dim = 0, x_stride = 0, out_stride = 0;
  bool inverse = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, heads, head_dim, x_stride, out_stride, inverse, type)
  int64_t width() const { return heads * head_dim; }
  STEP37_ARGUMENTS(
      (read, x, type, strided(rows, width(), x_stride)),
      (read, table, DType::f32, shape(rows, head_dim)),
      (write, out, type, strided(rows, width(), out_stride),
       inPlaceOf(x_stride == out_stride ? "x" : "")))
};

/// The windows of a convolution of 3×3, stride 2, padding 1 as rows: for every token of the halved
/// grids the 9 tokens around twice its place, columns in the order channel, y, x; zero beyond the
/// border. Class tokens are left out.
struct Unfold {
  static constexpr std::string_view family = "unfold";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t channels = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, channels, type)
  STEP37_ARGUMENTS(
      (read, x, type, countTokens(grids, class_token) * channels),
      (write, out, type, countTokens(halvedGrids(grids), false) * windowTokens * channels))
};

/// The transpose of Unfold: the sum of what every token is in, windows in row-major order, in f32,
/// rounded once; zero at class tokens.
struct Fold {
  static constexpr std::string_view family = "fold";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t channels = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, channels, type)
  STEP37_ARGUMENTS(
      (read, x, type, countTokens(halvedGrids(grids), false) * windowTokens * channels),
      (write, out, type, countTokens(grids, class_token) * channels))
};

/// out[i] = source[index[i]] where index[i] ≥ 0, else x[i]; without source or x (`has_source`,
/// `has_x`; one is there) zero in its place.
struct MergeRows {
  static constexpr std::string_view family = "merge_rows";
  int64_t rows = 0, source_rows = 0, cols = 0;
  bool has_x = true, has_source = true;
  DType type = DType::f32;
  STEP37_FIELDS(rows, source_rows, cols, has_x, has_source, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(rows, cols), when(has_x)),
      (read, source, type, shape(source_rows, cols), when(has_source)),
      (read, index, DType::i32, shape(rows)),
      (write, out, type, shape(rows, cols), inPlaceOf(has_x ? "x" : "")))
};

} // namespace step37::spec
