// The C++ twin of each kernel family: one overload of `run` a spec. What a twin computes and which
// arguments it takes is said at its spec (codegen/spec/KernelSpec.h, MeshSpecs.h); the arguments
// are trusted here, the executor has checked them. Results do not depend on the number of workers:
// work items are cut by shape (and group offsets) alone, and sums have a fixed order.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/exec/host/HostKernel.h"

namespace step37::host {

// Matrix products: Gemm.cpp, GroupedGemm.cpp. The loss: LogitsLoss.cpp.
void run(const spec::Gemm &spec, HostContext &context, HostArguments arguments);
void run(const spec::GroupedGemm &spec, HostContext &context, HostArguments arguments);
void run(const spec::GroupedGemmGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::GroupedSwiglu &spec, HostContext &context, HostArguments arguments);
void run(const spec::LogitsLoss &spec, HostContext &context, HostArguments arguments);

// Element-wise, sums and the optimizer.
void run(const spec::Add &spec, HostContext &context, HostArguments arguments);
void run(const spec::Fill &spec, HostContext &context, HostArguments arguments);
void run(const spec::AccumulateGradient &spec, HostContext &context, HostArguments arguments);
void run(const spec::ReduceSum &spec, HostContext &context, HostArguments arguments);
void run(const spec::SumOfSquares &spec, HostContext &context, HostArguments arguments);
void run(const spec::GlobalNorm &spec, HostContext &context, HostArguments arguments);
void run(const spec::AdamW &spec, HostContext &context, HostArguments arguments);
void run(const spec::TakeRows &spec, HostContext &context, HostArguments arguments);
void run(const spec::CopyColumns &spec, HostContext &context, HostArguments arguments);
void run(const spec::ShiftLabels &spec, HostContext &context, HostArguments arguments);
void run(const spec::RopeTable &spec, HostContext &context, HostArguments arguments);

// Embedding, norms, attention, the MLP's activation.
void run(const spec::Embedding &spec, HostContext &context, HostArguments arguments);
void run(const spec::EmbeddingGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::RmsNorm &spec, HostContext &context, HostArguments arguments);
void run(const spec::RmsNormGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::QkNormRope &spec, HostContext &context, HostArguments arguments);
void run(const spec::QkNormRopeGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::Attention &spec, HostContext &context, HostArguments arguments);
void run(const spec::AttentionGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::Swiglu &spec, HostContext &context, HostArguments arguments);
void run(const spec::SwigluGrad &spec, HostContext &context, HostArguments arguments);

// Experts.
void run(const spec::Route &spec, HostContext &context, HostArguments arguments);
void run(const spec::RouteGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::SortByExpert &spec, HostContext &context, HostArguments arguments);
void run(const spec::Dispatch &spec, HostContext &context, HostArguments arguments);
void run(const spec::Combine &spec, HostContext &context, HostArguments arguments);
void run(const spec::CombineGrad &spec, HostContext &context, HostArguments arguments);

// What only sharded programs have: Collectives.cpp, CountedExchange.cpp, LocalIndices.cpp,
// SplitLoss.cpp. An exchange is run once for each group of ranks: with the arguments of its first
// rank, then of the second one, ….
void run(const spec::Collective &spec, HostContext &context, HostArguments arguments);
void run(const spec::CountedExchange &spec, HostContext &context, HostArguments arguments);
void run(const spec::ReceivedRows &spec, HostContext &context, HostArguments arguments);
void run(const spec::LocalizeIds &spec, HostContext &context, HostArguments arguments);
void run(const spec::ExpertWindow &spec, HostContext &context, HostArguments arguments);
void run(const spec::LossStats &spec, HostContext &context, HostArguments arguments);
void run(const spec::MergeLossStats &spec, HostContext &context, HostArguments arguments);
void run(const spec::LogitsGrad &spec, HostContext &context, HostArguments arguments);

// Images: ImageWindows.cpp, ImagePositions.cpp, and a file each.
void run(const spec::Patches &spec, HostContext &context, HostArguments arguments);
void run(const spec::Unfold &spec, HostContext &context, HostArguments arguments);
void run(const spec::Fold &spec, HostContext &context, HostArguments arguments);
void run(const spec::AddPositions &spec, HostContext &context, HostArguments arguments);
void run(const spec::AddPositionsGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::AxialRopeTable &spec, HostContext &context, HostArguments arguments);
void run(const spec::RotatePairs &spec, HostContext &context, HostArguments arguments);
void run(const spec::LayerNorm &spec, HostContext &context, HostArguments arguments);
void run(const spec::LayerNormGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::BroadcastRow &spec, HostContext &context, HostArguments arguments);
void run(const spec::ColumnSums &spec, HostContext &context, HostArguments arguments);
void run(const spec::QuickGelu &spec, HostContext &context, HostArguments arguments);
void run(const spec::QuickGeluGrad &spec, HostContext &context, HostArguments arguments);
void run(const spec::MergeRows &spec, HostContext &context, HostArguments arguments);

/// Floats of scratch that a twin needs for each worker. A twin that needs some declares its own
/// overload below.
template <class Spec> int64_t scratchFloats(const Spec &) { return 0; }
int64_t scratchFloats(const spec::Gemm &spec);
int64_t scratchFloats(const spec::GroupedGemm &spec);
int64_t scratchFloats(const spec::GroupedGemmGrad &spec);
int64_t scratchFloats(const spec::GroupedSwiglu &spec);
int64_t scratchFloats(const spec::LogitsLoss &spec);
int64_t scratchFloats(const spec::RmsNorm &spec);
int64_t scratchFloats(const spec::RmsNormGrad &spec);
int64_t scratchFloats(const spec::QkNormRope &spec);
int64_t scratchFloats(const spec::QkNormRopeGrad &spec);
int64_t scratchFloats(const spec::Attention &spec);
int64_t scratchFloats(const spec::AttentionGrad &spec);
int64_t scratchFloats(const spec::Swiglu &spec);
int64_t scratchFloats(const spec::SwigluGrad &spec);
int64_t scratchFloats(const spec::Route &spec);
int64_t scratchFloats(const spec::RouteGrad &spec);
int64_t scratchFloats(const spec::CombineGrad &spec);
int64_t scratchFloats(const spec::LossStats &spec);
int64_t scratchFloats(const spec::LogitsGrad &spec);
int64_t scratchFloats(const spec::Patches &spec);
int64_t scratchFloats(const spec::Fold &spec);
int64_t scratchFloats(const spec::AddPositions &spec);
int64_t scratchFloats(const spec::LayerNorm &spec);
int64_t scratchFloats(const spec::LayerNormGrad &spec);

} // namespace step37::host
