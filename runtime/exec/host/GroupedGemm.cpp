// Host twins of GroupedGemm and GroupedGemmGrad: one product a group, the tiles of all groups as
// one loop. How many rows a group has is known only here; a tile's upper bounds come from the spec.
// GroupedSwiglu is GroupedGemm and then Swiglu.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/MatrixProduct.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace step37::host {
namespace {

/// Runs the tiles of productOf(group) for all groups.
template <class ProductOf>
void multiplyGroups(int64_t groups, const Tiling &tiling, HostContext &context,
                    const ProductOf &productOf) {
  auto tilesOf = [&](int64_t group) {
    MatrixProduct product = productOf(group);
    return tiling.count(product.m, product.n);
  };
  int64_t tiles = 0;
  for (int64_t group = 0; group < groups; ++group)
    tiles += tilesOf(group);
  context.pool.parallelFor(tiles, [&](int64_t tile, int worker) {
    int64_t group = 0;
    for (int64_t count = tilesOf(0); tile >= count; count = tilesOf(group)) {
      tile -= count;
      ++group;
    }
    multiplyTile(productOf(group), tiling, tile, context.blas, context.workerScratch(worker));
  });
}

/// For groups of about the same size.
Tiling tiling(const spec::GroupedGemm &spec) {
  return Tiling::choose(std::max<int64_t>(1, spec.rows / spec.groups), spec.n, spec.groups);
}

Tiling tiling(const spec::GroupedGemmGrad &spec) {
  return Tiling::choose(spec.m, spec.n, spec.groups);
}

spec::GroupedGemm productOf(const spec::GroupedSwiglu &spec) {
  return {spec.groups, spec.rows, 2 * spec.n, spec.k, true, spec.type};
}

/// Of the halves of a packed row.
spec::Swiglu activationOf(const spec::GroupedSwiglu &spec) {
  return {spec.rows, spec.n, 2 * spec.n, 2 * spec.n, spec.limit, spec.clamp, spec.type};
}

/// Row `row` of a matrix of `cols` columns.
std::byte *rowOf(std::byte *data, DType type, int64_t row, int64_t cols) {
  return data + row * cols * byteSize(type);
}

} // namespace

static void run(const spec::GroupedGemm &spec, HostContext &context,
                const Buffers<spec::GroupedGemm> &at) {
  auto *offsets = at.offsets.as<const int32_t>();
  int64_t wStride = spec.transpose_b ? spec.k : spec.n;
  multiplyGroups(spec.groups, tiling(spec), context, [&](int64_t group) {
    int64_t first = offsets[group];
    std::byte *w = rowOf(at.w.data, spec.type, group * spec.n, spec.k);
    return MatrixProduct{
        .m = offsets[group + 1] - first,
        .n = spec.n,
        .k = spec.k,
        .a = {rowOf(at.x.data, spec.type, first, spec.k), spec.type, spec.k},
        .b = {w, spec.type, wStride, spec.transpose_b},
        .c = rowOf(at.out.data, spec.type, first, spec.n),
        .cType = spec.type,
        .cStride = spec.n,
    };
  });
  int64_t used = offsets[spec.groups];
  std::memset(rowOf(at.out.data, spec.type, used, spec.n), 0,
              size_t((spec.rows - used) * spec.n * byteSize(spec.type)));
}

static void run(const spec::GroupedGemmGrad &spec, HostContext &context,
                const Buffers<spec::GroupedGemmGrad> &at) {
  auto *offsets = at.offsets.as<const int32_t>();
  float beta = *at.beta.as<float>();
  multiplyGroups(spec.groups, tiling(spec), context, [&](int64_t group) {
    int64_t first = offsets[group];
    return MatrixProduct{
        .m = spec.m,
        .n = spec.n,
        .k = offsets[group + 1] - first,
        .a = {rowOf(at.a.data, spec.type, first, spec.m), spec.type, spec.m, true},
        .b = {rowOf(at.b.data, spec.type, first, spec.n), spec.type, spec.n},
        .c = rowOf(at.dw.data, spec.grad_type, group * spec.m, spec.n),
        .cType = spec.grad_type,
        .cStride = spec.n,
        .beta = beta,
    };
  });
}

static void run(const spec::GroupedSwiglu &spec, HostContext &context,
                const Buffers<spec::GroupedSwiglu> &at) {
  std::byte *gate = at.gate_up.data, *up = gate + spec.n * byteSize(spec.type);
  run(productOf(spec), context,
      {.x = at.x, .w = at.w, .offsets = at.offsets, .out = at.gate_up, .workspace = at.workspace});
  twinOf(activationOf(spec))
      .run(activationOf(spec), context, {.gate = {gate}, .up = {up}, .out = at.out});
}

HostTwin<spec::GroupedGemm> twinOf(const spec::GroupedGemm &spec) {
  return {run, productScratch(tiling(spec), spec.k)};
}
HostTwin<spec::GroupedGemmGrad> twinOf(const spec::GroupedGemmGrad &spec) {
  return {run, productScratch(tiling(spec), spec.rows)};
}
HostTwin<spec::GroupedSwiglu> twinOf(const spec::GroupedSwiglu &spec) {
  return {run, std::max(twinOf(productOf(spec)).scratchFloats,
                        twinOf(activationOf(spec)).scratchFloats)};
}

} // namespace step37::host
