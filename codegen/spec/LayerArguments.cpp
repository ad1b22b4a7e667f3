// The arguments of the kernels of a layer: embedding, norms, positions, attention and the MLP's
// activation.
#include "codegen/spec/ArgumentList.h"

namespace step37::spec {

Arguments Embedding::arguments() const {
  ArgumentList list(family);
  list.read("ids", DType::i32, tokens);
  list.read("table", type, Count(vocab) * width);
  list.write("out", type, Count(tokens) * width);
  return list.take();
}

Arguments EmbeddingGrad::arguments() const {
  ArgumentList list(family);
  list.read("ids", DType::i32, tokens);
  list.read("dy", type, Count(tokens) * width);
  list.slot("beta");
  list.readWrite("dtable", grad_type, Count(vocab) * width);
  list.write("workspace", DType::i32, Count(2) * tokens + vocab + 1);
  return list.take();
}

Arguments RmsNorm::arguments() const {
  ArgumentList list(family);
  Count matrix = Count(rows) * cols;
  list.readEach("addend", addends, type, matrix);
  list.read("weight", type, cols);
  if (addends > 1)
    list.write("sum", type, matrix, 0);
  list.write("y", type, matrix);
  list.write("inverse_rms", DType::f32, rows);
  return list.take();
}

Arguments RmsNormGrad::arguments() const {
  ArgumentList list(family);
  Count matrix = Count(rows) * cols;
  int dy = list.read("dy", type, matrix);
  list.read("x", type, matrix);
  list.read("weight", type, cols);
  int last = list.read("inverse_rms", DType::f32, rows);
  list.readEach("residual", residuals, type, matrix);
  if (!frozen)
    list.slot("beta");
  list.write("dx", type, matrix, residuals > 0 ? last + 1 : dy);
  if (!frozen) {
    list.readWrite("dweight", grad_type, cols);
    list.write("workspace", DType::f32, Count(blockCount(rows, rowsPerBlock)) * cols);
  }
  return list.take();
}

Arguments RopeTable::arguments() const {
  ArgumentList list(family);
  list.write("table", DType::f32, Count(positions) * 2 * int64_t(frequencies.size()));
  return list.take();
}

Arguments QkNormRope::arguments() const {
  ArgumentList list(family);
  list.read("q", type, strided(tokens, heads * head_dim, q_stride));
  list.read("k", type, strided(tokens, groups * head_dim, k_stride));
  if (normalize) {
    list.read("q_weight", type, head_dim);
    list.read("k_weight", type, head_dim);
  }
  if (rotary_dim > 0)
    list.read("table", DType::f32, Count(seq_len) * rotary_dim);
  list.read("document_start", DType::i32, tokens);
  list.write("q_out", type, Count(tokens) * heads * head_dim);
  list.write("k_out", type, Count(tokens) * groups * head_dim);
  if (normalize)
    list.write("inverse_rms", DType::f32, Count(tokens) * (heads + groups));
  return list.take();
}

Arguments QkNormRopeGrad::arguments() const {
  ArgumentList list(family);
  list.read("dq_out", type, Count(tokens) * heads * head_dim);
  list.read("dk_out", type, Count(tokens) * groups * head_dim);
  list.read("q", type, strided(tokens, heads * head_dim, q_stride));
  list.read("k", type, strided(tokens, groups * head_dim, k_stride));
  if (normalize) {
    list.read("q_weight", type, head_dim);
    list.read("k_weight", type, head_dim);
  }
  if (rotary_dim > 0)
    list.read("table", DType::f32, Count(seq_len) * rotary_dim);
  list.read("document_start", DType::i32, tokens);
  if (normalize)
    list.read("inverse_rms", DType::f32, Count(tokens) * (heads + groups));
  if (sumsWeights())
    list.slot("beta");
  list.write("dq", type, strided(tokens, heads * head_dim, dq_stride));
  list.write("dk", type, strided(tokens, groups * head_dim, dk_stride));
  if (sumsWeights()) {
    list.readWrite("dq_weight", grad_type, head_dim);
    list.readWrite("dk_weight", grad_type, head_dim);
    list.write("workspace", DType::f32, Count(blockCount(tokens, rowsPerBlock)) * 2 * head_dim);
  }
  return list.take();
}

Arguments Attention::arguments() const {
  ArgumentList list(family);
  Count queries = Count(tokens) * heads * head_dim;
  list.read("q", type, queries);
  list.read("k", type, Count(tokens) * groups * head_dim);
  list.read("v", type, strided(tokens, groups * head_dim, v_stride));
  if (gated)
    list.read("gate", type, strided(tokens, heads, gate_stride));
  if (causal)
    list.read("document_start", DType::i32, tokens);
  list.write("out", type, queries);
  list.write("lse", DType::f32, Count(tokens) * heads);
  return list.take();
}

Arguments AttentionGrad::arguments() const {
  ArgumentList list(family);
  Count queries = Count(tokens) * heads * head_dim, keys = Count(tokens) * groups * head_dim;
  list.read("dout", type, queries);
  list.read("q", type, queries);
  list.read("k", type, keys);
  list.read("v", type, strided(tokens, groups * head_dim, v_stride));
  if (gated)
    list.read("gate", type, strided(tokens, heads, gate_stride));
  if (causal)
    list.read("document_start", DType::i32, tokens);
  list.read("out", type, queries);
  list.read("lse", DType::f32, Count(tokens) * heads);
  list.write("dq", type, queries);
  list.write("dk", type, keys);
  list.write("dv", type, strided(tokens, groups * head_dim, dv_stride));
  if (gated)
    list.write("dgate", type, strided(tokens, heads, dgate_stride));
  list.write("workspace", DType::f32, Count(2) * tokens * heads);
  return list.take();
}

Arguments Swiglu::arguments() const {
  ArgumentList list(family);
  list.read("gate", type, strided(rows, cols, gate_stride));
  list.read("up", type, strided(rows, cols, up_stride));
  list.write("out", type, Count(rows) * cols, gate_stride == cols ? 0 : up_stride == cols ? 1 : -1);
  return list.take();
}

Arguments SwigluGrad::arguments() const {
  ArgumentList list(family);
  list.read("dout", type, Count(rows) * cols);
  list.read("gate", type, strided(rows, cols, gate_stride));
  list.read("up", type, strided(rows, cols, up_stride));
  list.write("dgate", type, strided(rows, cols, dgate_stride));
  list.write("dup", type, strided(rows, cols, dup_stride));
  return list.take();
}

} // namespace step37::spec
