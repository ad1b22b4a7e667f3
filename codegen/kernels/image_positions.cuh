// What a token's place in its image means: families add_positions, add_positions_grad and
// axial_rope_table.
#pragma once

#include "column_sums.cuh"
#include "image_grids.cuh"

namespace step37 {

/// A bilinear sample along one axis: the two entries of the table it is between, and the second
/// one's weight.
struct AxisSample {
  int low, high;
  float weight;

  /// How much of this sample the table's entry `cell` is.
  __device__ float share(int cell) const {
    return (low == cell ? 1.0f - weight : 0.0f) + (high == cell ? weight : 0.0f);
  }
};

/// Where entry `index` of `length` lies in a table of `side` entries, corners not aligned.
__device__ inline AxisSample sample_at(int index, int length, int side) {
  if (length == side)
    return {index, index, 0.0f};
  float scale = __fdiv_rn(float(side), float(length));
  // Multiplied and subtracted with two roundings, as on the host.
  float place = fmaxf(0.0f, __fsub_rn(__fmul_rn(scale, float(index) + 0.5f), 0.5f));
  int low = min(int(place), side - 1);
  return {low, min(low + 1, side - 1), place - float(low)};
}

/// One block a token.
template <class Spec, class Arguments>
__device__ void add_positions_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int width = int(Spec::width), side = int(Spec::table_side);
  int64 base = int64(blockIdx.x) * width;
  const T *x = arguments.x() + base;
  const T *table = arguments.table();
  const T *class_embedding = arguments.class_embedding();
  const T *cells = table + (Spec::class_token ? width : 0);
  T *out = arguments.out() + base;
  ImageToken place = ImageGrids<Spec, false>::locate(blockIdx.x);
  bool is_class = place.row < 0;
  AxisSample rows{}, columns{};
  if (side > 0 && !is_class) {
    rows = sample_at(place.row, place.height, side);
    columns = sample_at(place.column, place.width, side);
  }
  for (int c = threadIdx.x; c < width; c += blockDim.x) {
    float sum = 0;
    if constexpr (side > 0) {
      auto cell = [&](int row, int column) {
        return to_float(cells[(int64(row) * side + column) * width + c]);
      };
      auto along = [&](int row) {
        float low = cell(row, columns.low) * (1.0f - columns.weight);
        return columns.weight == 0.0f ? low : low + cell(row, columns.high) * columns.weight;
      };
      if (is_class)
        sum = to_float(table[c]);
      else {
        sum = along(rows.low) * (1.0f - rows.weight);
        if (rows.weight != 0.0f)
          sum += along(rows.high) * rows.weight;
      }
    }
    if (Spec::class_token && is_class)
      sum += to_float(class_embedding[c]);
    out[c] = from_float<T>(to_float(x[c]) + sum);
  }
}

/// Entries of an axis of `length` that may sample entry `cell` of a table of `side`.
__device__ inline void samplers(int cell, int length, int side, int &first, int &end) {
  float scale = float(length) / float(side);
  first = max(int(floorf((float(cell) - 0.5f) * scale - 0.5f)) - 1, 0);
  end = min(int(ceilf((float(cell) + 1.5f) * scale - 0.5f)) + 2, length);
}

/// One block a row of the table, and one for the class embedding.
template <class Spec, class Arguments>
__device__ void add_positions_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  using Grids = ImageGrids<Spec, false>;
  constexpr int width = int(Spec::width), side = int(Spec::table_side);
  constexpr int table_rows = side > 0 ? side * side + Spec::class_token : 0;
  const T *dout = arguments.dout();
  float beta = *arguments.beta();
  int row = blockIdx.x;
  bool of_table = row < table_rows, of_class = !of_table || row < int(Spec::class_token);
  G *to = (of_table ? arguments.dtable() : arguments.dclass_embedding()) +
          (of_table ? int64(row) * width : 0);
  int cell = row - int(Spec::class_token);
  for (int c = threadIdx.x; c < width; c += blockDim.x) {
    float sum = 0;
    for (int group = 0; group < Grids::groups; ++group) {
      int64 count = Grids::count(group);
      if (of_class) {
        for (int64 image = 0; image < count; ++image)
          sum += to_float(dout[Grids::first(group, image) * width + c]);
      } else if constexpr (side > 0) {
        int height = Grids::height(group), across = Grids::width(group);
        int first_row, end_row, first_column, end_column;
        samplers(cell / side, height, side, first_row, end_row);
        samplers(cell % side, across, side, first_column, end_column);
        for (int y = first_row; y < end_row; ++y)
          for (int x = first_column; x < end_column; ++x) {
            float factor = sample_at(y, height, side).share(cell / side) *
                           sample_at(x, across, side).share(cell % side);
            for (int64 image = 0; factor != 0.0f && image < count; ++image)
              sum += factor * to_float(dout[Grids::at(group, image, y, x) * width + c]);
          }
      }
    }
    to[c] = from_float<G>(accumulated(beta, to + c, sum));
  }
}

/// One thread an angle: a product in f32, whose cosine and sine are rounded once.
template <class Spec, class Arguments>
__device__ void axial_rope_table_generic(const Arguments &arguments) {
  constexpr int count = Spec::frequencies_count;
  int64 thread = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  int64 token = thread / (2 * count);
  int i = int(thread % (2 * count));
  if (token >= ImageGrids<Spec, false>::tokens())
    return;
  ImageToken place = ImageGrids<Spec, false>::locate(token);
  bool of_column = (i < count) == Spec::column_first;
  int position = (of_column ? place.column : place.row) + int(Spec::class_token);
  double sine, cosine, angle = float(position) * float(Spec::frequencies(i % count));
  sincos(angle, &sine, &cosine);
  float *row = arguments.table() + token * 4 * count;
  row[i] = float(cosine);
  row[2 * count + i] = float(sine);
}

} // namespace step37
