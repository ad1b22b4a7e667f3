// Dequantises while reading: only what is asked for is converted.
#include "bridge/BlockScaled.h"

#include "bridge/MappedPages.h"
#include "runtime/base/Error.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/base/ShapeText.h"

#include <algorithm>
#include <cstring>

namespace step37 {

namespace {

constexpr int64_t blockSide = 128;

int64_t blocksOf(int64_t extent) { return (extent + blockSide - 1) / blockSide; }

class BlockScaledSource final : public TensorSource {
public:
  explicit BlockScaledSource(std::vector<BlockScaledPart> scaled) : parts(std::move(scaled)) {
    const safetensors::Tensor &first = *parts.front().values.tensor;
    rows = first.shape[first.shape.size() - 2];
    columns = first.shape.back();
    partElements = first.elements();
    for (const BlockScaledPart &part : parts) {
      std::vector<float> values(static_cast<size_t>(part.scale.tensor->elements()));
      convertFloats(part.scale.file->type(*part.scale.tensor), part.scale.bytes(), values);
      scales.push_back(std::move(values));
    }
  }

  std::string label() const override { return parts.front().values.label(); }
  DType type() const override { return DType::bf16; }
  std::string storedType() const override { return parts.front().values.tensor->dtype; }

  void read(int64_t offset, std::span<std::byte> bytes) const override {
    int64_t element = offset / byteSize(DType::bf16);
    while (!bytes.empty()) {
      const int64_t inPart = element % partElements, column = inPart % columns;
      const int64_t row = inPart / columns;
      const int64_t count = std::min({static_cast<int64_t>(bytes.size()) / byteSize(DType::bf16),
                                      columns - column, blockSide - column % blockSide});
      const auto part = static_cast<size_t>(element / partElements);
      convertRun(part, inPart, scaleOf(part, row, column), count, bytes.data());
      bytes = bytes.subspan(static_cast<size_t>(count * byteSize(DType::bf16)));
      element += count;
    }
  }
  void release(int64_t offset, int64_t count) const override {
    // An element is one byte there, two here.
    int64_t element = offset / byteSize(DType::bf16), rest = count / byteSize(DType::bf16);
    while (rest > 0) {
      const int64_t inPart = element % partElements;
      const int64_t piece = std::min(rest, partElements - inPart);
      releasePages(parts[static_cast<size_t>(element / partElements)].values.bytes().subspan(
          static_cast<size_t>(inPart), static_cast<size_t>(piece)));
      element += piece;
      rest -= piece;
    }
  }

private:
  float scaleOf(size_t part, int64_t row, int64_t column) const {
    const int64_t matrix = row / rows, block = (row % rows) / blockSide;
    return scales[part][static_cast<size_t>((matrix * blocksOf(rows) + block) * blocksOf(columns) +
                                            column / blockSide)];
  }
  void convertRun(size_t part, int64_t first, float scale, int64_t count, std::byte *target) const {
    const std::byte *source = parts[part].values.bytes().data() + first;
    for (int64_t i = 0; i < count; ++i) {
      const uint16_t value =
          floatToBf16(f8e4m3ToFloat(std::to_integer<uint8_t>(source[i])) * scale);
      std::memcpy(target + i * byteSize(DType::bf16), &value, sizeof(value));
    }
  }

  std::vector<BlockScaledPart> parts;
  std::vector<std::vector<float>> scales; // of each part
  int64_t rows = 0, columns = 0, partElements = 0;
};

void checkScale(const BlockScaledPart &part) {
  std::vector<int64_t> expected = part.values.tensor->shape;
  if (expected.size() < 2)
    throw Error(part.values.label() + ": has shape " + shapeText(expected) +
                ", block scales need rows and columns");
  for (size_t i = expected.size() - 2; i < expected.size(); ++i)
    expected[i] = blocksOf(expected[i]);
  const safetensors::Tensor &scale = *part.scale.tensor;
  if (scale.shape != expected)
    throw Error(part.scale.label() + ": has shape " + shapeText(scale.shape) + ", must have " +
                shapeText(expected) + ": one scale for each block of 128 × 128");
  if (scale.dtype != safetensors::publishedName(DType::f32) &&
      scale.dtype != safetensors::publishedName(DType::bf16))
    throw Error(part.scale.label() + ": has elements of type " + scale.dtype +
                "; accepted: F32, BF16");
}

} // namespace

std::unique_ptr<TensorSource> openBlockScaled(std::vector<BlockScaledPart> parts) {
  for (const BlockScaledPart &part : parts)
    checkScale(part);
  return std::make_unique<BlockScaledSource>(std::move(parts));
}

} // namespace step37
