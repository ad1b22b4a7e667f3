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
  std::string
      function; // template in codegen/kernels: `template <class Spec> void function(Pointers<n>)`
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

/// A family's own table; cudaVariants calls the one of the spec's type. Declared here once, defined
/// in one file a topic in this folder.
std::vector<CudaVariant> variantsOf(const Gemm &);
std::vector<CudaVariant> variantsOf(const Embedding &);
std::vector<CudaVariant> variantsOf(const EmbeddingGrad &);
std::vector<CudaVariant> variantsOf(const RmsNorm &);
std::vector<CudaVariant> variantsOf(const RmsNormGrad &);
std::vector<CudaVariant> variantsOf(const Add &);
std::vector<CudaVariant> variantsOf(const AccumulateGradient &);
std::vector<CudaVariant> variantsOf(const RopeTable &);
std::vector<CudaVariant> variantsOf(const QkNormRope &);
std::vector<CudaVariant> variantsOf(const QkNormRopeGrad &);
std::vector<CudaVariant> variantsOf(const Attention &);
std::vector<CudaVariant> variantsOf(const AttentionGrad &);
std::vector<CudaVariant> variantsOf(const Swiglu &);
std::vector<CudaVariant> variantsOf(const SwigluGrad &);
std::vector<CudaVariant> variantsOf(const Route &);
std::vector<CudaVariant> variantsOf(const RouteGrad &);
std::vector<CudaVariant> variantsOf(const SortByExpert &);
std::vector<CudaVariant> variantsOf(const Dispatch &);
std::vector<CudaVariant> variantsOf(const Combine &);
std::vector<CudaVariant> variantsOf(const CombineGrad &);
std::vector<CudaVariant> variantsOf(const GroupedGemm &);
std::vector<CudaVariant> variantsOf(const GroupedGemmGrad &);
std::vector<CudaVariant> variantsOf(const GroupedSwiglu &);
std::vector<CudaVariant> variantsOf(const ShiftLabels &);
std::vector<CudaVariant> variantsOf(const LogitsLoss &);
std::vector<CudaVariant> variantsOf(const Fill &);
std::vector<CudaVariant> variantsOf(const ReduceSum &);
std::vector<CudaVariant> variantsOf(const TakeRows &);
std::vector<CudaVariant> variantsOf(const CopyColumns &);
std::vector<CudaVariant> variantsOf(const SumOfSquares &);
std::vector<CudaVariant> variantsOf(const GlobalNorm &);
std::vector<CudaVariant> variantsOf(const AdamW &);
std::vector<CudaVariant> variantsOf(const Collective &);
std::vector<CudaVariant> variantsOf(const CountedExchange &);
std::vector<CudaVariant> variantsOf(const ReceivedRows &);
std::vector<CudaVariant> variantsOf(const LocalizeIds &);
std::vector<CudaVariant> variantsOf(const ExpertWindow &);
std::vector<CudaVariant> variantsOf(const LossStats &);
std::vector<CudaVariant> variantsOf(const MergeLossStats &);
std::vector<CudaVariant> variantsOf(const LogitsGrad &);
std::vector<CudaVariant> variantsOf(const Patches &);
std::vector<CudaVariant> variantsOf(const AddPositions &);
std::vector<CudaVariant> variantsOf(const AddPositionsGrad &);
std::vector<CudaVariant> variantsOf(const LayerNorm &);
std::vector<CudaVariant> variantsOf(const LayerNormGrad &);
std::vector<CudaVariant> variantsOf(const BroadcastRow &);
std::vector<CudaVariant> variantsOf(const ColumnSums &);
std::vector<CudaVariant> variantsOf(const QuickGelu &);
std::vector<CudaVariant> variantsOf(const QuickGeluGrad &);
std::vector<CudaVariant> variantsOf(const AxialRopeTable &);
std::vector<CudaVariant> variantsOf(const RotatePairs &);
std::vector<CudaVariant> variantsOf(const Unfold &);
std::vector<CudaVariant> variantsOf(const Fold &);
std::vector<CudaVariant> variantsOf(const MergeRows &);

} // namespace step37::spec
