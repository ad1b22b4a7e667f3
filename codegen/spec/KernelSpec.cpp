// What all families share, and the arguments of dense products, element-wise kernels, sums, the
// loss and the optimizer. Of the others: LayerArguments.cpp, ExpertArguments.cpp,
// MeshArguments.cpp. That a spec's sizes make sense is checked by SpecCheck.
#include "codegen/spec/ArgumentList.h"

namespace step37::spec {

std::string_view name(ClampPosition position) {
  return position == ClampPosition::afterSilu ? "after" : "before";
}

std::string_view family(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return typed.family; }, spec);
}

Arguments arguments(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return typed.arguments(); }, spec);
}

Arguments Gemm::arguments() const {
  ArgumentList list(family);
  list.read("a", a_type, transpose_a ? strided(k, m, a_stride) : strided(m, k, a_stride));
  list.read("b", b_type, transpose_b ? strided(n, k, b_stride) : strided(k, n, b_stride));
  if (accumulate) {
    list.readWrite("c", c_type, strided(m, n, c_stride));
    list.slot("beta");
  } else {
    list.write("c", c_type, strided(m, n, c_stride));
  }
  if (workspace_bytes > 0)
    list.write("workspace", DType::u8, workspace_bytes);
  return list.take();
}

Arguments Add::arguments() const {
  ArgumentList list(family);
  list.readEach("addend", addends, type, elements);
  list.write("out", type, elements, 0);
  return list.take();
}

Arguments AccumulateGradient::arguments() const {
  ArgumentList list(family);
  list.read("value", type, elements);
  list.slot("beta");
  list.readWrite("grad", grad_type, elements);
  return list.take();
}

Arguments ShiftLabels::arguments() const {
  ArgumentList list(family);
  list.read("ids", DType::i32, tokens);
  list.read("mask", DType::f32, tokens);
  list.read("document_start", DType::i32, tokens);
  list.write("labels", DType::i32, tokens);
  list.write("weights", DType::f32, tokens);
  return list.take();
}

Arguments LogitsLoss::arguments() const {
  ArgumentList list(family);
  int logits = list.read("logits", DType::f32, Count(rows) * vocab);
  list.read("labels", DType::i32, rows);
  list.read("weights", DType::f32, rows);
  if (gradient)
    list.slot("scale");
  list.write("token_loss", DType::f32, rows);
  if (gradient)
    list.write("dlogits", type, Count(rows) * vocab, type == DType::f32 ? logits : -1);
  return list.take();
}

Arguments Fill::arguments() const {
  ArgumentList list(family);
  list.write("out", DType::f32, elements);
  return list.take();
}

Arguments ReduceSum::arguments() const {
  ArgumentList list(family);
  list.read("values", DType::f32, elements);
  list.write("total", DType::f32, 1);
  return list.take();
}

Arguments TakeRows::arguments() const {
  ArgumentList list(family);
  list.read("x", type, Count(total_rows) * cols);
  list.read("chunk", DType::i32, 1);
  list.write("out", type, Count(rows) * cols);
  return list.take();
}

Arguments CopyColumns::arguments() const {
  ArgumentList list(family);
  list.read("x", type, strided(rows, cols, x_stride));
  list.write("out", type, strided(rows, cols, out_stride));
  return list.take();
}

Arguments SumOfSquares::arguments() const {
  ArgumentList list(family);
  list.read("x", type, elements);
  list.write("partial", DType::f32, blockCount(elements, block));
  return list.take();
}

Arguments GlobalNorm::arguments() const {
  ArgumentList list(family);
  for (size_t i = 0; i < sizes.size(); ++i)
    list.read("partials" + std::to_string(i), DType::f32, sizes[i]);
  list.slot("max_norm");
  list.write("norm", DType::f32, 1);
  list.write("clip", DType::f32, 1);
  return list.take();
}

Arguments AdamW::arguments() const {
  ArgumentList list(family);
  list.read("grad", grad_type, elements);
  list.read("hyper", DType::f32, 7);
  list.slot("clip");
  list.readWrite("master", DType::f32, elements);
  list.readWrite("m", DType::f32, elements);
  list.readWrite("v", DType::f32, elements);
  if (copy)
    list.write("param", type, elements);
  return list.take();
}

} // namespace step37::spec
