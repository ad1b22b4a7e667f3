// GPU variants of rms_norm and rms_norm_grad.
#include "codegen/spec/cuda/Variant.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const RmsNorm &spec) {
  return {{"generic", "rms_norm.cuh", "", {{"rms_norm_generic", {spec.rows, 1, 1}, 256, 0}}}};
}

} // namespace step37::spec
