// Operations and bytes by family; see Work.h.
#include "codegen/cost/Work.h"

#include <algorithm>

namespace step37::spec {
namespace {

double bytesOf(const Argument &argument) {
  if (argument.name == "workspace")
    return 0;
  return double(argument.touched() * byteSize(argument.type)) *
         (argument.access == Access::readWrite ? 2 : 1);
}

template <class Spec> double bytesOf(const Spec &spec) {
  double bytes = 0;
  for (const Argument &argument : spec.arguments())
    bytes += bytesOf(argument);
  return bytes;
}

/// Of the table only the rows of this batch are read.
double bytesOf(const Embedding &spec) {
  return double(spec.tokens) * (2.0 * double(spec.width * byteSize(spec.type)) + 4);
}

double bytesOf(const TakeRows &spec) {
  return 2.0 * double(spec.rows * spec.cols * byteSize(spec.type));
}

double operationsOf(const Gemm &spec) {
  return 2.0 * double(spec.m) * double(spec.n) * double(spec.k);
}
double operationsOf(const GroupedGemm &spec) {
  return 2.0 * double(spec.rows) * double(spec.n) * double(spec.k);
}
double operationsOf(const GroupedSwiglu &spec) {
  return 4.0 * double(spec.rows) * double(spec.n) * double(spec.k);
}
double operationsOf(const GroupedGemmGrad &spec) {
  return 2.0 * double(spec.rows) * double(spec.m) * double(spec.n);
}

/// Pairs of a query and a key that it sees, of one head.
template <class Spec> double visiblePairs(const Spec &spec) {
  double length = double(spec.seq_len);
  if (!spec.causal)
    return double(spec.tokens) * length;
  double window = spec.window > 0 ? std::min(length, double(spec.window)) : length;
  return double(spec.tokens) / length * (length * window - window * (window - 1) / 2);
}
double operationsOf(const Attention &spec) {
  return 4.0 * visiblePairs(spec) * double(spec.heads * spec.head_dim); // two products
}
double operationsOf(const AttentionGrad &spec) {
  return 10.0 * visiblePairs(spec) * double(spec.heads * spec.head_dim); // five products
}

/// Families that only move bytes.
template <class Spec> double operationsOf(const Spec &) { return 0; }

bool multipliesBf16(const Gemm &spec) {
  return spec.a_type == DType::bf16 && spec.b_type == DType::bf16;
}
template <class Spec> bool multipliesBf16(const Spec &spec) {
  if constexpr (requires { spec.type; })
    return spec.type == DType::bf16;
  else
    return false;
}

} // namespace

Work workOf(const KernelSpec &spec) {
  return std::visit(
      [](const auto &typed) {
        double operations = operationsOf(typed);
        return Work{operations, operations > 0 && multipliesBf16(typed), bytesOf(typed)};
      },
      spec);
}

double writtenBytes(const KernelSpec &spec) {
  double bytes = 0;
  for (const Argument &argument : arguments(spec))
    if (argument.access != Access::read)
      bytes += bytesOf(argument);
  return bytes;
}

int64_t bytesSent(const KernelSpec &spec) {
  if (const auto *counted = std::get_if<CountedExchange>(&spec)) {
    const int64_t rows = std::clamp<int64_t>(counted->own_rows - counted->first, 0, counted->rows);
    return rows * counted->cols * byteSize(counted->type) / counted->ranks * (counted->ranks - 1);
  }
  const auto *collective = std::get_if<Collective>(&spec);
  if (!collective)
    return 0;
  // Per rank `elements` of the whole for all but the all-reduce, whose whole it is.
  const int64_t bytes = collective->elements * byteSize(collective->type);
  const int64_t others = collective->ranks - 1;
  return collective->exchange == Exchange::allReduce ? 2 * bytes / collective->ranks * others
                                                     : bytes * others;
}

} // namespace step37::spec
