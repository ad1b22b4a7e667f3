// The arguments of every kernel family, as KernelSpec.h documents them: names, access, element
// types and extents in launch order. That a spec's sizes make sense is checked by SpecCheck.
#include "codegen/spec/KernelSpec.h"

#include "runtime/file/Error.h"

#include <limits>
#include <utility>

namespace step37::spec {
namespace {

/// A number of elements that remembers an overflow.
struct Count {
  int64_t value;
  bool valid = true;

  Count(int64_t value) : value(value) {}
  friend Count operator*(Count a, Count b) {
    a.valid &= b.valid && !__builtin_mul_overflow(a.value, b.value, &a.value);
    return a;
  }
  friend Count operator+(Count a, Count b) {
    a.valid &= b.valid && !__builtin_add_overflow(a.value, b.value, &a.value);
    return a;
  }
};

/// Elements from the first of a matrix to its last: the last row counts only its columns.
Count strided(int64_t rows, int64_t cols, int64_t stride) {
  return Count(rows - 1) * stride + cols;
}

int64_t blocks(int64_t count, int64_t perBlock) { return (count - 1) / perBlock + 1; }

/// Collects arguments in launch order; each call returns the argument's index.
class List {
public:
  explicit List(std::string_view family) : family(family) {}

  int read(std::string name, DType type, Count elements) {
    return add(std::move(name), Access::read, type, elements, -1);
  }
  int write(std::string name, DType type, Count elements, int inPlaceOf = -1) {
    return add(std::move(name), Access::write, type, elements, inPlaceOf);
  }
  int readWrite(std::string name, DType type, Count elements) {
    return add(std::move(name), Access::readWrite, type, elements, -1);
  }
  /// prefix0, prefix1, ... of the same extent.
  void readEach(const std::string &prefix, int64_t count, DType type, Count elements) {
    for (int64_t i = 0; i < count; ++i)
      read(prefix + std::to_string(i), type, elements);
  }
  /// An f32 slot.
  int slot(std::string name) { return read(std::move(name), DType::f32, 1); }

  Arguments take() { return std::move(arguments); }

private:
  int add(std::string name, Access access, DType type, Count elements, int inPlaceOf) {
    if (!elements.valid || elements.value > std::numeric_limits<int64_t>::max() / byteSize(type))
      throw Error(std::string(family) + ": the bytes of argument " + name +
                  " do not fit in 64 bits");
    arguments.push_back({std::move(name), access, type, elements.value, inPlaceOf});
    return int(arguments.size()) - 1;
  }

  std::string_view family;
  Arguments arguments;
};

} // namespace

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
  List list(family);
  list.read("a", a_type, transpose_a ? strided(k, m, a_stride) : strided(m, k, a_stride));
  list.read("b", b_type, transpose_b ? strided(n, k, b_stride) : strided(k, n, b_stride));
  if (!accumulate) {
    list.write("c", c_type, strided(m, n, c_stride));
    return list.take();
  }
  list.readWrite("c", c_type, strided(m, n, c_stride));
  list.slot("beta");
  return list.take();
}

Arguments Embedding::arguments() const {
  List list(family);
  list.read("ids", DType::i32, tokens);
  list.read("table", type, Count(vocab) * width);
  list.write("out", type, Count(tokens) * width);
  return list.take();
}

Arguments EmbeddingGrad::arguments() const {
  List list(family);
  list.read("ids", DType::i32, tokens);
  list.read("dy", type, Count(tokens) * width);
  list.slot("beta");
  list.readWrite("dtable", grad_type, Count(vocab) * width);
  list.write("workspace", DType::i32, Count(2) * tokens + vocab + 1);
  return list.take();
}

Arguments RmsNorm::arguments() const {
  List list(family);
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
  List list(family);
  Count matrix = Count(rows) * cols;
  list.read("dy", type, matrix);
  list.read("x", type, matrix);
  list.read("weight", type, cols);
  int last = list.read("inverse_rms", DType::f32, rows);
  list.readEach("residual", residuals, type, matrix);
  list.slot("beta");
  list.write("dx", type, matrix, residuals > 0 ? last + 1 : -1);
  list.readWrite("dweight", grad_type, cols);
  list.write("workspace", DType::f32, Count(blocks(rows, rowsPerBlock)) * cols);
  return list.take();
}

