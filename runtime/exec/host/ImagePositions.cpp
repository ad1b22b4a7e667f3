// Host twins of AddPositions, its gradient, and AxialRopeTable: what a token's place in its image
// means (docs/model.md E.1, 2 and 2D RoPE).
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/ImageGrids.h"
#include "runtime/exec/host/RowBlocks.h"

#include <array>
#include <cmath>

namespace step37::host {

namespace {

/// A bilinear sample along one axis: the two entries of the table it is between, and the second
/// one's weight.
struct Sample {
  int64_t low, high;
  float weight;
};

/// Where entry `index` of `length` lies in a table of `side` entries, corners not aligned.
Sample sampleAt(int64_t index, int64_t length, int64_t side) {
  if (length == side)
    return {index, index, 0.0f};
  float scale = float(side) / float(length);
  float place = std::max(0.0f, scale * (float(index) + 0.5f) - 0.5f);
  int64_t low = std::min(int64_t(place), side - 1);
  return {low, std::min(low + 1, side - 1), place - float(low)};
}

/// How much of entry `index` the table's entry `cell` is.
float share(const Sample &sample, int64_t cell) {
  float sum = 0;
  if (sample.low == cell)
    sum += 1.0f - sample.weight;
  if (sample.high == cell)
    sum += sample.weight;
  return sum;
}

template <class T> void addScaled(const T *from, int64_t count, float factor, float *to) {
  for (int64_t i = 0; i < count; ++i)
    to[i] += factor * load(from + i);
}

template <class T>
void addPositions(const spec::AddPositions &spec, HostContext &context,
                  const Buffers<spec::AddPositions> &at) {
  ImageGrids grids(spec.grids, spec.class_token);
  auto *x = at.x.as<const T>();
  auto *table = at.table.as<const T>();
  auto *classEmbedding = at.class_embedding.as<const T>();
  T *out = at.out.as<T>();
  int64_t width = spec.width, side = spec.table_side;
  auto addPosition = [&](const ImageToken &place, float *sum) {
    if (place.isClass())
      return addScaled(table, width, 1.0f, sum);
    Sample rows = sampleAt(place.row, grids.height(place.group), side),
           columns = sampleAt(place.column, grids.width(place.group), side);
    const T *cells = table + (spec.class_token ? width : 0);
    for (auto [row, rowShare] : {std::pair(rows.low, 1.0f - rows.weight), {rows.high, rows.weight}})
      for (auto [column, columnShare] :
           {std::pair(columns.low, 1.0f - columns.weight), {columns.high, columns.weight}})
        if (rowShare * columnShare != 0.0f)
          addScaled(cells + (row * side + column) * width, width, rowShare * columnShare, sum);
  };
  forEachBlock(context.pool, spec::gridTokens(spec.grids, spec.class_token), rowsPerItem(width),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *sum = context.workerScratch(worker), *own = sum + width;
                 for (int64_t token = first; token < last; ++token) {
                   ImageToken place = grids.locate(token);
                   std::fill_n(sum, width, 0.0f);
                   if (table)
                     addPosition(place, sum);
                   if (place.isClass())
                     addScaled(classEmbedding, width, 1.0f, sum);
                   loadRow(x + token * width, width, own);
                   for (int64_t c = 0; c < width; ++c)
                     sum[c] += own[c];
                   storeRow(sum, width, out + token * width);
                 }
               });
}

/// Entries of an axis of `length` that may sample entry `cell` of the table: [first, second).
std::pair<int64_t, int64_t> samplers(int64_t cell, int64_t length, int64_t side) {
  double scale = double(length) / double(side);
  auto first = int64_t(std::floor((double(cell) - 0.5) * scale - 0.5)) - 1,
       last = int64_t(std::ceil((double(cell) + 1.5) * scale - 0.5)) + 1;
  return {std::max<int64_t>(first, 0), std::min(last + 1, length)};
}

template <class T, class G>
void addPositionsGrad(const spec::AddPositionsGrad &spec, HostContext &context,
                      const Buffers<spec::AddPositionsGrad> &at) {
  ImageGrids grids(spec.grids, spec.class_token);
  auto *dout = at.dout.as<const T>();
  float beta = *at.beta.as<const float>();
  int64_t width = spec.width, side = spec.table_side;
  int64_t cells = side * side, tableRows = side > 0 ? cells + spec.class_token : 0;
  auto classSum = [&](float *sum, int64_t begin, int64_t count) {
    for (size_t group = 0; group < grids.groups(); ++group)
      for (int64_t image = 0; image < grids.count(group); ++image)
        addScaled(dout + grids.first(group, image) * width + begin, count, 1.0f, sum);
  };
  auto cellSum = [&](int64_t cell, float *sum, int64_t begin, int64_t count) {
    for (size_t group = 0; group < grids.groups(); ++group) {
      int64_t height = grids.height(group), across = grids.width(group);
      auto [firstRow, lastRow] = samplers(cell / side, height, side);
      auto [firstColumn, lastColumn] = samplers(cell % side, across, side);
      for (int64_t row = firstRow; row < lastRow; ++row)
        for (int64_t column = firstColumn; column < lastColumn; ++column) {
          float factor = share(sampleAt(row, height, side), cell / side) *
                         share(sampleAt(column, across, side), cell % side);
          for (int64_t image = 0; factor != 0.0f && image < grids.count(group); ++image)
            addScaled(dout + grids.at(group, image, row, column) * width + begin, count, factor,
                      sum);
        }
    }
  };
  G *dtable = at.dtable.as<G>();
  G *dclass = at.dclass_embedding.as<G>();
  context.pool.parallelFor(tableRows + spec.class_token, [&](int64_t row, int) {
    G *to = row < tableRows ? dtable + row * width : dclass;
    bool ofClass = row >= tableRows || row < int64_t(spec.class_token);
    for (int64_t begin = 0; begin < width; begin += columnChunk) {
      int64_t count = std::min(columnChunk, width - begin);
      std::array<float, columnChunk> sum{};
      if (ofClass)
        classSum(sum.data(), begin, count);
      else
        cellSum(row - spec.class_token, sum.data(), begin, count);
      addBlockSums(sum.data(), 1, 0, count, beta, to + begin);
    }
  });
}

} // namespace

