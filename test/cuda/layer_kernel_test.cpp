// GPU kernels of a layer but attention and products, against their host twins.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

/// `count` ids below `vocab`, of which every `often`-th is the same.
std::vector<int> randomIds(int64_t count, int64_t vocab, int64_t often) {
  std::mt19937 random(3);
  std::vector<int> ids(static_cast<size_t>(count));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = int64_t(i) % often == 0 ? int(vocab / 2) : int(random() % unsigned(vocab));
  return ids;
}

void checkEmbedding(const spec::Embedding &spec) {
  GpuCase gpu(spec);
  gpu.setIntegers("ids", randomIds(spec.tokens, spec.vocab, 5));
  gpu.fillLarge("table").check();
}

TEST(Embedding, Small) {
  for (DType type : types)
    for (int64_t width : {1, 45, 64, 2304})
      checkEmbedding({37, 101, width, type});
}

TEST(Embedding, Published) { checkEmbedding({8192, 128896, 4096, DType::bf16}); }

void checkEmbeddingGrad(const spec::EmbeddingGrad &spec, int64_t often, double beta) {
  GpuCase gpu(spec);
  gpu.setIntegers("ids", randomIds(spec.tokens, spec.vocab, often));
  gpu.fillLarge("dy").setSlot("beta", beta);
  if (beta != 0)
    gpu.fillLarge("dtable");
  gpu.check();
}

TEST(EmbeddingGrad, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (double beta : {0.0, 1.0, 0.5})
        checkEmbeddingGrad({301, 41, 45, type, gradType}, 7, beta);
  checkEmbeddingGrad({700, 1, 64, DType::bf16, DType::f32}, 1, 1);      // one id only
  checkEmbeddingGrad({32, 3, 8, DType::f32, DType::f32}, 1, 0);         // as long as a short list
  checkEmbeddingGrad({33, 3, 8, DType::f32, DType::f32}, 1, 0);         // one longer
  checkEmbeddingGrad({5, 300, 2304, DType::bf16, DType::bf16}, 100, 1); // hardly any
}

TEST(EmbeddingGrad, Published) {
  checkEmbeddingGrad({8192, 128896, 4096, DType::bf16, DType::f32}, 6, 0);
  checkEmbeddingGrad({8192, 128896, 4096, DType::bf16, DType::bf16}, 50, 1);
}

TEST(Embedding, IdsOutsideTheTable) {
  std::vector<int> ids = randomIds(100, 20, 5);
  ids[1] = ids[8] = -1;
  ids[2] = 20;
  GpuCase gpu(spec::Embedding{100, 20, 64, DType::bf16});
  gpu.setIntegers("ids", ids);
  gpu.fillLarge("table").check();
  GpuCase grad(spec::EmbeddingGrad{100, 20, 64, DType::bf16, DType::f32});
  grad.setIntegers("ids", ids);
  grad.fillLarge("dy").setSlot("beta", 0).check();
}

TEST(RmsNorm, Small) {
  for (DType type : types)
    for (int64_t cols : {1, 45, 64, 2304, 8200})
      for (int64_t addends : {1, 2, 4})
        GpuCase(spec::RmsNorm{7, cols, addends, 1e-5, type}).fillAll().check();
}

TEST(RmsNorm, Published) {
  for (int64_t addends : {1, 2})
    GpuCase(spec::RmsNorm{8192, 4096, addends, 1e-5, DType::bf16}).fillAll().check();
}

void checkRmsNormGrad(const spec::RmsNormGrad &spec, double beta) {
  GpuCase gpu(spec);
  gpu.fillLarge("dy").fillLarge("x").fillLarge("weight").fillPositive("inverse_rms");
  for (int64_t i = 0; i < spec.residuals; ++i)
    gpu.fillLarge("residual" + std::to_string(i));
  if (!spec.frozen)
    gpu.setSlot("beta", beta);
  if (!spec.frozen && beta != 0)
    gpu.fillLarge("dweight");
  gpu.check();
}

TEST(RmsNormGrad, FrozenWeight) {
  for (DType type : types)
    for (int64_t cols : {1, 45, 2304})
      for (int64_t residuals : {0, 2})
        checkRmsNormGrad({131, cols, residuals, 1e-5, type, DType::f32, true}, 0);
}

TEST(RmsNormGrad, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (int64_t cols : {1, 45, 2304})
        for (int64_t residuals : {0, 1, 2})
          checkRmsNormGrad({131, cols, residuals, 1e-5, type, gradType}, residuals == 1 ? 0.5 : 0);
  checkRmsNormGrad({1, 8200, 1, 1e-5, DType::bf16, DType::f32}, 1);
}

TEST(RmsNormGrad, Published) {
  for (int64_t residuals : {0, 1})
    checkRmsNormGrad({8192, 4096, residuals, 1e-5, DType::bf16, DType::f32}, 1);
}

/// q and k are column ranges of a wider matrix; `gap` further columns keep strides odd.
template <class Spec>
Spec headsSpec(int64_t rows, int64_t seqLen, int64_t heads, int64_t groups, int64_t dim,
               int64_t rotary, int64_t gap, bool normalize, DType type) {
  Spec spec;
  spec.tokens = rows * seqLen;
  spec.seq_len = seqLen;
  spec.heads = heads;
  spec.groups = groups;
  spec.head_dim = dim;
  spec.rotary_dim = rotary;
  spec.q_stride = spec.k_stride = (heads + 2 * groups) * dim + gap;
  spec.normalize = normalize;
  spec.type = type;
  return spec;
}