Arguments Add::arguments() const {
  List list(family);
  list.readEach("addend", addends, type, elements);
  list.write("out", type, elements, 0);
  return list.take();
}

Arguments AccumulateGradient::arguments() const {
  List list(family);
  list.read("value", type, elements);
  list.slot("beta");
  list.readWrite("grad", grad_type, elements);
  return list.take();
}

Arguments RopeTable::arguments() const {
  List list(family);
  list.write("table", DType::f32, Count(positions) * 2 * int64_t(frequencies.size()));
  return list.take();
}

Arguments QkNormRope::arguments() const {
  List list(family);
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
  List list(family);
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
  if (normalize) {
    list.read("inverse_rms", DType::f32, Count(tokens) * (heads + groups));
    list.slot("beta");
  }
  list.write("dq", type, strided(tokens, heads * head_dim, dq_stride));
  list.write("dk", type, strided(tokens, groups * head_dim, dk_stride));
  if (normalize) {
    list.readWrite("dq_weight", grad_type, head_dim);
    list.readWrite("dk_weight", grad_type, head_dim);
    list.write("workspace", DType::f32, Count(blocks(tokens, rowsPerBlock)) * 2 * head_dim);
  }
  return list.take();
}

Arguments Attention::arguments() const {
  List list(family);
  Count queries = Count(tokens) * heads * head_dim;
  list.read("q", type, queries);
  list.read("k", type, Count(tokens) * groups * head_dim);
  list.read("v", type, strided(tokens, groups * head_dim, v_stride));
  if (gated)
    list.read("gate", type, strided(tokens, heads, gate_stride));
  list.read("document_start", DType::i32, tokens);
  list.write("out", type, queries);
  list.write("lse", DType::f32, Count(tokens) * heads);
  return list.take();
}

Arguments AttentionGrad::arguments() const {
  List list(family);
  Count queries = Count(tokens) * heads * head_dim, keys = Count(tokens) * groups * head_dim;
  list.read("dout", type, queries);
  list.read("q", type, queries);
  list.read("k", type, keys);
  list.read("v", type, strided(tokens, groups * head_dim, v_stride));
  if (gated)
    list.read("gate", type, strided(tokens, heads, gate_stride));
  list.read("document_start", DType::i32, tokens);
  list.read("out", type, queries);
  list.read("lse", DType::f32, Count(tokens) * heads);
  list.write("dq", type, queries);
  list.write("dk", type, keys);
  list.write("dv", type, strided(tokens, groups * head_dim, dv_stride));
  if (gated)
    list.write("dgate", type, strided(tokens, heads, dgate_stride));
  list.write("workspace", DType::f32, Count(tokens) * heads);
  return list.take();
}

Arguments Swiglu::arguments() const {
  List list(family);
  list.read("gate", type, strided(rows, cols, gate_stride));
  list.read("up", type, strided(rows, cols, up_stride));
  list.write("out", type, Count(rows) * cols, gate_stride == cols ? 0 : up_stride == cols ? 1 : -1);
  return list.take();
}

Arguments SwigluGrad::arguments() const {
  List list(family);
  list.read("dout", type, Count(rows) * cols);
  list.read("gate", type, strided(rows, cols, gate_stride));
  list.read("up", type, strided(rows, cols, up_stride));
  list.write("dgate", type, strided(rows, cols, dgate_stride));
  list.write("dup", type, strided(rows, cols, dup_stride));
  return list.take();
}

Arguments Route::arguments() const {
  List list(family);
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
  List list(family);
  Count slots = Count(tokens) * top_k, all = Count(tokens) * experts;
  list.read("dweights", DType::f32, slots);
  list.read("logits", DType::f32, all);
  list.read("chosen", DType::i32, slots);
  list.read("scores", DType::f32, slots);
  list.write("dlogits", DType::f32, all);
  return list.take();
}

Arguments SortByExpert::arguments() const {
  List list(family);
  Count slots = Count(tokens) * top_k;
  list.read("chosen", DType::i32, slots);
  list.write("offsets", DType::i32, Count(experts) + 1);
  list.write("row_slot", DType::i32, slots);
  list.write("slot_row", DType::i32, slots);
  return list.take();
}