static void run(const spec::AddPositions &spec, HostContext &context,
                const Buffers<spec::AddPositions> &at) {
  withType(spec.type, [&](auto zero) { addPositions<decltype(zero)>(spec, context, at); });
}

static void run(const spec::AddPositionsGrad &spec, HostContext &context,
                const Buffers<spec::AddPositionsGrad> &at) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      addPositionsGrad<decltype(zero), decltype(gradZero)>(spec, context, at);
    });
  });
}

static void run(const spec::AxialRopeTable &spec, HostContext &context,
                const Buffers<spec::AxialRopeTable> &at) {
  ImageGrids grids(spec.grids, spec.class_token);
  auto *table = at.table.as<float>();
  auto count = int64_t(spec.frequencies.size());
  forEachBlock(context.pool, spec::gridTokens(spec.grids, spec.class_token),
               rowsPerItem(count * 16), [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t token = first; token < last; ++token) {
                   ImageToken place = grids.locate(token);
                   // With class tokens the first place is 1, and a class token's own is 0.
                   int64_t row = place.row + spec.class_token,
                           column = place.column + spec.class_token;
                   float *cosines = table + token * 4 * count, *sines = cosines + 2 * count;
                   for (int64_t i = 0; i < 2 * count; ++i) {
                     bool ofColumn = (i < count) == spec.column_first;
                     double angle = float(ofColumn ? column : row) *
                                    float(spec.frequencies[size_t(i % count)]);
                     cosines[i] = float(std::cos(angle));
                     sines[i] = float(std::sin(angle));
                   }
                 }
               });
}

HostTwin<spec::AddPositions> twinOf(const spec::AddPositions &spec) {
  return {run, 2 * spec.width};
}
HostTwin<spec::AddPositionsGrad> twinOf(const spec::AddPositionsGrad &) { return {run}; }
HostTwin<spec::AxialRopeTable> twinOf(const spec::AxialRopeTable &) { return {run}; }

} // namespace step37::host
