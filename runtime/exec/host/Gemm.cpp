// Host twin of Gemm.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/MatrixProduct.h"

namespace step37::host {

static void run(const spec::Gemm &spec, HostContext &context, const Buffers<spec::Gemm> &at) {
  MatrixProduct product{
      .m = spec.m,
      .n = spec.n,
      .k = spec.k,
      .a = {at.a.data, spec.a_type, spec.a_stride, spec.transpose_a},
      .b = {at.b.data, spec.b_type, spec.b_stride, spec.transpose_b},
      .c = at.c.data,
      .cType = spec.c_type,
      .cStride = spec.c_stride,
      .beta = spec.accumulate ? *at.beta.as<float>() : 0.0f,
  };
  multiply(product, context);
}

HostTwin<spec::Gemm> twinOf(const spec::Gemm &spec) {
  return {run, productScratch(spec.m, spec.n, spec.k)};
}

} // namespace step37::host
