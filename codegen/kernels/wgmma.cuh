// Products on Hopper's tensor cores (wgmma): bf16 operands in shared memory or registers, f32 sums
// in registers. A warpgroup (four warps) has 64 rows of the result: lane l of warp w holds, in
// sums[4·j .. 4·j+3], columns 8·j + 2·(l%4) and the next of row 16·w + l/4, then of the row 8
// below. How tiles get to shared memory is pipeline.cuh.
#pragma once

#include "pipeline.cuh"

namespace step37 {

/// A tile of bf16 in shared memory as tensor cores read it: panels of 64 columns, in a panel 128
/// bytes a line, and the 16-byte chunks of a line permuted by the line's number, so that lines do
/// not meet in a bank. Begins at a multiple of 1024 bytes.
template <int lines, int columns> struct SwizzledTile {
  static constexpr int panels = (columns + 63) / 64, line_bytes = 128,
                       panel_bytes = lines * line_bytes, bytes = panels * panel_bytes;
  unsigned address;

  /// Where chunk `chunk` (of 8 elements) of a line stands.
  __device__ unsigned at(int line, int chunk) const {
    return address + chunk / 8 * panel_bytes + line * line_bytes + ((chunk ^ line) & 7) * 16;
  }

  /// Descriptor of an operand whose rows (of a), or columns (of b), are lines from `line` on, a
  /// multiple of 8, and whose 16 summands are columns from 16·step on.
  __device__ unsigned long long lines_from(int line, int step) const {
    return descriptor(step / 4 * panel_bytes + line * line_bytes + step % 4 * 32, 16);
  }

  /// Descriptor of an operand b whose columns are the tile's, and whose 16 summands are lines from
  /// 16·step on: wgmma's transposed b.
  __device__ unsigned long long columns_from(int step) const {
    return descriptor(step * 16 * line_bytes, panel_bytes);
  }

private:
  /// Everything is in units of 16 bytes. The low half is a sum, so that descriptors of one tile
  /// differ by constants. `panel_distance` counts for the transposed form only.
  __device__ unsigned long long descriptor(int offset, int panel_distance) const {
    constexpr unsigned long long swizzle_128 = 1ull << 62, eight_lines = 8 * line_bytes / 16;
    unsigned low = (address >> 4) + (unsigned(panel_distance) / 16 << 16 | unsigned(offset) / 16);
    return swizzle_128 | eight_lines << 32 | low;
  }
};

/// Before products whose operands or sums in registers were last touched by other instructions.
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

/// Ends a group of products.
__device__ inline void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// The compiler keeps these registers where they are: they belong to a product under way.
template <int n> __device__ void hold(float (&values)[n]) {
#pragma unroll
  for (int i = 0; i < n; ++i)
    asm volatile("" : "+f"(values[i])::"memory");
}
template <int n> __device__ void hold(unsigned (&values)[n]) {
#pragma unroll
  for (int i = 0; i < n; ++i)
    asm volatile("" : "+r"(values[i])::"memory");
}

/// Waits until at most the last `pending` groups are under way; `results` are the registers of the
/// groups that are over.
template <int pending, class... Registers> __device__ void wgmma_wait(Registers &...results) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
  (hold(results), ...);
}

/// Two values as bf16, the first in the low half: a register of an operand a.
__device__ inline unsigned pack_bf16(float low, float high) {
  unsigned packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

/// Operand a from shared memory: a warpgroup's 64 lines of a tile, `first_line` and on, four
/// registers for each 16 columns.
template <int lines, int columns, int n>
__device__ void load_operand(SwizzledTile<lines, columns> tile, int first_line, unsigned (&to)[n]) {
  int lane = threadIdx.x % warp_size, warp = threadIdx.x % warpgroup_size / warp_size;
  int line = first_line + warp * 16 + lane % 16;
#pragma unroll
  for (int step = 0; step < n / 4; ++step)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[4 * step]), "=r"(to[4 * step + 1]), "=r"(to[4 * step + 2]),
                   "=r"(to[4 * step + 3])
                 : "r"(tile.at(line, 2 * step + lane / 16))
                 : "memory");
}

