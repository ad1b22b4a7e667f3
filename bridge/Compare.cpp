// Lists first, then the bytes of what is in both, block by block; see Compare.h.
#include "bridge/Compare.h"

#include "bridge/TensorFiles.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/base/Safetensors.h"
#include "runtime/base/ShapeText.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

namespace step37 {

namespace {

/// How two runs of elements differ.
struct Difference {
  int64_t elements = 0;  // whose bytes differ
  int64_t notFinite = 0; // of those, where one is NaN or infinite; not in what follows
  double largest = 0, squares = 0, reference = 0;

  void add(const Difference &other) {
    elements += other.elements;
    notFinite += other.notFinite;
    largest = std::max(largest, other.largest);
    squares += other.squares;
    reference += other.reference;
  }
};

/// A tensor of both sides, of one shape and type.
struct Pair {
  std::string name;
  std::unique_ptr<TensorSource> a, b;
  int64_t elements = 0, width = 1; // bytes of an element
  bool isNumber = false;           // a float type, whose values can be compared
  Difference difference = {};
};

struct Block {
  size_t pair;
  int64_t first, count; // bytes
};

std::span<const std::byte> bytesOf(const TensorSource &source, const Block &block,
                                   std::vector<std::byte> &buffer) {
  if (auto mapped = source.mapped(block.first, block.count); !mapped.empty())
    return mapped;
  buffer.resize(static_cast<size_t>(block.count));
  source.read(block.first, buffer);
  return buffer;
}

/// Elements are decoded so many at a time, on the stack.
constexpr int64_t decodedElements = 1024;
using Decoded = std::array<float, decodedElements>;

/// Of non-numbers nothing.
std::span<const float> decode(const Pair &pair, std::span<const std::byte> bytes, Decoded &buffer) {
  if (!pair.isNumber)
    return {};
  const auto values = std::span(buffer).first(bytes.size() / static_cast<size_t>(pair.width));
  convertFloats(pair.a->type(), bytes, values);
  return values;
}

/// Calls visit(bytes) for pieces of decodedElements.
template <typename Visit>
void forEachPiece(const Pair &pair, std::span<const std::byte> bytes, Visit visit) {
  const auto most = static_cast<size_t>(decodedElements * pair.width);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(most, bytes.size())))
    visit(bytes.first(std::min(most, bytes.size())));
}

Difference compareBytes(const Pair &pair, std::span<const std::byte> a,
                        std::span<const std::byte> b) {
  Difference difference;
  Decoded bufferA, bufferB;
  const auto width = static_cast<size_t>(pair.width);
  forEachPiece(pair, a, [&](std::span<const std::byte> piece) {
    const auto other = b.subspan(static_cast<size_t>(piece.data() - a.data()), piece.size());
    const auto left = decode(pair, piece, bufferA), right = decode(pair, other, bufferB);
    for (size_t i = 0; i < piece.size() / width; ++i) {
      if (std::memcmp(piece.data() + i * width, other.data() + i * width, width) == 0)
        continue;
      ++difference.elements;
      if (!pair.isNumber)
        continue;
      const double delta = double(left[i]) - double(right[i]);
      if (std::isfinite(delta)) {
        difference.largest = std::max(difference.largest, std::abs(delta));
        difference.squares += delta * delta;
      } else {
        ++difference.notFinite;
      }
    }
  });
  return difference;
}

double squaresOf(const Pair &pair, std::span<const std::byte> bytes) {
  Decoded buffer;
  double sum = 0;
  forEachPiece(pair, bytes, [&](std::span<const std::byte> piece) {
    for (float value : decode(pair, piece, buffer))
      sum += std::isfinite(value) ? double(value) * double(value) : 0;
  });
  return sum;
}

/// "12 of 4096 elements differ, the largest difference is 0.5, the relative one 1.2e-3".
std::string text(const Pair &pair) {
  const Difference &difference = pair.difference;
  std::string line = pair.name + ": " + std::to_string(difference.elements) + " of " +
                     std::to_string(pair.elements) + " elements differ";
  if (!pair.isNumber)
    return line;
  if (difference.notFinite > 0)
    line += ", " + std::to_string(difference.notFinite) + " of them are NaN or infinite";
  std::array<char, 96> numbers;
  std::snprintf(numbers.data(), numbers.size(),
                ", the largest difference is %.3g, relative in norm %.3g", difference.largest,
                difference.reference > 0 ? std::sqrt(difference.squares / difference.reference)
                                         : 0.0);
  return line + numbers.data();
}

