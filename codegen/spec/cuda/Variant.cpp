#include "codegen/spec/cuda/Variant.h"

#include <cassert>

namespace step37::spec {

std::vector<CudaVariant> cudaVariants(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return variantsOf(typed); }, spec);
}

ChosenVariant chooseCudaVariant(const KernelSpec &spec) {
  std::string reason;
  for (CudaVariant &variant : cudaVariants(spec)) {
    if (variant.unmet.empty())
      return {std::move(variant), reason.empty() ? "the fastest variant takes this spec" : reason};
    reason += (reason.empty() ? "" : "; ") + std::string(variant.name) + ": " + variant.unmet;
  }
  assert(false && "the generic variant takes every spec");
  return {};
}

} // namespace step37::spec
