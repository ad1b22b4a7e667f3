// The arguments of the kernels between a router and its experts.
#include "codegen/spec/ArgumentList.h"

namespace step37::spec {

Arguments Route::arguments() const {
  ArgumentList list(family);
  Count slots = Count(tokens) * top_k;
  list.read("logits", DType::f32, Count(tokens) * experts);
  if (has_bias)
    list.read("bias", DType::f32, experts);
  list.write("weights", DType::f32, slots);
  list.write("chosen", DType::i32, slots);
  list.write("scores", DType::f32, slots);
  return list.take();
}

Arguments RouteGrad::arguments() const {
  ArgumentList list(family);
  Count slots = Count(tokens) * top_k, all = Count(tokens) * experts;
  list.read("dweights", DType::f32, slots);
  list.read("logits", DType::f32, all);
  list.read("chosen", DType::i32, slots);
  list.read("scores", DType::f32, slots);
  list.write("dlogits", DType::f32, all);
  return list.take();
}

Arguments SortByExpert::arguments() const {
  ArgumentList list(family);
  Count slots = Count(tokens) * top_k;
  list.read("chosen", DType::i32, slots);
  list.write("offsets", DType::i32, Count(experts) + 1);
  list.write("row_slot", DType::i32, rows);
  list.write("slot_row", DType::i32, slots);
  return list.take();
}

Arguments Dispatch::arguments() const {
  ArgumentList list(family);
  list.read("x", type, Count(tokens) * cols);
  list.read("row_slot", DType::i32, rows);
  list.write("out", type, Count(rows) * cols);
  return list.take();
}

Arguments Combine::arguments() const {
  ArgumentList list(family);
  list.read("rows", type, Count(rows) * cols);
  list.read("slot_row", DType::i32, Count(tokens) * top_k);
  if (weighted)
    list.read("weights", DType::f32, Count(tokens) * top_k);
  list.write("out", type, Count(tokens) * cols);
  return list.take();
}

Arguments CombineGrad::arguments() const {
  ArgumentList list(family);
  Count slots = Count(tokens) * top_k;
  list.read("dout", type, Count(tokens) * cols);
  list.read("rows", type, Count(rows) * cols);
  list.read("weights", DType::f32, slots);
  list.read("row_slot", DType::i32, rows);
  list.read("slot_row", DType::i32, slots);
  list.write("drows", type, Count(rows) * cols);
  list.write("dweights", DType::f32, slots);
  return list.take();
}

Arguments GroupedGemm::arguments() const {
  ArgumentList list(family);
  list.read("x", type, Count(rows) * k);
  list.read("w", type, Count(groups) * n * k);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.write("out", type, Count(rows) * n);
  list.write("workspace", DType::u8, tensorMapBytes(2));
  return list.take();
}

Arguments GroupedSwiglu::arguments() const {
  ArgumentList list(family);
  list.read("x", type, Count(rows) * k);
  list.read("w", type, Count(groups) * 2 * n * k);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.write("gate_up", type, Count(rows) * 2 * n);
  list.write("out", type, Count(rows) * n);
  list.write("workspace", DType::u8, tensorMapBytes(2));
  return list.take();
}

Arguments GroupedGemmGrad::arguments() const {
  ArgumentList list(family);
  list.read("a", type, Count(rows) * m);
  list.read("b", type, Count(rows) * n);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.slot("beta");
  list.readWrite("dw", grad_type, Count(groups) * m * n);
  list.write("workspace", DType::u8, tensorMapBytes(2 * groups));
  return list.take();
}

} // namespace step37::spec
