#include "test/cuda/CudaSpecs.h"

#include "codegen/spec/SpecCheck.h"
#include "codegen/spec/cuda/Variant.h"

#include <algorithm>

namespace step37::test {
namespace {

using spec::ClampPosition;

class SpecList {
public:
  SpecList(const ModelSizes &sizes, DType type, DType gradType)
      : s(sizes), type(type), grad(gradType) {}

  std::vector<spec::KernelSpec> build() {
    rows();
    attention();
    experts();
    loss();
    optimizer();
    mesh();
    vision();
    for (const spec::KernelSpec &spec : specs)
      spec::check(spec);
    return std::move(specs);
  }

private:
  template <class Spec> void add(Spec spec) { specs.emplace_back(std::move(spec)); }

  void rows() {
    add(spec::Embedding{s.tokens, s.vocab, s.width, type});
    add(spec::EmbeddingGrad{s.tokens, s.vocab, s.width, type, grad});
    for (int64_t addends : {1, 2, 3})
      add(spec::RmsNorm{s.tokens, s.width, addends, 1e-5, type});
    for (int64_t residuals : {0, 1, 2})
      for (bool frozen : {false, true})
        add(spec::RmsNormGrad{s.tokens, s.width, residuals, 1e-5, type, grad, frozen});
    add(spec::CopyColumns{s.tokens, s.width, s.width, 2 * s.width, type});
    add(spec::Add{s.tokens * s.width, 3, type});
    add(spec::AccumulateGradient{s.width * s.denseWidth, type, grad});
    add(spec::Swiglu{s.tokens, s.denseWidth, 2 * s.denseWidth, 2 * s.denseWidth, s.limit,
                     ClampPosition::afterSilu, type});
    add(spec::SwigluGrad{s.tokens, s.denseWidth, 2 * s.denseWidth, 2 * s.denseWidth,
                         2 * s.denseWidth, 2 * s.denseWidth, s.limit, ClampPosition::beforeSilu,
                         type});
    // The router's products mix types: logits, and the gradients of tokens and weight.
    router(spec::Gemm{s.tokens, s.experts, s.width, false, true, s.width, s.width, s.experts, type,
                      DType::f32, DType::f32});
    router(spec::Gemm{s.tokens, s.width, s.experts, false, false, s.experts, s.width, s.width,
                      DType::f32, type, type});
    router(spec::Gemm{s.tokens, s.width, s.experts, false, false, s.experts, s.width, s.width,
                      DType::f32, DType::f32, type});
    router(spec::Gemm{s.experts, s.width, s.tokens, true, false, s.experts, s.width, s.width,
                      DType::f32, type, grad, true});
  }

  void router(spec::Gemm spec) {
    spec.workspace_bytes = spec::productWorkspace(spec);
    add(spec);
  }

  void attention() {
    int64_t q = s.heads * s.headDim, k = s.groups * s.headDim, packed = q + 2 * k + s.heads;
    std::vector<double> frequencies(size_t(s.rotaryDim / 2), 0.01);
    add(spec::RopeTable{s.seqLen, frequencies});
    for (bool normalize : {true, false})
      for (int64_t rotary : {s.rotaryDim, int64_t(0)}) {
        add(spec::QkNormRope{s.tokens, s.seqLen, s.heads, s.groups, s.headDim, rotary, packed,
                             packed, normalize, 1e-5, type});
        add(spec::QkNormRopeGrad{s.tokens, s.seqLen, s.heads, s.groups, s.headDim, rotary, packed,
                                 packed, packed, packed, normalize, 1e-5, type, grad});
      }
    add(spec::QkNormRopeGrad{s.tokens, s.seqLen, s.heads, s.groups, s.headDim, s.rotaryDim, packed,
                             packed, packed, packed, true, 1e-5, type, grad, true});
    std::vector<int64_t> headDims = {s.headDim};
    if (s.headDim == 128) // as published: also the smaller ones that tensor cores take
      headDims = {128, 96, 64};
    for (int64_t dim : headDims)
      for (bool gated : {true, false}) {
        int64_t stride = (s.heads + 2 * s.groups) * dim + s.heads, gateStride = gated ? stride : 0;
        add(spec::Attention{s.tokens, s.seqLen, s.heads, s.groups, dim, s.window, stride,
                            gateStride, gated, 0.1, type});
        add(spec::AttentionGrad{s.tokens, s.seqLen, s.heads, s.groups, dim, s.window, stride,
                                gateStride, stride, gateStride, gated, 0.1, type});
      }
  }

  void experts() {
    int64_t rows = s.tokens * s.topK;
    for (bool softmax : {false, true}) {
      add(spec::Route{s.tokens, s.experts, s.topK, 3, true, !softmax, softmax});
      add(spec::RouteGrad{s.tokens, s.experts, s.topK, 3, true, softmax});
    }
    add(spec::SortByExpert{s.tokens, s.experts, s.topK, rows});
    add(spec::Dispatch{s.tokens, s.topK, s.width, type, rows});
    for (bool weighted : {true, false})
      add(spec::Combine{s.tokens, s.topK, s.width, weighted, type, rows});
    add(spec::CombineGrad{s.tokens, s.topK, s.width, type, rows});
    for (bool transpose : {true, false})
      add(spec::GroupedGemm{s.experts, rows, s.expertWidth, s.width, transpose, type});
    for (ClampPosition clamp : {ClampPosition::afterSilu, ClampPosition::beforeSilu})
      add(spec::GroupedSwiglu{s.experts, rows, s.expertWidth, s.width, s.limit, clamp, type});
    add(spec::GroupedGemmGrad{s.experts, rows, s.expertWidth, s.width, type, grad});
  }

