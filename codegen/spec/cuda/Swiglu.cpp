// GPU variants of swiglu and swiglu_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Swiglu &spec) {
  return onlyGeneric("swiglu.cuh",
                     {packsStage("swiglu_generic", spec.rows * spec.cols, spec.type)});
}

std::vector<CudaVariant> variantsOf(const SwigluGrad &spec) {
  return onlyGeneric("swiglu.cuh",
                     {packsStage("swiglu_grad_generic", spec.rows * spec.cols, spec.type)});
}

} // namespace step37::spec
