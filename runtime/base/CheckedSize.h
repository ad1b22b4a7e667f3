// Sizes from files that are not trusted: products that notice overflow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace step37 {

/// a·b; empty on overflow.
inline std::optional<int64_t> checkedMultiply(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

/// a+b; empty on overflow.
inline std::optional<int64_t> checkedAdd(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

/// Product of the dimensions times `unit`; empty on overflow or where one is negative. A dimension
/// of zero gives zero whatever the others are.
inline std::optional<int64_t> checkedProduct(std::span<const int64_t> shape, int64_t unit = 1) {
  bool zero = unit == 0;
  for (const int64_t dimension : shape) {
    if (dimension < 0)
      return std::nullopt;
    zero = zero || dimension == 0;
  }
  std::optional<int64_t> product = zero ? 0 : unit;
  for (size_t i = 0; !zero && product && i < shape.size(); ++i)
    product = checkedMultiply(*product, shape[i]);
  return product;
}

} // namespace step37
