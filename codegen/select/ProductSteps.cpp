#include "codegen/select/ProductSteps.h"

#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

MemRefType typeOfBuffer(Value buffer) { return cast<MemRefType>(buffer.getType()); }
DType dtypeOfBuffer(Value buffer) { return dtypeOf(typeOfBuffer(buffer).getElementType()); }

} // namespace

void ProductSteps::product(Location loc, const Product &product) {
  const auto [a, b, c, beta, transposeA, transposeB] = product;
  spec::Gemm spec;
  spec.m = typeOfBuffer(c).getDimSize(0);
  spec.n = typeOfBuffer(c).getDimSize(1);
  spec.k = typeOfBuffer(a).getDimSize(transposeA ? 0 : 1);
  spec.transpose_a = transposeA;
  spec.transpose_b = transposeB;
  spec.a_stride = BufferAssignment::stride(a);
  spec.b_stride = BufferAssignment::stride(b);
  spec.c_stride = BufferAssignment::stride(c);
  spec.a_type = dtypeOfBuffer(a);
  spec.b_type = dtypeOfBuffer(b);
  spec.c_type = dtypeOfBuffer(c);
  spec.accumulate = bool(beta);
  spec.workspace_bytes = policy.productWorkspace(spec);
  Value workspace;
  if (spec.workspace_bytes)
    workspace = buffers.workspace(loc, spec.workspace_bytes, DType::u8);
  steps.step(loc, spec, {.a = a, .b = b, .c = c, .beta = beta, .workspace = workspace});
}

void ProductSteps::forEachChunk(int64_t tokens, int64_t vocab,
                                llvm::function_ref<void(int64_t, int64_t)> visit) {
  int64_t chunk = policy.logitsChunk(tokens, vocab);
  for (int64_t begin = 0; begin < tokens; begin += chunk)
    visit(begin, std::min(chunk, tokens - begin));
}

Value ProductSteps::oneBehindFirstChunk(Location loc, int64_t tokens, int64_t vocab) {
  if (policy.logitsChunk(tokens, vocab) >= tokens)
    return Value();
  Value one = buffers.workspace(loc, 1, DType::f32);
  steps.step(loc, spec::Fill{1, 1.0}, {.out = one});
  return one;
}

Value ProductSteps::chunkLogits(Location loc, Value x, Value w) {
  Value logits =
      buffers.matrix(loc, typeOfBuffer(x).getDimSize(0), typeOfBuffer(w).getDimSize(0), DType::f32);
  product(loc, {.a = x, .b = w, .c = logits, .transposeB = true});
  return logits;
}

void ProductSteps::chunkGradient(Location loc, Value dlogits, Value x, Value w,
                                 const LossGradient &gradient, int64_t begin, Value one) {
  int64_t rows = typeOfBuffer(dlogits).getDimSize(0);
  product(loc, {.a = dlogits, .b = w, .c = buffers.rows(gradient.dx, begin, rows)});
  if (gradient.dw)
    product(loc, {.a = dlogits,
                  .b = x,
                  .c = gradient.dw->gradient,
                  .beta = begin == 0 ? gradient.dw->beta : one,
                  .transposeA = true});
}

void ProductSteps::loss(Location loc, const LossBuffers &head,
                        const std::optional<LossGradient> &gradient) {
  int64_t tokens = typeOfBuffer(head.x).getDimSize(0), vocab = typeOfBuffer(head.w).getDimSize(0);
  DType gradientType = policy.logitsGradientType(dtypeOfBuffer(head.x));
  Value one = gradient && gradient->dw ? oneBehindFirstChunk(loc, tokens, vocab) : Value();
  forEachChunk(tokens, vocab, [&](int64_t begin, int64_t rows) {
    auto rowsOf = [&](Value buffer) { return buffers.rows(buffer, begin, rows); };
    spec::LogitsLoss spec{rows, vocab, gradient.has_value(), gradientType};
    Value x = rowsOf(head.x), logits = chunkLogits(loc, x, head.w);
    Value dlogits;
    if (gradient)
      dlogits = buffers.matrix(loc, rows, vocab, gradientType);
    steps.step(loc, spec,
               {.logits = logits,
                .labels = rowsOf(head.labels),
                .weights = rowsOf(head.weights),
                .scale = gradient ? gradient->scale : Value(),
                .token_loss = rowsOf(head.tokenLoss),
                .dlogits = dlogits});
    if (gradient)
      chunkGradient(loc, dlogits, x, head.w, *gradient, begin, one);
  });
  steps.step(loc, spec::ReduceSum{tokens}, {.values = head.tokenLoss, .total = head.lossSum});
}

void ProductSteps::lossStats(Location loc, const LossStatsBuffers &head) {
  int64_t tokens = typeOfBuffer(head.x).getDimSize(0), vocab = typeOfBuffer(head.w).getDimSize(0);
  forEachChunk(tokens, vocab, [&](int64_t begin, int64_t rows) {
    auto rowsOf = [&](Value buffer) { return buffers.rows(buffer, begin, rows); };
    Value logits = chunkLogits(loc, rowsOf(head.x), head.w);
    steps.step(loc, spec::LossStats{rows, vocab, head.totalVocab},
               {.logits = logits,
                .labels = rowsOf(head.labels),
                .coordinate = head.coordinate,
                .stats = rowsOf(head.stats)});
  });
}

void ProductSteps::splitLossGradient(Location loc, const SplitLossBuffers &head,
                                     const LossGradient &gradient) {
  int64_t tokens = typeOfBuffer(head.x).getDimSize(0), vocab = typeOfBuffer(head.w).getDimSize(0);
  DType gradientType = policy.logitsGradientType(dtypeOfBuffer(head.x));
  Value one = gradient.dw ? oneBehindFirstChunk(loc, tokens, vocab) : Value();
  forEachChunk(tokens, vocab, [&](int64_t begin, int64_t rows) {
    auto rowsOf = [&](Value buffer) { return buffers.rows(buffer, begin, rows); };
    Value x = rowsOf(head.x), logits = chunkLogits(loc, x, head.w);
    Value dlogits = buffers.matrix(loc, rows, vocab, gradientType);
    steps.step(loc, spec::LogitsGrad{rows, vocab, head.totalVocab, gradientType},
               {.logits = logits,
                .labels = rowsOf(head.labels),
                .weights = rowsOf(head.weights),
                .lse = rowsOf(head.lse),
                .scale = gradient.scale,
                .coordinate = head.coordinate,
                .dlogits = dlogits});
    chunkGradient(loc, dlogits, x, head.w, gradient, begin, one);
  });
}

} // namespace step37