Arguments Dispatch::arguments() const {
  List list(family);
  list.read("x", type, Count(tokens) * cols);
  list.read("row_slot", DType::i32, Count(tokens) * top_k);
  list.write("out", type, Count(tokens) * top_k * cols);
  return list.take();
}

Arguments Combine::arguments() const {
  List list(family);
  list.read("rows", type, Count(tokens) * top_k * cols);
  list.read("slot_row", DType::i32, Count(tokens) * top_k);
  if (weighted)
    list.read("weights", DType::f32, Count(tokens) * top_k);
  list.write("out", type, Count(tokens) * cols);
  return list.take();
}

Arguments CombineGrad::arguments() const {
  List list(family);
  Count slots = Count(tokens) * top_k;
  list.read("dout", type, Count(tokens) * cols);
  list.read("rows", type, slots * cols);
  list.read("weights", DType::f32, slots);
  list.read("row_slot", DType::i32, slots);
  list.write("drows", type, slots * cols);
  list.write("dweights", DType::f32, slots);
  return list.take();
}

Arguments GroupedGemm::arguments() const {
  List list(family);
  list.read("x", type, Count(rows) * k);
  list.read("w", type, Count(groups) * n * k);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.write("out", type, Count(rows) * n);
  return list.take();
}

Arguments GroupedGemmGrad::arguments() const {
  List list(family);
  list.read("a", type, Count(rows) * m);
  list.read("b", type, Count(rows) * n);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.slot("beta");
  list.readWrite("dw", grad_type, Count(groups) * m * n);
  return list.take();
}

Arguments ShiftLabels::arguments() const {
  List list(family);
  list.read("ids", DType::i32, tokens);
  list.read("mask", DType::f32, tokens);
  list.read("document_start", DType::i32, tokens);
  list.write("labels", DType::i32, tokens);
  list.write("weights", DType::f32, tokens);
  return list.take();
}

Arguments LmLoss::arguments() const {
  List list(family);
  list.read("x", type, Count(tokens) * width);
  list.read("w", type, Count(vocab) * width);
  list.read("labels", DType::i32, tokens);
  list.read("weights", DType::f32, tokens);
  list.write("token_loss", DType::f32, tokens);
  list.write("lse", DType::f32, tokens);
  list.write("workspace", DType::f32, Count(chunk) * vocab);
  return list.take();
}

Arguments LmLossGrad::arguments() const {
  List list(family);
  list.read("x", type, Count(tokens) * width);
  list.read("w", type, Count(vocab) * width);
  list.read("labels", DType::i32, tokens);
  list.read("weights", DType::f32, tokens);
  list.slot("scale");
  list.slot("beta");
  list.write("token_loss", DType::f32, tokens);
  list.write("dx", type, Count(tokens) * width);
  list.readWrite("dw", grad_type, Count(vocab) * width);
  list.write("workspace", DType::f32, Count(chunk) * vocab);
  return list.take();
}

Arguments ReduceSum::arguments() const {
  List list(family);
  list.read("values", DType::f32, elements);
  list.write("total", DType::f32, 1);
  return list.take();
}

Arguments TakeRows::arguments() const {
  List list(family);
  list.read("x", type, Count(total_rows) * cols);
  list.read("chunk", DType::i32, 1);
  list.write("out", type, Count(rows) * cols);
  return list.take();
}

Arguments SumOfSquares::arguments() const {
  List list(family);
  list.read("x", type, elements);
  list.write("partial", DType::f32, blocks(elements, block));
  return list.take();
}

Arguments GlobalNorm::arguments() const {
  List list(family);
  for (size_t i = 0; i < sizes.size(); ++i)
    list.read("partials" + std::to_string(i), DType::f32, sizes[i]);
  list.slot("max_norm");
  list.write("norm", DType::f32, 1);
  list.write("clip", DType::f32, 1);
  return list.take();
}

Arguments AdamW::arguments() const {
  List list(family);
  list.read("grad", grad_type, elements);
  list.read("hyper", DType::f32, 7);
  list.slot("clip");
  list.readWrite("master", DType::f32, elements);
  list.readWrite("m", DType::f32, elements);
  list.readWrite("v", DType::f32, elements);
  if (type != DType::f32)
    list.write("param", type, elements);
  return list.take();
}

} // namespace step37::spec
