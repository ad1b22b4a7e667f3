#include "codegen/spec/cuda/Variant.h"

#include "runtime/base/Error.h"

#include <cassert>

namespace step37::spec {

std::vector<CudaVariant> cudaVariants(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return variantsOf(typed); }, spec);
}

std::vector<CudaKernel> kernelsOf(const CudaVariant &variant) {
  std::vector<CudaKernel> kernels;
  for (const LaunchConfig &config : variant.configs)
    kernels.push_back({variant, config});
  return kernels;
}

CudaKernel cudaKernel(const KernelSpec &spec, std::string_view name, const LaunchConfig &config) {
  const std::string kernel = std::string(family(spec)) + ", variant " + std::string(name);
  for (CudaVariant &variant : cudaVariants(spec)) {
    if (variant.name != name)
      continue;
    if (!variant.unmet.empty())
      throw Error(kernel + ": " + variant.unmet);
    for (const LaunchConfig &known : variant.configs)
      if (toJson(known) == toJson(config))
        return {std::move(variant), config};
    throw Error(kernel + ": cannot take the launch choices " + toJson(config).dump());
  }
  throw Error(kernel + ": there is no such variant");
}

ChosenKernel chooseCudaKernel(const KernelSpec &spec) {
  std::string reason;
  for (CudaVariant &variant : cudaVariants(spec)) {
    if (variant.runs())
      return {kernelsOf(variant).front(),
              reason.empty() ? "the fastest variant takes this spec" : reason};
    reason += (reason.empty() ? "" : "; ") + std::string(variant.name) + ": " + variant.unmet;
  }
  assert(false && "the generic variant takes every spec");
  return {};
}

} // namespace step37::spec
