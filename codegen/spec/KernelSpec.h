// Typed kernel specs: what a kernel computes, on which shapes and element types, and the buffers
// that it takes. One struct a kernel family; the plan stores its fields by name and is otherwise
// ignorant of them. The compiler selects specs, host twins and CUDA templates implement them, the
// loader checks buffers against `arguments()`. Free of LLVM and CUDA. The structs are in one header
// a topic. What is not here: how a kernel computes (codegen/kernels, runtime/host) and which
// buffers it gets (the plan).
//
// Every struct has:
//   static constexpr std::string_view family;   name in the plan file
//   STEP37_FIELDS                               what is known when a kernel is selected
//   STEP37_ARGUMENTS                            the buffers, by name (Argument.h)
//
// Conventions. Matrices are row-major; `*_stride` is the distance of rows in elements and exists
// where an operand may be a column range of a wider matrix. A token is a row; rows of a batch are
// `seq_len` tokens each, one after another. f32 scalars live in device slots, so that one captured
// program serves every step. "sum" over rows always means a fixed order.
#pragma once

#include "codegen/spec/ExpertSpecs.h"
#include "codegen/spec/LayerSpecs.h"
#include "codegen/spec/MeshSpecs.h"
#include "codegen/spec/TrainingSpecs.h"
#include "codegen/spec/VisionSpec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace step37::spec {

/// X(Family) for every family: what there is one of for each is declared from this list.
#define STEP37_FAMILIES(X)                                                                         \
  STEP37_FOR_EACH(X, Gemm, Embedding, EmbeddingGrad, RmsNorm, RmsNormGrad, Add,                    \
                  AccumulateGradient, RopeTable, QkNormRope, QkNormRopeGrad, Attention,            \
                  AttentionGrad, Swiglu, SwigluGrad, Route, RouteGrad, SortByExpert, Dispatch,     \
                  Combine, CombineGrad, GroupedGemm, GroupedGemmGrad, GroupedSwiglu, ShiftLabels,  \
                  LogitsLoss, Fill, ReduceSum, TakeRows, CopyColumns, SumOfSquares, GlobalNorm,    \
                  AdamW, Collective, CountedExchange, ReceivedRows, LocalizeIds, ExpertWindow,     \
                  LossStats, MergeLossStats, LogitsGrad, Patches, AddPositions, AddPositionsGrad,  \
                  LayerNorm, LayerNormGrad, BroadcastRow, ColumnSums, QuickGelu, QuickGeluGrad,    \
                  AxialRopeTable, RotatePairs, Unfold, Fold, MergeRows)

namespace detail {
template <class First, class... Families> struct VariantOf {
  using type = std::variant<Families...>;
};
} // namespace detail

#define STEP37_AFTER_COMMA(Family) , Family
using KernelSpec = detail::VariantOf<void STEP37_FAMILIES(STEP37_AFTER_COMMA)>::type;
#undef STEP37_AFTER_COMMA

/// The family's name, as in the plan file.
std::string_view family(const KernelSpec &spec);

/// The buffers that a kernel of this spec takes, in launch order.
Arguments arguments(const KernelSpec &spec);

/// The ranks that a kernel exchanges with, those that differ only along `axes`.
struct RankGroup {
  std::string_view exchange; // "all_reduce"
  const std::vector<std::string> *axes;
  int64_t ranks;
};

/// Nothing for a kernel that works on its rank alone.
std::optional<RankGroup> rankGroupOf(const KernelSpec &spec);

/// What a CountedExchange is called among the exchanges.
inline constexpr std::string_view countedExchange = "counted_all_to_all";

} // namespace step37::spec
