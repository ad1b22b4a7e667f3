// How a kernel family runs on a GPU: its variants, fastest first, each with the shapes it is for,
// and the launches it consists of. A variant is a template in codegen/kernels; everything it needs
// to know is in the spec at compile time. Free of LLVM and CUDA: the compiler selects and prints,
// kernel tests and the runtime read the same table.
#pragma once

#include "codegen/spec/KernelSpec.h"

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
  std::string function;                 // template in codegen/kernels: `template <class Spec, class
                                        // Arguments> void function(const Arguments &)`
  std::array<int64_t, 3> grid{1, 1, 1}; // blocks
  int block = 256;                      // threads
  int64_t sharedBytes = 0;              // dynamic shared memory
  int blocksPerSm = 1;                  // second argument of __launch_bounds__
};

/// One implementation for one spec.
struct CudaVariant {
  std::string_view name;     // "generic", "mma", …
  std::string_view header;   // file in codegen/kernels
  std::string unmet;         // why this spec cannot use it; empty if it can
  std::vector<Stage> stages; // filled in only if it can
};

/// All variants of the spec's family, fastest first. The last one, "generic", takes every spec that
/// the frontend accepts.
std::vector<CudaVariant> cudaVariants(const KernelSpec &spec);

/// The fastest variant that takes the spec, and why not the faster ones.
struct ChosenVariant {
  CudaVariant variant;
  std::string reason;
};
ChosenVariant chooseCudaVariant(const KernelSpec &spec);

/// Bytes of workspace with which a dense product that no library takes runs fastest.
int64_t productWorkspace(const Gemm &spec);

/// A family's own table; cudaVariants calls the one of the spec's type. Each is defined in the file
/// of its topic in this folder.
#define STEP37_DECLARE_VARIANTS(Family) std::vector<CudaVariant> variantsOf(const Family &spec);
STEP37_FAMILIES(STEP37_DECLARE_VARIANTS)
#undef STEP37_DECLARE_VARIANTS

} // namespace step37::spec
