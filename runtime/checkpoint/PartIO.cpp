// Pieces of a published tensor are gathered from the runs that it has in the ranks' buffers, and
// scattered to them; see PartIO.h.
#include "runtime/checkpoint/PartIO.h"

#include "bridge/PartRuns.h"
#include "runtime/base/Error.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <limits>

namespace step37 {

namespace {

/// Calls visit(first, count) for the pieces of the published tensor, in order.
template <class Visitor> void forEachPiece(const plan::Part &part, Visitor visit) {
  constexpr int64_t pieceElements = 1 << 20;
  const int64_t elements = plan::PieceRuns({}, part.shape, {}, 0).elements();
  for (int64_t first = 0; first < elements; first += pieceElements)
    visit(first, std::min(pieceElements, elements - first));
}

template <class Span> Span slice(Span bytes, DType type, int64_t first, int64_t count) {
  return bytes.subspan(static_cast<size_t>(first * byteSize(type)),
                       static_cast<size_t>(count * byteSize(type)));
}

/// A place on one rank: the part's runs, as far as they are in the rank's share.
class RankRuns {
public:
  RankRuns(const Model &model, const PartPlace &place, int64_t rank)
      : rank(static_cast<int>(rank)), runs(*place.part, model.plan().mesh, rank) {
    if (place.share.empty())
      return;
    const int64_t size = model.bufferOf(place.buffer).elements();
    begin = size * plan::indexAlong(model.plan().mesh, place.share, rank);
    end = begin + size;
  }

  /// As PartRuns::forEach, with indices in the rank's buffer.
  template <class Visit> void forEach(int64_t first, int64_t count, Visit visit) const {
    runs.forEach(first, count, [&](int64_t published, int64_t at, int64_t run) {
      const int64_t low = std::max(at, begin), high = std::min(at + run, end);
      if (low < high)
        visit(published + low - at, low - begin, high - low);
    });
  }

  const int rank;

private:
  PartRuns runs;
  int64_t begin = 0, end = std::numeric_limits<int64_t>::max(); // the share
};

/// Ranks that hold a whole tensor together.
using Copy = std::vector<RankRuns>;

/// As often as the tensor is there: ranks that differ along other axes than those that it is split
/// over, shared out over or summed over hold the same.
std::vector<Copy> copiesOf(const Model &model, const PartPlace &place) {
  const plan::Mesh &mesh = model.plan().mesh;
  std::vector<std::string> axes;
  for (const plan::Axis &axis : mesh.axes) {
    const auto isIn = [&](const std::vector<std::string> &list) {
      return std::find(list.begin(), list.end(), axis.name) != list.end();
    };
    if (isIn(place.partial) || isIn(place.share) ||
        std::any_of(place.part->split.begin(), place.part->split.end(), isIn))
      axes.push_back(axis.name);
  }
  std::vector<Copy> copies;
  for (const std::vector<int64_t> &ranks : plan::groupsAlong(mesh, axes)) {
    Copy &copy = copies.emplace_back();
    for (const int64_t rank : ranks)
      copy.emplace_back(model, place, rank);
  }
  return copies;
}

/// Elements [first, first + count) of a tensor, as they are stored, or, of a sum, in f32; on the
/// root of the processes.
class Gatherer {
public:
  Gatherer(const Model &model, const PartPlace &place)
      : model(model), place(place), stored(model.bufferOf(place.buffer).type) {}

  DType type() const { return place.partial.empty() ? stored : DType::f32; }

  void gather(const Copy &copy, int64_t first, int64_t count, std::vector<std::byte> &to) {
    model.ranks().collect("reading " + place.part->name, [&](auto read) {
      to.assign(static_cast<size_t>(count * byteSize(type())), std::byte{0});
      for (const RankRuns &runs : copy)
        runs.forEach(first, count, [&](int64_t published, int64_t from, int64_t run) {
          const auto target = slice(std::span<std::byte>(to), type(), published - first, run);
          if (place.partial.empty())
            return read(runs.rank, place.buffer, from * byteSize(stored), target);
          addend.resize(static_cast<size_t>(run * byteSize(stored)));
          read(runs.rank, place.buffer, from * byteSize(stored), addend);
          addTo(target);
        });
    });
  }

private:
  void addTo(std::span<std::byte> sums) {
    values.resize(sums.size() / sizeof(float));
    convertFloats(stored, addend, values);
    auto *sum = reinterpret_cast<float *>(sums.data());
    for (size_t i = 0; i < values.size(); ++i)
      sum[i] += values[i];
  }

  const Model &model;
  const PartPlace &place;
  DType stored;
  std::vector<std::byte> addend;
  std::vector<float> values;
};

} // namespace

PartPlace weightPlace(const Model &model, const plan::Parameter &parameter,
                      const plan::Part &part) {
  return {&part, model.buffer(parameter.buffer)};
}

PartPlace gradientPlace(const Model &model, const plan::Parameter &parameter,
                        const plan::Part &part) {
  return {&part, model.buffer(parameter.gradient), parameter.gradient_partial};
}

PartPlace statePlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part,
                     const std::string &buffer) {
  return {&part, model.buffer(buffer), {}, parameter.state_split};
}

void writePart(Model &model, const PartPlace &place, DType type,
               std::span<const std::byte> source) {
  const DType stored = model.bufferOf(place.buffer).type;
  const std::vector<Copy> copies = copiesOf(model, place);
  std::vector<std::byte> piece;
  forEachPiece(*place.part, [&](int64_t first, int64_t count) {
    piece.resize(static_cast<size_t>(count * byteSize(stored)));
    convertFloats(type, slice(source, type, first, count), stored, piece);
    for (const Copy &copy : copies)
      for (const RankRuns &runs : copy) {
        if (!model.ranks().isHere(runs.rank))
          continue;
        runs.forEach(first, count, [&](int64_t published, int64_t to, int64_t run) {
          model.ranks().write(
              runs.rank, place.buffer, to * byteSize(stored),
              slice(std::span<const std::byte>(piece), stored, published - first, run));
        });
      }
  });
}

void readPart(const Model &model, const PartPlace &place, DType type,
              const std::function<void(std::span<const std::byte>)> &sink) {
  const std::vector<Copy> copies = copiesOf(model, place);
  Gatherer gatherer(model, place);
  std::vector<std::byte> piece, other, converted;
  forEachPiece(*place.part, [&](int64_t first, int64_t count) {
    gatherer.gather(copies.front(), first, count, piece);
    for (size_t i = 1; i < copies.size(); ++i) {
      gatherer.gather(copies[i], first, count, other);
      if (model.ranks().isRoot() && other != piece)
        throw Error(place.part->name + ": ranks " + std::to_string(copies[0].front().rank) +
                    " and " + std::to_string(copies[i].front().rank) +
                    " ought to hold the same values, but differ");
    }
    if (!model.ranks().isRoot())
      return;
    converted.resize(static_cast<size_t>(count * byteSize(type)));
    convertFloats(gatherer.type(), piece, type, converted);
    sink(converted);
  });
}

} // namespace step37
