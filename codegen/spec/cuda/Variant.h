// How a kernel family runs on a GPU: its variants, fastest first, each with the shapes it is for,
// the launch choices that it can take, and the launches that follow. A variant is a template in
// codegen/kernels; everything it needs to know is in the spec and in the choices at compile time.
// Free of LLVM and CUDA: the compiler selects and prints, kernel tests read the same table.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "codegen/spec/cuda/LaunchConfig.h"

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace step37::spec {

/// Variant name of a dense product that cuBLASLt runs.
inline constexpr std::string_view libraryVariant = "cublaslt";

/// Variant name of collectives, which NCCL runs.
inline constexpr std::string_view ncclVariant = "nccl";

/// One launch. A kernel may need several, one after another on one stream, with the same arguments:
/// partial sums and then their reduction, say. That is where grid-wide ordering comes from.
struct Stage {
  std::string function; // template in codegen/kernels (common.cuh says of which form)
  std::array<int64_t, 3> grid{1, 1, 1}; // blocks
  int64_t block = 256;                  // threads
  int64_t sharedBytes = 0;              // dynamic shared memory
  int blocksPerSm = 1;                  // second argument of __launch_bounds__
};

/// One implementation for one spec.
struct CudaVariant {
  std::string_view name;   // "generic", "wgmma", …
  std::string_view header; // file in codegen/kernels; empty where a library runs it
  std::string unmet;       // why this spec cannot use it; empty if it can
  /// The choices that it can take for this spec, the default one first; none if it cannot be used.
  std::vector<LaunchConfig> configs;
  /// The launches for one of them.
  std::function<std::vector<Stage>(const LaunchConfig &)> stages;

  bool runs() const { return unmet.empty() && !configs.empty(); }
};

/// All variants of the spec's family, fastest first. The last one, "generic", takes every spec that
/// the frontend accepts.
std::vector<CudaVariant> cudaVariants(const KernelSpec &spec);

/// A variant and the choices that were made for it: all that a stub needs besides the spec.
struct CudaKernel {
  CudaVariant variant;
  LaunchConfig config;

  std::vector<Stage> stages() const { return variant.stages(config); }
};

/// One for each of the variant's choices, the default one first.
std::vector<CudaKernel> kernelsOf(const CudaVariant &variant);

/// The variant of this name with these choices. Throws Error where the family has no such variant,
/// or the variant cannot take the spec with these choices.
CudaKernel cudaKernel(const KernelSpec &spec, std::string_view variant, const LaunchConfig &config);

/// The fastest variant that takes the spec, with its default choices, and why not the faster ones.
struct ChosenKernel {
  CudaKernel kernel;
  std::string reason;
};
ChosenKernel chooseCudaKernel(const KernelSpec &spec);

/// Bytes of workspace with which a dense product that no library takes runs fastest.
int64_t productWorkspace(const Gemm &spec);

/// A family's own table; cudaVariants calls the one of the spec's type. Each is defined in the file
/// of its topic in this folder.
#define STEP37_DECLARE_VARIANTS(Family) std::vector<CudaVariant> variantsOf(const Family &spec);
STEP37_FAMILIES(STEP37_DECLARE_VARIANTS)
#undef STEP37_DECLARE_VARIANTS

} // namespace step37::spec