/// Results as the operand a of a next product: four registers for each 16 columns.
template <int n> __device__ void pack_operand(const float (&sums)[n], unsigned (&packed)[n / 2]) {
#pragma unroll
  for (int i = 0; i < n / 2; ++i)
    packed[i] = pack_bf16(sums[2 * i], sums[2 * i + 1]);
}

// sums = a·b, or with `add` sums += a·b, for a depth of 16 and twice as many columns as a thread
// has sums. wgmma_shared: a and b are described as lines_from, or as columns_from where they are
// `across` the depth. wgmma_registers: a is in four registers from `a` on, b described as
// columns_from if by_columns, else as lines_from. Wider products are wgmma_256.cuh.

#define STEP37_SUMS_8(i)                                                                           \
  "+f"(sums[i]), "+f"(sums[i + 1]), "+f"(sums[i + 2]), "+f"(sums[i + 3]), "+f"(sums[i + 4]),       \
      "+f"(sums[i + 5]), "+f"(sums[i + 6]), "+f"(sums[i + 7])
#define STEP37_SUMS_16(i) STEP37_SUMS_8(i), STEP37_SUMS_8(i + 8)
#define STEP37_SUMS_32(i) STEP37_SUMS_16(i), STEP37_SUMS_16(i + 16)

__device__ inline void wgmma_shared(float (&sums)[32], unsigned long long a, unsigned long long b,
                                    bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %34, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
               "%32, %33, add, 1, 1, 0, 0;\n}"
               : STEP37_SUMS_32(0)
               : "l"(a), "l"(b), "r"(int(add)));
}

__device__ inline void wgmma_shared(float (&sums)[56], unsigned long long a, unsigned long long b,
                                    bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %58, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n112k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55}, "
               "%56, %57, add, 1, 1, 0, 0;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_16(32), STEP37_SUMS_8(48)
               : "l"(a), "l"(b), "r"(int(add)));
}

template <bool a_across = false, bool b_across = false>
__device__ void wgmma_shared(float (&sums)[64], unsigned long long a, unsigned long long b,
                             bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %66, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
               "%64, %65, add, 1, 1, %67, %68;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_32(32)
               : "l"(a), "l"(b), "r"(int(add)), "n"(int(a_across)), "n"(int(b_across)));
}

template <bool by_columns>
__device__ void wgmma_registers(float (&sums)[32], const unsigned *a, unsigned long long b,
                                bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %37, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
               "{%32, %33, %34, %35}, %36, add, 1, 1, %38;\n}"
               : STEP37_SUMS_32(0)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(add)),
                 "n"(by_columns ? 1 : 0));
}

template <bool by_columns>
__device__ void wgmma_registers(float (&sums)[48], const unsigned *a, unsigned long long b,
                                bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %53, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47}, "
               "{%48, %49, %50, %51}, %52, add, 1, 1, %54;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_16(32)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(add)),
                 "n"(by_columns ? 1 : 0));
}

template <bool by_columns>
__device__ void wgmma_registers(float (&sums)[56], const unsigned *a, unsigned long long b,
                                bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %61, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n112k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55}, "
               "{%56, %57, %58, %59}, %60, add, 1, 1, %62;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_16(32), STEP37_SUMS_8(48)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(add)),
                 "n"(by_columns ? 1 : 0));
}

template <bool by_columns>
__device__ void wgmma_registers(float (&sums)[64], const unsigned *a, unsigned long long b,
                                bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %69, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
               "{%64, %65, %66, %67}, %68, add, 1, 1, %70;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_32(32)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(add)),
                 "n"(by_columns ? 1 : 0));
}

template <bool by_columns>
__device__ void wgmma_registers(float (&sums)[72], const unsigned *a, unsigned long long b,
                                bool add) {
  asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %77, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n144k16.f32.bf16.bf16 "
               "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
               "%64, %65, %66, %67, %68, %69, %70, %71}, "
               "{%72, %73, %74, %75}, %76, add, 1, 1, %78;\n}"
               : STEP37_SUMS_32(0), STEP37_SUMS_32(32), STEP37_SUMS_8(64)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(add)),
                 "n"(by_columns ? 1 : 0));
}

#undef STEP37_SUMS_32
#undef STEP37_SUMS_16
#undef STEP37_SUMS_8

} // namespace step37
