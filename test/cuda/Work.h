// How much a kernel has to do at least, for the figures that kernel tests print: bytes that must
// move, and floating-point operations where these are what counts.
#pragma once

#include "codegen/spec/KernelSpec.h"

#include <algorithm>

namespace step37::test {

/// Every input read and every output written once; scratch does not count.
template <class Spec> double bytesMoved(const Spec &spec) {
  double bytes = 0;
  for (const spec::Argument &argument : spec.arguments())
    if (argument.name != "workspace")
      bytes += double(argument.elements * byteSize(argument.type)) *
               (argument.access == spec::Access::readWrite ? 2 : 1);
  return bytes;
}

/// Of the table only the rows of this batch are read.
inline double bytesMoved(const spec::Embedding &spec) {
  return double(spec.tokens) * (2.0 * double(spec.width * byteSize(spec.type)) + 4);
}

inline double bytesMoved(const spec::TakeRows &spec) {
  return 2.0 * double(spec.rows * spec.cols * byteSize(spec.type));
}

inline double bytesMoved(const spec::CopyColumns &spec) {
  return 2.0 * double(spec.rows * spec.cols * byteSize(spec.type));
}

/// Operations; 0 for kernels that only move bytes.
template <class Spec> double operations(const Spec &) { return 0; }

inline double operations(const spec::Gemm &spec) {
  return 2.0 * double(spec.m) * double(spec.n) * double(spec.k);
}
inline double operations(const spec::GroupedGemm &spec) {
  return 2.0 * double(spec.rows) * double(spec.n) * double(spec.k);
}
inline double operations(const spec::GroupedGemmGrad &spec) {
  return 2.0 * double(spec.rows) * double(spec.m) * double(spec.n);
}

/// Pairs of a query and a key that it sees, of one head, if every row is one document.
template <class Spec> double visiblePairs(const Spec &spec) {
  double length = double(spec.seq_len);
  if (!spec.causal)
    return double(spec.tokens) * length;
  double window = spec.window > 0 ? std::min(length, double(spec.window)) : length;
  return double(spec.tokens) / length * (length * window - window * (window - 1) / 2);
}
inline double operations(const spec::Attention &spec) {
  return 4.0 * visiblePairs(spec) * double(spec.heads * spec.head_dim); // two products
}
inline double operations(const spec::AttentionGrad &spec) {
  return 10.0 * visiblePairs(spec) * double(spec.heads * spec.head_dim); // five products
}

} // namespace step37::test