  void loss() {
    int64_t chunk = std::min<int64_t>(s.tokens, 1024);
    add(spec::ShiftLabels{s.tokens, s.seqLen, 1});
    add(spec::ShiftLabels{s.tokens, s.seqLen, 2});
    for (bool gradient : {true, false})
      add(spec::LogitsLoss{chunk, s.vocab, gradient, type});
    add(spec::ReduceSum{s.tokens});
    add(spec::TakeRows{s.tokens, s.seqLen, s.width, type});
    add(spec::Fill{s.tokens, 1});
  }

  void optimizer() {
    int64_t elements = s.width * s.denseWidth;
    add(spec::SumOfSquares{elements, grad});
    add(spec::GlobalNorm{std::vector<int64_t>(700, 3)});
    add(spec::AdamW{elements, true, type != DType::f32, type, grad});
  }

  /// Two ranks, of which the second one's columns are not all in the vocabulary.
  void mesh() {
    int64_t slots = s.tokens * s.topK, vocab = (s.vocab + 1) / 2;
    int64_t chunk = std::min<int64_t>(s.tokens, 1024);
    add(spec::Collective{spec::Exchange::allReduce, {"tp"}, 2, s.tokens * s.width, type});
    for (bool back : {false, true})
      add(spec::CountedExchange{
          back, back, {"tp"}, 2, 2 * s.experts, slots, slots, 0, s.width, type});
    add(spec::ReceivedRows{2, 2 * s.experts, slots, slots, slots / 2});
    add(spec::TakeRows{s.tokens, s.seqLen, s.topK, DType::i32});
    add(spec::LocalizeIds{slots, s.experts});
    add(spec::ExpertWindow{s.experts, slots, slots / 4, slots / 2});
    add(spec::LossStats{chunk, vocab, 2 * vocab - 1});
    add(spec::MergeLossStats{2, chunk});
    add(spec::LogitsGrad{chunk, vocab, 2 * vocab - 1, type});
    add(spec::AdamW{s.width, true, true, type, grad});
  }

  void vision() {
    // A view of 728 pixels and six crops of 504 where sizes are as large as published.
    bool large = s.width >= 1024;
    int64_t width = large ? 1536 : s.width, heads = large ? 16 : 3, dim = large ? 96 : 14;
    std::vector<int64_t> grids =
        large ? std::vector<int64_t>{1, 52, 52, 6, 36, 36} : std::vector<int64_t>{2, 3, 5, 1, 4, 4};
    add(spec::Patches{2, 3, 28, 42, 14, large, type});
    for (bool classToken : {false, true}) {
      add(spec::AddPositions{grids, classToken, large ? 52 : 4, width, type});
      add(spec::AddPositionsGrad{grids, classToken, large ? 52 : 4, width, type, grad});
      add(spec::Unfold{grids, classToken, width, type});
      add(spec::Fold{grids, classToken, width, type});
    }
    add(spec::AddPositions{grids, true, 0, width, type});
    add(spec::AddPositionsGrad{grids, true, 0, width, type, grad});
    add(spec::AxialRopeTable{grids, false, true, {1, 0.1, 0.01}});
    int64_t rows = spec::gridTokens(grids, false), images = grids[0];
    add(spec::RotatePairs{rows, heads, dim, 3 * heads * dim, heads * dim, false, type});
    add(spec::RotatePairs{rows, heads, dim, heads * dim, 3 * heads * dim, true, type});
    add(spec::LayerNorm{rows, width, 1e-5, type});
    add(spec::LayerNormGrad{rows, width, type, grad});
    for (bool second : {false, true}) {
      add(spec::BroadcastRow{rows, width, second, type});
      add(spec::ColumnSums{rows, width, second, type, grad});
    }
    add(spec::QuickGelu{rows * width, type});
    add(spec::QuickGeluGrad{rows * width, type});
    for (auto [x, source] : {std::pair(true, true), {true, false}, {false, true}})
      add(spec::MergeRows{s.tokens, 20, width, x, source, type});
    int64_t view = grids[1] * grids[2], crop = grids[4] * grids[5];
    imageAttention(images * view, view, heads, heads, dim);
    imageAttention(grids[3] * crop, crop, heads, heads, dim);
    if (large && s.window == 0) // the other sizes that tensor cores take, also with shared keys
      for (int64_t other : {64, 128})
        imageAttention(images * view, view, heads, heads / 4, other);
  }

  void imageAttention(int64_t tokens, int64_t length, int64_t heads, int64_t groups, int64_t dim) {
    int64_t stride = (heads + 2 * groups) * dim;
    add(spec::Attention{tokens, length, heads, groups, dim, 0, stride, 0, false, 0.1, type, false});
    add(spec::AttentionGrad{tokens, length, heads, groups, dim, 0, stride, 0, stride, 0, false, 0.1,
                            type, false});
  }

  ModelSizes s;
  DType type, grad;
  std::vector<spec::KernelSpec> specs;
};

} // namespace

std::vector<spec::KernelSpec> specsOf(const ModelSizes &sizes, DType type, DType gradType) {
  return SpecList(sizes, type, gradType).build();
}

} // namespace step37::test
