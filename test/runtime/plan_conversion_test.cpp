// Narrow floats against their definition: every bit pattern, and the floats on both sides of the
// middle between every two neighbours.
#include "runtime/base/FloatConversion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace step37;

namespace {

/// A float type as its definition has it.
struct Format {
  const char *name;
  int exponentBits, mantissaBits;
  bool hasInfinity; // else only the all-ones pattern is special, NaN
  float (*decode)(uint32_t bits);
  uint32_t (*encode)(float value);

  uint32_t signBit() const { return 1u << (exponentBits + mantissaBits); }
  /// The first magnitude that is not finite.
  uint32_t special() const {
    return hasInfinity ? ((1u << exponentBits) - 1) << mantissaBits : signBit() - 1;
  }
  /// Value of a magnitude below special().
  float value(uint32_t magnitude) const {
    const int bias = (1 << (exponentBits - 1)) - 1;
    const auto exponent = static_cast<int>(magnitude >> mantissaBits);
    const auto mantissa = static_cast<float>(magnitude & ((1u << mantissaBits) - 1));
    const float implicit = exponent == 0 ? 0.0f : std::ldexp(1.0f, mantissaBits);
    return std::ldexp(implicit + mantissa, std::max(exponent, 1) - bias - mantissaBits);
  }
};

void PrintTo(const Format &format, std::ostream *stream) { *stream << format.name; }

const Format formats[] = {
    {"bf16", 8, 7, true, [](uint32_t bits) { return bf16ToFloat(static_cast<uint16_t>(bits)); },
     [](float value) -> uint32_t { return floatToBf16(value); }},
    {"f16", 5, 10, true, [](uint32_t bits) { return f16ToFloat(static_cast<uint16_t>(bits)); },
     [](float value) -> uint32_t { return floatToF16(value); }},
    {"f8e4m3", 4, 3, false, [](uint32_t bits) { return f8e4m3ToFloat(static_cast<uint8_t>(bits)); },
     [](float value) -> uint32_t { return floatToF8e4m3(value); }},
};

class ConversionTest : public ::testing::TestWithParam<Format> {};

TEST_P(ConversionTest, EveryPatternDecodes) {
  const Format &format = GetParam();
  for (uint32_t magnitude = 0; magnitude < format.special(); ++magnitude) {
    ASSERT_EQ(format.decode(magnitude), format.value(magnitude)) << magnitude;
    ASSERT_EQ(format.decode(magnitude | format.signBit()), -format.value(magnitude)) << magnitude;
    ASSERT_EQ(format.encode(format.value(magnitude)), magnitude);
    ASSERT_EQ(format.encode(-format.value(magnitude)), magnitude | format.signBit());
  }
  if (format.hasInfinity) {
    EXPECT_EQ(format.decode(format.special()), INFINITY);
    EXPECT_EQ(format.encode(INFINITY), format.special());
    EXPECT_EQ(format.encode(-INFINITY), format.special() | format.signBit());
  }
  for (uint32_t nan = format.special() + format.hasInfinity; nan < format.signBit(); ++nan) {
    ASSERT_TRUE(std::isnan(format.decode(nan))) << nan;
    ASSERT_TRUE(std::isnan(format.decode(format.encode(format.decode(nan))))) << nan;
  }
}

TEST_P(ConversionTest, RoundsToNearestTiesToEven) {
  const Format &format = GetParam();
  for (uint32_t low = 0; low < format.special(); ++low) {
    const float below = format.value(low);
    // Past the last finite value stands what would be the next one.
    const uint32_t other = low + 1 < format.special() ? low + 1 : low - 1;
    const float middle = below + std::abs(format.value(other) - below) / 2;
    ASSERT_EQ(format.encode(middle), low + low % 2) << middle;
    ASSERT_EQ(format.encode(std::nextafter(middle, 0.0f)), low) << middle;
    ASSERT_EQ(format.encode(-std::nextafter(middle, INFINITY)), (low + 1) | format.signBit())
        << middle;
  }
}

TEST_P(ConversionTest, KeepsNan) {
  const Format &format = GetParam();
  for (const uint32_t bits : {0x7fc00000u, 0x7f800001u, 0x7fffffffu, 0xffc00000u, 0xff800001u})
    EXPECT_TRUE(std::isnan(format.decode(format.encode(std::bit_cast<float>(bits))))) << bits;
}

INSTANTIATE_TEST_SUITE_P(Formats, ConversionTest, ::testing::ValuesIn(formats),
                         [](const auto &info) { return info.param.name; });

TEST(Conversion, BeyondTheLargestF8IsNan) {
  EXPECT_EQ(floatToF8e4m3(464.0f), 0x7e); // halfway to the missing 480: stays 448
  EXPECT_EQ(floatToF8e4m3(1e30f), 0x7f);
  EXPECT_EQ(floatToF8e4m3(-INFINITY), 0xff);
}

/// Spans give what single elements give, for every pair of types and from unaligned bytes.
TEST(Conversion, SpansAgreeWithElements) {
  const DType types[] = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::f8e4m3};
  std::vector<float> values;
  for (int i = 0; i < 1001; ++i)
    values.push_back(std::ldexp(static_cast<float>(i * 37 % 101 - 50), i % 9 - 6));
  const size_t count = values.size();
  const auto bytesOf = [&](DType type) { return count * static_cast<size_t>(byteSize(type)); };
  for (const DType from : types)
    for (const DType to : types) {
      std::vector<std::byte> source(bytesOf(from) + 1), target(bytesOf(to) + 1);
      const auto unaligned = std::span(source).subspan(1);
      convertFloats(values, from, unaligned);
      convertFloats(from, unaligned, to, std::span(target).subspan(1));

      std::vector<float> rounded(count), expected(count), found(count);
      convertFloats(from, unaligned, rounded);
      for (size_t i = 0; i < count; ++i) {
        const float value = rounded[i];
        expected[i] = to == DType::bf16     ? bf16ToFloat(floatToBf16(value))
                      : to == DType::f16    ? f16ToFloat(floatToF16(value))
                      : to == DType::f8e4m3 ? f8e4m3ToFloat(floatToF8e4m3(value))
                                            : value;
      }
      convertFloats(to, std::span<const std::byte>(target).subspan(1), found);
      EXPECT_EQ(std::memcmp(found.data(), expected.data(), count * sizeof(float)), 0)
          << name(from) << " to " << name(to);
    }
}

} // namespace
