// Stored tensors as they are, or several of them one after another; see HfWeights.h.
#include "bridge/HfWeights.h"

#include "bridge/BlockScaled.h"
#include "bridge/MappedPages.h"
#include "frontend/config/StoredNames.h"
#include "runtime/base/Error.h"
#include "runtime/base/ShapeText.h"

#include <algorithm>
#include <cstring>

namespace step37 {

namespace {

bool isWeightType(std::optional<DType> type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

/// Tensors of equal size and type, one after another.
class StoredSource final : public TensorSource {
public:
  StoredSource(std::vector<StoredTensor> stored, DType type)
      : parts(std::move(stored)), elementType(type), partBytes(parts.front().tensor->bytes) {}

  std::string label() const override { return parts.front().label(); }
  DType type() const override { return elementType; }
  std::string storedType() const override { return parts.front().tensor->dtype; }

  void read(int64_t offset, std::span<std::byte> bytes) const override {
    forEachPiece(offset, static_cast<int64_t>(bytes.size()), [&](std::span<const std::byte> piece) {
      std::memcpy(bytes.data(), piece.data(), piece.size());
      bytes = bytes.subspan(piece.size());
    });
  }
  std::span<const std::byte> mapped(int64_t offset, int64_t count) const override {
    if (count == 0 || offset / partBytes != (offset + count - 1) / partBytes)
      return {};
    return pieceAt(offset, count);
  }
  void prefetch(int64_t offset, int64_t count) const override {
    forEachPiece(offset, count, prefetchPages);
  }
  void release(int64_t offset, int64_t count) const override {
    forEachPiece(offset, count, releasePages);
  }

private:
  std::span<const std::byte> pieceAt(int64_t offset, int64_t count) const {
    return parts[static_cast<size_t>(offset / partBytes)].bytes().subspan(
        static_cast<size_t>(offset % partBytes), static_cast<size_t>(count));
  }
  template <typename Visit> void forEachPiece(int64_t offset, int64_t count, Visit visit) const {
    while (count > 0) {
      const int64_t piece = std::min(count, partBytes - offset % partBytes);
      visit(pieceAt(offset, piece));
      offset += piece;
      count -= piece;
    }
  }

  std::vector<StoredTensor> parts;
  DType elementType;
  int64_t partBytes;
};

void requireShape(const StoredTensor &stored, const std::vector<int64_t> &shape) {
  if (stored.tensor->shape != shape)
    throw Error(stored.label() + ": has shape " + shapeText(stored.tensor->shape) + ", must have " +
                shapeText(shape));
}

ListedTensor describe(const std::string &name, const StoredTensor &stored) {
  return {name, stored.tensor->name, stored.tensor->shape, stored.tensor->dtype,
          stored.tensor->bytes};
}

} // namespace

HfWeights::HfWeights(std::filesystem::path path) : directory(std::move(path)) {
  for (const auto &[name, stored] : directory.tensors())
    if (const auto single = parseExpertName(name); single && !directory.find(single->stacked))
      experts[single->stacked].insert(single->expert);
}

std::string HfWeights::stackOf(std::string_view name) const {
  const auto single = parseExpertName(name);
  return single && experts.contains(single->stacked) ? single->stacked : std::string();
}

std::vector<StoredTensor> HfWeights::findStored(const std::string &name,
                                                const std::vector<int64_t> &shape) const {
  const auto missing = [&](const std::string &what) {
    return MissingTensor(path().string() + ": " + what + ": missing");
  };
  if (const StoredTensor *whole = directory.find(name)) {
    requireShape(*whole, shape);
    return {*whole};
  }
  const auto numbers = experts.find(name);
  if (numbers == experts.end() || shape.empty())
    throw missing(name);
  std::vector<StoredTensor> stored;
  for (int64_t expert = 0; expert < shape.front(); ++expert) {
    const std::string single = expertTensorName(name, expert);
    const StoredTensor *found = directory.find(single);
    if (!found)
      throw missing(single);
    requireShape(*found, {shape.begin() + 1, shape.end()});
    if (!stored.empty() && found->tensor->dtype != stored.front().tensor->dtype)
      throw Error(found->label() + ": has elements of type " + found->tensor->dtype +
                  ", the experts before it " + stored.front().tensor->dtype);
    stored.push_back(*found);
  }
  if (const int64_t last = *numbers->second.rbegin(); last >= shape.front())
    throw Error(directory.find(expertTensorName(name, last))->label() + ": there are to be " +
                std::to_string(shape.front()) + " experts only");
  return stored;
}

std::unique_ptr<TensorSource> HfWeights::open(const std::string &name,
                                              const std::vector<int64_t> &shape) const {
  std::vector<StoredTensor> stored = findStored(name, shape);
  const std::optional<DType> type = stored.front().tensor->type();
  if (isWeightType(type))
    return std::make_unique<StoredSource>(std::move(stored), *type);
  std::vector<BlockScaledPart> scaled;
  for (const StoredTensor &part : stored) {
    const StoredTensor *scale =
        directory.find(publishedTensorName(part.tensor->name) + std::string(scaleSuffix));
    if (type == DType::f8e4m3 && scale)
      scaled.push_back({part, *scale});
  }
  if (scaled.size() == stored.size())
    return openBlockScaled(std::move(scaled));
  throw Error(stored.front().label() + ": has elements of type " + stored.front().tensor->dtype +
              "; accepted: F32, F16, BF16, and F8_E4M3 with a " + name + std::string(scaleSuffix));
}

std::vector<ListedTensor> HfWeights::list() const {
  std::map<std::string, ListedTensor> listed;
  for (const auto &[name, stored] : directory.tensors()) {
    const std::string stack = stackOf(name);
    if (stack.empty()) {
      listed.emplace(name, describe(name, stored));
      continue;
    }
    auto [entry, isNew] = listed.try_emplace(stack, describe(stack, stored));
    ListedTensor &tensor = entry->second;
    if (isNew)
      tensor.shape.insert(tensor.shape.begin(), std::ssize(experts.find(stack)->second));
    else
      tensor.bytes += stored.tensor->bytes;
  }
  std::vector<ListedTensor> result;
  for (auto &[name, tensor] : listed)
    result.push_back(std::move(tensor));
  return result;
}

std::unique_ptr<TensorSource> HfWeights::openStored(const ListedTensor &tensor) const {
  std::vector<StoredTensor> stored = findStored(tensor.name, tensor.shape);
  const DType type = stored.front().tensor->type().value_or(DType::u8);
  return std::make_unique<StoredSource>(std::move(stored), type);
}

std::vector<ListedTensor>
HfWeights::beside(const std::set<std::string, std::less<>> &published) const {
  std::vector<ListedTensor> result;
  for (const auto &[name, stored] : directory.tensors()) {
    std::string_view owner = name;
    if (owner.ends_with(scaleSuffix)) {
      const StoredTensor *scaled =
          directory.find(owner.substr(0, owner.size() - scaleSuffix.size()));
      if (scaled && scaled->tensor->type() == DType::f8e4m3)
        owner.remove_suffix(scaleSuffix.size());
    }
    if (!published.contains(owner) && !published.contains(stackOf(owner)))
      result.push_back(describe(name, stored));
  }
  return result;
}

} // namespace step37
