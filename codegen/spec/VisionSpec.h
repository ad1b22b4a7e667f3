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

/// Rows of the tokens of all images.
int64_t gridTokens(const std::vector<int64_t> &grids, bool class_token);

/// The grids that windows of three by three with stride 2 make of these: each side halved, upwards.
std::vector<int64_t> halvedGrids(std::vector<int64_t> grids);

/// Cuts images into patches: a row a patch, its columns in the order channel, y, x; the row of a
/// class token is zero. Arguments: pixels f32 [images,channels,height,width],
/// out [images·tokens, channels·patch²] with tokens = (height/patch)·(width/patch) + class_token.
struct Patches {
  static constexpr std::string_view family = "patches";
  int64_t images = 0, channels = 0, height = 0, width = 0, patch = 0;
  bool class_token = false;
  DType type = DType::f32;
  STEP37_FIELDS(images, channels, height, width, patch, class_token, type)
  int64_t tokensOfImage() const { return height / patch * (width / patch) + class_token; }
  Arguments arguments() const;
};

/// out = x + the learned position of each token, and + the class embedding at class tokens. The
/// table holds a square of table_side² positions (behind one for the class token); for an image of
/// another grid it is resampled bilinearly with corners not aligned, as spec/model.md E.1, 2 says.
/// table_side 0: no table. Arguments: x [tokens,width], [table [class_token + table_side², width]],
/// [class_embedding [width] with class_token], out.
struct AddPositions {
  static constexpr std::string_view family = "add_positions";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t table_side = 0, width = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, table_side, width, type)
  Arguments arguments() const;
};

/// Gradient of AddPositions with respect to the table and the class embedding, each with
/// beta·gradient + … as everywhere. Arguments: dout [tokens,width], beta f32, [dtable],
/// [dclass_embedding].
struct AddPositionsGrad {
  static constexpr std::string_view family = "add_positions_grad";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t table_side = 0, width = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(grids, class_token, table_side, width, type, grad_type)
  Arguments arguments() const;
};

/// y = (x − mean)·d·weight + bias with d = 1/sqrt(mean((x − mean)²) + eps), in f32, rounded once.
/// Arguments: x [rows,cols], weight [cols], bias [cols], y, mean f32 [rows],
/// inverse_deviation f32 [rows].
struct LayerNorm {
  static constexpr std::string_view family = "layer_norm";
  int64_t rows = 0, cols = 0;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, eps, type)
  Arguments arguments() const;
};

/// Gradient of LayerNorm. With n = (x − mean)·d and u = dy·weight:
/// dx = d·(u − mean(u) − n·mean(u·n)), dweight = beta·dweight + Σ dy·n, dbias likewise with Σ dy.
/// Arguments: dy, x, weight, mean, inverse_deviation, beta f32, dx, dweight, dbias,
/// workspace f32 [blocks, 2·cols] with blocks = ceil(rows / rowsPerBlock).
struct LayerNormGrad {
  static constexpr std::string_view family = "layer_norm_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(rows, cols, type, grad_type)
  Arguments arguments() const;
};

/// out[r] = x[r] + row, or x[r]·row with `multiply`. Arguments: x [rows,cols], row [cols], out.
struct BroadcastRow {
  static constexpr std::string_view family = "broadcast_row";
  int64_t rows = 0, cols = 0;
  bool multiply = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, multiply, type)
  Arguments arguments() const;
};

/// sums = beta·sums + Σ over rows of a, or of a·b with `product`. Arguments: a [rows,cols],
/// [b [rows,cols]], beta f32, sums [cols], workspace f32 [blocks,cols] with
/// blocks = ceil(rows / rowsPerBlock).
struct ColumnSums {
  static constexpr std::string_view family = "column_sums";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0;
  bool product = false;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(rows, cols, product, type, grad_type)
  Arguments arguments() const;
};

/// out = x·sigmoid(1.702·x). Arguments: x [elements], out.
struct QuickGelu {
  static constexpr std::string_view family = "quick_gelu";
  static constexpr double slope = 1.702;
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  Arguments arguments() const;
};

/// With s = sigmoid(1.702·x): dx = dout·s·(1 + 1.702·x·(1 − s)). Arguments: dout, x, dx.
struct QuickGeluGrad {
  static constexpr std::string_view family = "quick_gelu_grad";
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  Arguments arguments() const;
};

/// Cosines, then sines, of the angles of every token: for n frequencies f the first n angles are
/// column·f and the next n row·f, or the other way round without `column_first` (register of
/// disagreements, entry 23). Rows and columns count from 0, with class tokens from 1; a class
/// token's angles are 0. Angles are f32 products. Arguments: table f32 [tokens, 4·n].
struct AxialRopeTable {
  static constexpr std::string_view family = "axial_rope_table";
  std::vector<int64_t> grids;
  bool class_token = false, column_first = true;
  std::vector<double> frequencies;
  STEP37_FIELDS(grids, class_token, column_first, frequencies)
  Arguments arguments() const;
};

/// Rotates the neighbouring pairs (2i, 2i+1) of each head of a row by angle i of the row, back with
/// `inverse`: (a, b) becomes (a·cos − b·sin, b·cos + a·sin), in f32, rounded once.
/// Arguments: x [rows, heads·head_dim] (x_stride), table f32 [rows, head_dim] (cosines, then
/// sines), out (out_stride).
struct RotatePairs {
  static constexpr std::string_view family = "rotate_pairs";
  int64_t rows = 0, heads = 0, head_dim = 0, x_stride = 0, out_stride = 0;
  bool inverse = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, heads, head_dim, x_stride, out_stride, inverse, type)
  Arguments arguments() const;
};

/// The windows of a convolution of 3×3, stride 2, padding 1 as rows: for every token of the halved
/// grids the 9 tokens around twice its place, columns in the order channel, y, x; zero beyond the
/// border. Class tokens are left out. Arguments: x [tokens, channels],
/// out [gridTokens(halvedGrids(grids)), 9·channels].
struct Unfold {
  static constexpr std::string_view family = "unfold";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t channels = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, channels, type)
  Arguments arguments() const;
};

/// The transpose of Unfold: the sum of what every token is in, windows in row-major order, in f32,
/// rounded once; zero at class tokens. Arguments: x [gridTokens(halvedGrids(grids)), 9·channels],
/// out [tokens, channels].
struct Fold {
  static constexpr std::string_view family = "fold";
  std::vector<int64_t> grids;
  bool class_token = false;
  int64_t channels = 0;
  DType type = DType::f32;
  STEP37_FIELDS(grids, class_token, channels, type)
  Arguments arguments() const;
};

/// out[i] = source[index[i]] where index[i] ≥ 0, else x[i]; without source or x (`has_source`,
/// `has_x`; one is there) zero in its place. Arguments: [x [rows,cols]], [source
/// [source_rows,cols]], index i32 [rows], out [rows,cols].
struct MergeRows {
  static constexpr std::string_view family = "merge_rows";
  int64_t rows = 0, source_rows = 0, cols = 0;
  bool has_x = true, has_source = true;
  DType type = DType::f32;
  STEP37_FIELDS(rows, source_rows, cols, has_x, has_source, type)
  Arguments arguments() const;
};

} // namespace step37::spec
