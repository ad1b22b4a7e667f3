// Random initialisation: the generator against its published vectors, the distribution's moments,
// and independence of layout.
#include "bridge/Philox.h"
#include "bridge/RandomInit.h"
#include "test/bridge/OneBuffer.h"
#include "test/bridge/bridge_support.h"

#include <cmath>

namespace step37::test {

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<float> draw(uint64_t seed, std::string_view tensor, int64_t first, size_t count) {
  std::vector<float> values(count);
  drawNormal(seed, tensor, first, values);
  return values;
}

TEST(RandomInit, IsStandardNormal) {
  const std::vector<float> values = draw(1, "w", 0, 200000);
  double sum = 0, squares = 0, fourth = 0, neighbours = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    if (i > 0)
      neighbours += x * values[i - 1];
  }
  const double n = static_cast<double>(values.size());
  // Five standard errors: 1, sqrt(2), sqrt(96) and 1 over sqrt(n).
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(fourth / n, 3, 5 * std::sqrt(96 / n));
  EXPECT_NEAR(neighbours / n, 0, 5 / std::sqrt(n));
}

TEST(RandomInit, AnyRangeIsTheSameSequence) {
  const std::vector<float> all = draw(7, "w", 0, 101);
  for (int64_t first : {0, 1, 2, 33, 100})
    for (size_t count : {size_t{0}, size_t{1}, static_cast<size_t>(101 - first)})
      EXPECT_EQ(draw(7, "w", first, count),
                std::vector<float>(all.begin() + first,
                                   all.begin() + first + static_cast<int64_t>(count)));
}

TEST(RandomInit, DependsOnSeedAndName) {
  EXPECT_NE(draw(7, "w", 0, 4), draw(8, "w", 0, 4));
  EXPECT_NE(draw(7, "w", 0, 4), draw(uint64_t{7} << 32, "w", 0, 4));
  EXPECT_NE(draw(7, "w", 0, 4), draw(7, "v", 0, 4));
}

plan::Part part(const char *name, std::vector<int64_t> shape, int64_t blocks, int64_t block,
                int64_t begin, int64_t stride, double deviation) {
  return {.name = name,
          .shape = std::move(shape),
          .blocks = blocks,
          .block = block,
          .begin = begin,
          .stride = stride,
          .init_std = deviation};
}

TEST(RandomInit, DoesNotDependOnLayout) {
  // [64, 48] alone, and as the left columns of a packed [64, 50] with zeros at the right.
  plan::Parameter plain, packed;
  plain.parts = {part("w", {64, 48}, 1, 64 * 48, 0, 0, 0.02)};
  packed.parts = {part("w", {64, 48}, 64, 48, 0, 50, 0.02),
                  part("norm", {64, 2}, 64, 2, 48, 50, 0)};
  std::vector<float> first(64 * 48), second(64 * 50, 9);
  initializeParameter(plain, 3, DType::f32, std::as_writable_bytes(std::span(first)));
  initializeParameter(packed, 3, DType::f32, std::as_writable_bytes(std::span(second)));
  const std::vector<float> sequence = draw(3, "w", 0, first.size());
  for (size_t row = 0; row < 64; ++row) {
    for (size_t column = 0; column < 48; ++column) {
      EXPECT_EQ(first[row * 48 + column], second[row * 50 + column]);
      EXPECT_EQ(first[row * 48 + column], sequence[row * 48 + column] * 0.02f);
    }
    EXPECT_EQ(second[row * 50 + 48], 0);
    EXPECT_EQ(second[row * 50 + 49], 0);
  }
  // Around a mean.
  plain.parts[0].init_mean = 0.5;
  std::vector<float> moved(first.size());
  initializeParameter(plain, 3, DType::f32, std::as_writable_bytes(std::span(moved)));
  for (size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(moved[i], first[i] + 0.5f);
  plain.parts[0].init_std = 0;
  initializeParameter(plain, 3, DType::f32, std::as_writable_bytes(std::span(moved)));
  EXPECT_EQ(moved, std::vector<float>(first.size(), 0.5f));
  plain.parts[0] = part("w", {64, 48}, 1, 64 * 48, 0, 0, 0.02);
  // bf16 is the rounding of the same values.
  std::vector<std::byte> narrow(first.size() * 2);
  initializeParameter(plain, 3, DType::bf16, narrow);
  EXPECT_EQ(narrow, toBytes(first, DType::bf16));
}

TEST(RandomInit, LargeTensorsAreTheSameSequence) {
  // Several threads draw it: more elements than one takes at a time, in runs that fit no range.
  constexpr int64_t rows = 7, columns = 100'003, stride = columns + 2;
  plan::Parameter parameter;
  parameter.parts = {part("w", {rows, columns}, rows, columns, 1, stride, 0.5)};
  std::vector<float> values(rows * stride, 9);
  initializeParameter(parameter, 3, DType::f32, std::as_writable_bytes(std::span(values)));
  const std::vector<float> sequence = draw(3, "w", 0, rows * columns);
  int64_t wrong = 0;
  for (int64_t i = 0; i < rows * stride; ++i) {
    const int64_t column = i % stride - 1;
    const bool ours = column >= 0 && column < columns;
    const float expected =
        ours ? sequence[static_cast<size_t>(i / stride * columns + column)] * 0.5f : 9.0f;
    wrong += values[static_cast<size_t>(i)] != expected;
  }
  EXPECT_EQ(wrong, 0);
}

} // namespace step37::test