/// Lists what is on one side only or of another shape or type; the rest is to be compared.
std::vector<Pair> pairUp(const WeightSource &a, const WeightSource &b, Comparison &comparison) {
  std::map<std::string, ListedTensor> inB;
  for (ListedTensor &tensor : b.list())
    inB.emplace(tensor.name, std::move(tensor));
  const auto differ = [&](const std::string &line) { comparison.differences.push_back(line); };
  std::vector<Pair> pairs;
  for (const ListedTensor &tensor : a.list()) {
    const auto found = inB.find(tensor.name);
    if (found == inB.end()) {
      differ(tensor.name + ": only in " + a.path().string());
      continue;
    }
    const ListedTensor other = std::move(found->second);
    inB.erase(found);
    ++comparison.tensors;
    if (tensor.shape != other.shape)
      differ(tensor.name + ": shape " + shapeText(tensor.shape) + " and " + shapeText(other.shape));
    if (tensor.type != other.type)
      differ(tensor.name + ": type " + tensor.type + " and " + other.type);
    if (tensor.shape != other.shape || tensor.type != other.type)
      continue;
    Pair pair{tensor.name, a.openStored(tensor), b.openStored(other)};
    pair.isNumber =
        tensor.type == safetensors::publishedName(pair.a->type()) && isFloat(pair.a->type());
    pair.width = byteSize(pair.a->type());
    pair.elements = tensor.bytes / pair.width;
    pairs.push_back(std::move(pair));
  }
  for (const auto &[name, tensor] : inB)
    differ(name + ": only in " + b.path().string());
  return pairs;
}

} // namespace

Comparison compareWeights(const WeightSource &a, const WeightSource &b,
                          const ComparisonOptions &options) {
  Comparison comparison;
  std::vector<Pair> pairs = pairUp(a, b, comparison);
  std::vector<Block> blocks;
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    const int64_t bytes = pairs[pair].elements * pairs[pair].width;
    comparison.bytes += bytes;
    for (int64_t first = 0; first < bytes; first += blockBytes)
      blocks.push_back({pair, first, std::min(blockBytes, bytes - first)});
  }

  std::atomic<int64_t> done = 0;
  std::mutex mutex; // of the pairs' differences
  std::vector<std::array<std::vector<std::byte>, 2>> buffers(
      static_cast<size_t>(std::max(options.threads, 1)));
  const auto compareBlock = [&](int64_t index, int worker) {
    const Block &block = blocks[static_cast<size_t>(index)];
    Pair &pair = pairs[block.pair];
    pair.a->prefetch(block.first, block.count);
    pair.b->prefetch(block.first, block.count);
    auto &[bufferA, bufferB] = buffers[static_cast<size_t>(worker)];
    const auto left = bytesOf(*pair.a, block, bufferA), right = bytesOf(*pair.b, block, bufferB);
    if (std::memcmp(left.data(), right.data(), left.size()) != 0) {
      const Difference difference = compareBytes(pair, left, right);
      const std::scoped_lock lock(mutex);
      pair.difference.add(difference);
    }
    pair.a->release(block.first, block.count);
    pair.b->release(block.first, block.count);
    done += block.count;
  };
  runItems(static_cast<int64_t>(blocks.size()), options.threads, compareBlock, [&] {
    if (options.progress)
      options.progress(done, comparison.bytes);
  });

  // The norm of a tensor is needed only where it differs, and then of all of it.
  for (const Block &block : blocks)
    if (Pair &pair = pairs[block.pair]; pair.isNumber && pair.difference.elements > 0) {
      pair.difference.reference +=
          squaresOf(pair, bytesOf(*pair.a, block, buffers.front().front()));
      pair.a->release(block.first, block.count);
    }
  for (const Pair &pair : pairs)
    if (pair.difference.elements > 0)
      comparison.differences.push_back(text(pair));
  return comparison;
}

} // namespace step37
