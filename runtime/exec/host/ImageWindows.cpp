// Host twins of Patches, Unfold and Fold: convolutions as rows of what each output sees, and the
// transpose (docs/model.md E.1, 1 and 6).
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/ImageGrids.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {

static void run(const spec::Patches &spec, HostContext &context, const Buffers<spec::Patches> &at) {
  auto *pixels = at.pixels.as<const float>();
  int64_t tokens = spec.tokensOfImage(), side = spec.patch, across = spec.width / side;
  int64_t cols = spec.channels * side * side;
  withType(spec.type, [&](auto zero) {
    auto *out = at.out.as<decltype(zero)>();
    forEachBlock(
        context.pool, spec.images * tokens, rowsPerItem(cols),
        [&](int64_t, int64_t first, int64_t last, int worker) {
          float *row = context.workerScratch(worker);
          for (int64_t token = first; token < last; ++token) {
            int64_t image = token / tokens, place = token % tokens - spec.class_token;
            std::fill_n(row, cols, 0.0f);
            for (int64_t c = 0; place >= 0 && c < cols; ++c) {
              int64_t channel = c / (side * side), y = c / side % side, x = c % side;
              y += place / across * side;
              x += place % across * side;
              row[c] =
                  pixels[((image * spec.channels + channel) * spec.height + y) * spec.width + x];
            }
            storeRow(row, cols, out + token * cols);
          }
        });
  });
}

namespace {

constexpr int64_t side = 3, windowSize = side * side; // stride 2, padding 1

} // namespace

static void run(const spec::Unfold &spec, HostContext &context, const Buffers<spec::Unfold> &at) {
  ImageGrids from(spec.grids, spec.class_token);
  std::vector<int64_t> halved = spec::halvedGrids(spec.grids);
  ImageGrids to(halved, false);
  int64_t cols = windowSize * spec.channels;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = at.x.as<const T>();
    auto *out = at.out.as<T>();
    forEachBlock(context.pool, spec::gridTokens(halved, false), rowsPerItem(cols),
                 [&](int64_t, int64_t first, int64_t last, int) {
                   for (int64_t token = first; token < last; ++token) {
                     ImageToken place = to.locate(token);
                     for (int64_t w = 0; w < windowSize; ++w) {
                       int64_t row = 2 * place.row - 1 + w / side,
                               column = 2 * place.column - 1 + w % side;
                       bool inside = row >= 0 && row < from.height(place.group) && column >= 0 &&
                                     column < from.width(place.group);
                       const T *source =
                           inside
                               ? x + from.at(place.group, place.image, row, column) * spec.channels
                               : nullptr;
                       T *target = out + token * cols + w;
                       for (int64_t c = 0; c < spec.channels; ++c)
                         target[c * windowSize] = source ? source[c] : T{};
                     }
                   }
                 });
  });
}

static void run(const spec::Fold &spec, HostContext &context, const Buffers<spec::Fold> &at) {
  ImageGrids to(spec.grids, spec.class_token);
  std::vector<int64_t> halved = spec::halvedGrids(spec.grids);
  ImageGrids from(halved, false);
  int64_t cols = windowSize * spec.channels;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = at.x.as<const T>();
    auto *out = at.out.as<T>();
    forEachBlock(context.pool, spec::gridTokens(spec.grids, spec.class_token), rowsPerItem(cols),
                 [&](int64_t, int64_t first, int64_t last, int worker) {
                   float *sum = context.workerScratch(worker);
                   for (int64_t token = first; token < last; ++token) {
                     ImageToken place = to.locate(token);
                     std::fill_n(sum, spec.channels, 0.0f);
                     // Windows that begin at 2·r − 1 hold row y as their row y + 1 − 2·r.
                     for (int64_t r = place.row / 2; !place.isClass() && r <= (place.row + 1) / 2;
                          ++r)
                       for (int64_t c = place.column / 2; c <= (place.column + 1) / 2; ++c) {
                         if (r >= from.height(place.group) || c >= from.width(place.group))
                           continue;
                         int64_t w = (place.row + 1 - 2 * r) * side + place.column + 1 - 2 * c;
                         const T *source = x + from.at(place.group, place.image, r, c) * cols + w;
                         for (int64_t channel = 0; channel < spec.channels; ++channel)
                           sum[channel] += load(source + channel * windowSize);
                       }
                     storeRow(sum, spec.channels, out + token * spec.channels);
                   }
                 });
  });
}

HostTwin<spec::Patches> twinOf(const spec::Patches &spec) {
  return {run, spec.channels * spec.patch * spec.patch};
}
HostTwin<spec::Unfold> twinOf(const spec::Unfold &) { return {run}; }
HostTwin<spec::Fold> twinOf(const spec::Fold &spec) { return {run, spec.channels}; }

} // namespace step37::host
