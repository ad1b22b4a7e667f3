// Host twin of Gemm.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/MatrixProduct.h"

namespace step37::host {

int64_t scratchFloats(const spec::Gemm &spec) { return productScratch(spec.m, spec.n, spec.k); }

void run(const spec::Gemm &spec, HostContext &context, HostArguments arguments) {
  MatrixProduct product{
      .m = spec.m,
      .n = spec.n,
      .k = spec.k,
      .a = {arguments[0], spec.a_type, spec.a_stride, spec.transpose_a},
      .b = {arguments[1], spec.b_type, spec.b_stride, spec.transpose_b},
      .c = arguments[2],
      .cType = spec.c_type,
      .cStride = spec.c_stride,
      .beta = spec.accumulate ? *argument<float>(arguments, 3) : 0.0f,
  };
  multiply(product, context);
}

} // namespace step37::host
