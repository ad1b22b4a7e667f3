#include "codegen/select/ProductSteps.h"

#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

MemRefType typeOfBuffer(Value buffer) { return cast<MemRefType>(buffer.getType()); }
DType dtypeOfBuffer(Value buffer) { return dtypeOf(typeOfBuffer(buffer).getElementType()); }

} // namespace

void ProductSteps::product(Location loc, Value a, Value b, Value c, bool transposeA,
                           bool transposeB, Value beta) {
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
  SmallVector<Value> arguments = {a, b, c};
  if (beta)
    arguments.push_back(beta);
  if (spec.workspace_bytes)
    arguments.push_back(buffers.workspace(loc, spec.workspace_bytes, DType::u8));
  steps.step(loc, spec, arguments);
}

void ProductSteps::loss(Location loc, const LossBuffers &head,
                        const std::optional<LossGradient> &gradient) {
  int64_t tokens = typeOfBuffer(head.x).getDimSize(0), vocab = typeOfBuffer(head.w).getDimSize(0);
  int64_t chunk = policy.logitsChunk(tokens, vocab);
  DType gradientType = policy.logitsGradientType(dtypeOfBuffer(head.x));
  Value one;
  if (gradient && gradient->dw && chunk < tokens) {
    one = buffers.workspace(loc, 1, DType::f32);
    steps.step(loc, spec::Fill{1, 1.0}, {one});
  }
  for (int64_t begin = 0; begin < tokens; begin += chunk) {
    int64_t rows = std::min(chunk, tokens - begin);
    auto rowsOf = [&](Value buffer) { return buffers.rows(buffer, begin, rows); };
    spec::LogitsLoss spec{rows, vocab, gradient.has_value(), gradientType};
    Value logits = buffers.matrix(loc, rows, vocab, DType::f32), x = rowsOf(head.x);
    product(loc, x, head.w, logits, false, true, Value());
    SmallVector<Value> arguments = {logits, rowsOf(head.labels), rowsOf(head.weights)};
    if (!gradient) {
      arguments.push_back(rowsOf(head.tokenLoss));
      steps.step(loc, spec, arguments);
      continue;
    }
    Value dlogits = buffers.matrix(loc, rows, vocab, gradientType);
    arguments.append({gradient->scale, rowsOf(head.tokenLoss), dlogits});
    steps.step(loc, spec, arguments);
    product(loc, dlogits, head.w, rowsOf(gradient->dx), false, false, Value());
    if (gradient->dw)
      product(loc, dlogits, x, gradient->dw->gradient, true, false,
              begin == 0 ? gradient->dw->beta : one);
  }
  steps.step(loc, spec::ReduceSum{tokens}, {head.tokenLoss, head.lossSum});
}

} // namespace step37
