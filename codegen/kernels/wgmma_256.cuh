// The widest product of Hopper's tensor cores, with both operands in shared memory and either of
// them along the depth or across it. Narrower ones, and what goes before and after: wgmma.cuh.
#pragma once

#include "wgmma.cuh"

namespace step37 {

#define STEP37_SUMS_8(i)                                                                           \
  "+f"(sums[i]), "+f"(sums[i + 1]), "+f"(sums[i + 2]), "+f"(sums[i + 3]), "+f"(sums[i + 4]),       \
      "+f"(sums[i + 5]), "+f"(sums[i + 6]), "+f"(sums[i + 7])
#define STEP37_SUMS_32(i)                                                                          \
  STEP37_SUMS_8(i), STEP37_SUMS_8(i + 8), STEP37_SUMS_8(i + 16), STEP37_SUMS_8(i + 24)

/// sums += a·b for 64 rows, 256 columns and a depth of 16. a and b are described as lines_from, or
/// as columns_from where they are `across` the depth.
template <bool a_across, bool b_across>
__device__ void wgmma_256(float (&sums)[128], unsigned long long a, unsigned long long b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, "
      "%127}, "
      "%128, %129, 1, 1, 1, %130, %131;"
      : STEP37_SUMS_32(0), STEP37_SUMS_32(32), STEP37_SUMS_32(64), STEP37_SUMS_32(96)
      : "l"(a), "l"(b), "n"(int(a_across)), "n"(int(b_across)));
}

#undef STEP37_SUMS_32
#undef STEP37_SUMS_8

} // namespace step37
