// Which rank has which slice, and reading across them; see RankWeights.h.
#include "bridge/RankWeights.h"

#include "bridge/ContainedPath.h"
#include "runtime/base/Error.h"
#include "runtime/base/ShapeText.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace step37 {

namespace {

/// A published tensor in pieces that do not overlap and together are all of it.
class PieceSource final : public TensorSource {
public:
  explicit PieceSource(const std::vector<RankPiece> &pieces)
      : pieces(pieces), elementType(pieces.front().file->type(pieces.front().tensor)),
        elementBytes(byteSize(elementType)) {}

  std::string label() const override { return pieces.front().file->label(pieces.front().tensor); }
  DType type() const override { return elementType; }
  std::string storedType() const override {
    return std::string(safetensors::publishedName(elementType));
  }

  void read(int64_t offset, std::span<std::byte> bytes) const override {
    for (const RankPiece &piece : pieces)
      forEachRun(piece, offset, static_cast<int64_t>(bytes.size()),
                 [&](int64_t published, int64_t local, int64_t count) {
                   std::memcpy(bytes.data() + (published - offset),
                               piece.file->bytes(piece.tensor, local, count).data(),
                               static_cast<size_t>(count));
                 });
  }
  std::span<const std::byte> mapped(int64_t offset, int64_t count) const override {
    std::span<const std::byte> together;
    for (const RankPiece &piece : pieces)
      forEachRun(piece, offset, count, [&](int64_t, int64_t local, int64_t run) {
        if (run == count)
          together = piece.file->bytes(piece.tensor, local, count);
      });
    return together;
  }
  void prefetch(int64_t offset, int64_t count) const override {
    forEachHull(offset, count, [](const RankPiece &piece, int64_t first, int64_t bytes) {
      piece.file->prefetch(piece.tensor, first, bytes);
    });
  }
  void release(int64_t offset, int64_t count) const override {
    forEachHull(offset, count, [](const RankPiece &piece, int64_t first, int64_t bytes) {
      piece.file->release(piece.tensor, first, bytes);
    });
  }

private:
  /// forEachPublishedRun in bytes.
  template <typename Visit>
  void forEachRun(const RankPiece &piece, int64_t offset, int64_t count, Visit visit) const {
    forEachPublishedRun(piece.slice, offset / elementBytes, count / elementBytes,
                        [&](int64_t published, int64_t local, int64_t run) {
                          visit(published * elementBytes, local * elementBytes, run * elementBytes);
                        });
  }
  /// The range of each piece's local tensor that holds all runs.
  template <typename Visit> void forEachHull(int64_t offset, int64_t count, Visit visit) const {
    for (const RankPiece &piece : pieces) {
      int64_t first = INT64_MAX, end = 0;
      forEachRun(piece, offset, count, [&](int64_t, int64_t local, int64_t run) {
        first = std::min(first, local);
        end = std::max(end, local + run);
      });
      if (first < end)
        visit(piece, first, end - first);
    }
  }

  const std::vector<RankPiece> &pieces;
  DType elementType;
  int64_t elementBytes;
};

/// Elements of the published tensor that a slice has, repetitions once.
int64_t publishedElements(const Slice &slice) {
  return slice.fromStride == 0 ? slice.block : slice.elements();
}

auto publishedRange(const Slice &slice) {
  const int64_t blocks = slice.fromStride == 0 ? 1 : slice.blocks;
  return std::tuple(slice.from, slice.fromStride, slice.block, blocks);
}

} // namespace

RankWeights::RankWeights(std::filesystem::path path)
    : directory(std::move(path)), manifest(RankManifest::read(directory)),
      map(loadModelConfig(notALink(publishedFolder(directory))).config),
      pieces(map.tensors().size()) {
  checkMesh(map, manifest.mesh);
  std::set<std::pair<int, decltype(publishedRange({}))>> seen;
  for (const auto &[rank, tensors] : manifest.ranks) {
    files.push_back(std::make_unique<RankFile>(
        directory / rankFileName(rank), localTensors(map, manifest.layout, manifest.mesh, rank),
        tensors));
    const RankFile &file = *files.back();
    for (size_t tensor = 0; tensor < file.tensors().size(); ++tensor)
      for (const Slice &slice : file.tensors()[tensor].slices)
        if (seen.insert({slice.tensor, publishedRange(slice)}).second)
          pieces[static_cast<size_t>(slice.tensor)].push_back({&file, tensor, slice});
  }
}

std::unique_ptr<TensorSource> RankWeights::open(const std::string &name,
                                                const std::vector<int64_t> &shape) const {
  const std::string label = directory.string() + ": " + name + ": ";
  const int index = map.find(name);
  if (index < 0)
    throw MissingTensor(label + "missing");
  const PublishedTensor &published = map.tensors()[static_cast<size_t>(index)].published;
  if (published.shape != shape)
    throw Error(label + "has shape " + shapeText(published.shape) + ", must have " +
                shapeText(shape));
  const std::vector<RankPiece> &found = pieces[static_cast<size_t>(index)];
  int64_t elements = 0;
  for (const RankPiece &piece : found) {
    elements += publishedElements(piece.slice);
    if (piece.file->type(piece.tensor) != found.front().file->type(found.front().tensor))
      throw Error(piece.file->label(piece.tensor) + ": has another element type than on other "
                                                    "ranks");
  }
  if (elements < elementCount(published))
    throw Error(label + "only " + std::to_string(elements) + " of " +
                std::to_string(elementCount(published)) + " elements are here: the directory has " +
                std::to_string(files.size()) + " of " +
                std::to_string(distinctRanks(manifest.mesh)) + " ranks");
  return std::make_unique<PieceSource>(found);
}

std::vector<ListedTensor> RankWeights::list() const { return beside({}); }

std::vector<ListedTensor>
RankWeights::beside(const std::set<std::string, std::less<>> &published) const {
  std::vector<ListedTensor> result;
  for (size_t index = 0; index < pieces.size(); ++index) {
    const PublishedTensor &tensor = map.tensors()[index].published;
    if (pieces[index].empty() || published.contains(tensor.name))
      continue;
    const RankPiece &piece = pieces[index].front();
    const DType type = piece.file->type(piece.tensor);
    result.push_back({tensor.name, tensor.name, tensor.shape,
                      std::string(safetensors::publishedName(type)),
                      elementCount(tensor) * byteSize(type)});
  }
  std::sort(result.begin(), result.end(),
            [](const ListedTensor &a, const ListedTensor &b) { return a.name < b.name; });
  return result;
}

} // namespace step37