void checkQkNormRope(const spec::QkNormRope &spec) {
  GpuCase gpu(spec);
  gpu.fillAll();
  gpu.setIntegers("document_start", documentStarts(spec.tokens, spec.seq_len, 3));
  gpu.check();
}

void checkQkNormRopeGrad(spec::QkNormRopeGrad spec, DType gradType, double beta) {
  spec.dq_stride = spec.dk_stride = spec.q_stride;
  spec.grad_type = gradType;
  GpuCase gpu(spec);
  for (const spec::Argument &argument : spec.arguments())
    if (argument.access == spec::Access::read && argument.type != DType::i32)
      gpu.fillPositive(argument.name);
  gpu.fillLarge("dq_out").fillLarge("dk_out").fillLarge("q").fillLarge("k");
  gpu.setIntegers("document_start", documentStarts(spec.tokens, spec.seq_len, 3));
  if (spec.sumsWeights())
    gpu.setSlot("beta", beta);
  if (spec.sumsWeights() && beta != 0)
    gpu.fillLarge("dq_weight").fillLarge("dk_weight");
  gpu.check();
}

struct HeadShape {
  int64_t heads, groups, dim, rotary, gap;
};

constexpr HeadShape headShapes[] = {
    {4, 2, 16, 8, 0},  {6, 3, 14, 6, 5},    {5, 1, 13, 4, 0},
    {1, 1, 1, 0, 0},   {3, 3, 128, 128, 8}, {64, 8, 128, 64, 64},
    {9, 3, 24, 24, 1}, {2, 1, 192, 64, 2},  {3, 1, 6, 2, 3},
};

TEST(QkNormRope, Small) {
  for (DType type : types)
    for (bool normalize : {true, false})
      for (const HeadShape &s : headShapes)
        checkQkNormRope(headsSpec<spec::QkNormRope>(3, 7, s.heads, s.groups, s.dim, s.rotary, s.gap,
                                                    normalize, type));
}

TEST(QkNormRope, Published) {
  checkQkNormRope(headsSpec<spec::QkNormRope>(2, 4096, 64, 8, 128, 64, 64, true, DType::bf16));
  checkQkNormRope(headsSpec<spec::QkNormRope>(1, 8192, 96, 8, 128, 128, 96, true, DType::bf16));
}

TEST(QkNormRopeGrad, Small) {
  for (DType type : types)
    for (bool normalize : {true, false})
      for (const HeadShape &s : headShapes)
        checkQkNormRopeGrad(headsSpec<spec::QkNormRopeGrad>(3, 29, s.heads, s.groups, s.dim,
                                                            s.rotary, s.gap, normalize, type),
                            s.gap % 2 ? DType::f32 : DType::bf16, s.gap ? 0.5 : 0);
}

TEST(QkNormRopeGrad, FrozenWeights) {
  for (DType type : types)
    for (const HeadShape &s : headShapes) {
      auto spec = headsSpec<spec::QkNormRopeGrad>(3, 29, s.heads, s.groups, s.dim, s.rotary, s.gap,
                                                  true, type);
      spec.frozen = true;
      checkQkNormRopeGrad(spec, DType::f32, 0);
    }
}

TEST(QkNormRopeGrad, Published) {
  checkQkNormRopeGrad(
      headsSpec<spec::QkNormRopeGrad>(2, 4096, 64, 8, 128, 64, 64, true, DType::bf16), DType::f32,
      1);
  checkQkNormRopeGrad(
      headsSpec<spec::QkNormRopeGrad>(1, 8192, 96, 8, 128, 128, 96, true, DType::bf16), DType::f32,
      0);
}

using spec::ClampPosition;

void checkSwiglu(int64_t rows, int64_t cols, int64_t stride, double limit, ClampPosition clamp,
                 DType type) {
  GpuCase(spec::Swiglu{rows, cols, stride, stride, limit, clamp, type}).fillAll(2).check();
  GpuCase(spec::SwigluGrad{rows, cols, stride, stride, stride, stride, limit, clamp, type})
      .fillAll(2)
      .check();
}

TEST(Swiglu, Small) {
  for (DType type : types)
    for (ClampPosition clamp : {ClampPosition::afterSilu, ClampPosition::beforeSilu})
      for (double limit : {0.0, 1.0})
        for (int64_t cols : {1, 11, 48}) {
          checkSwiglu(13, cols, cols, limit, clamp, type);
          checkSwiglu(13, cols, 2 * cols, limit, clamp, type);
          checkSwiglu(13, cols, 2 * cols + 3, limit, clamp, type);
        }
}

TEST(Swiglu, LargeGates) {
  for (DType type : types) {
    GpuCase gpu(spec::Swiglu{1, 6, 6, 6, 0, ClampPosition::afterSilu, type});
    gpu.set("gate", {-1000, -100, -88, 88, 100, 1000}).set("up", {1, 2, 3, 4, 5, 6});
    gpu.check();
  }
}

TEST(Swiglu, Published) {
  checkSwiglu(8192, 11264, 2 * 11264, 0, ClampPosition::afterSilu, DType::bf16);
  checkSwiglu(65536, 1280, 1280, 7, ClampPosition::afterSilu, DType::bf16);
}

} // namespace
