// GPU variants of the families that go over buffers element by element: add, accumulate_gradient,
// fill and adamw.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Add &spec) {
  return onlyGeneric("elementwise.cuh", {packsStage("add_generic", spec.elements, spec.type)});
}

std::vector<CudaVariant> variantsOf(const AccumulateGradient &spec) {
  DType widest = byteSize(spec.type) > byteSize(spec.grad_type) ? spec.type : spec.grad_type;
  return onlyGeneric("elementwise.cuh",
                     {packsStage("accumulate_gradient_generic", spec.elements, widest)});
}

std::vector<CudaVariant> variantsOf(const Fill &spec) {
  return onlyGeneric("elementwise.cuh", {packsStage("fill_generic", spec.elements, DType::f32)});
}

std::vector<CudaVariant> variantsOf(const AdamW &spec) {
  return onlyGeneric("adamw.cuh", {packsStage("adamw_generic", spec.elements, DType::f32)});
}

} // namespace step37::spec
