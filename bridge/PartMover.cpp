// Pieces of a published tensor are scattered to the runs that it has in the ranks' buffers, and
// gathered from them; see PartMover.h.
#include "bridge/PartMover.h"

#include "bridge/PartRuns.h"
#include "runtime/base/Error.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <cstring>
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
  RankRuns(const PartPlace &place, const plan::Mesh &mesh, int64_t rank)
      : rank(static_cast<int>(rank)), place(place), runs(*place.part, mesh, rank) {
    if (place.share.empty())
      return;
    begin = place.elements * plan::indexAlong(mesh, place.share, rank);
    end = begin + place.elements;
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
  const PartPlace &place;

private:
  PartRuns runs;
  int64_t begin = 0, end = std::numeric_limits<int64_t>::max(); // the share
};

/// The elements of a piece that any of the places has, as few ranges.
std::vector<ElementRange> wanted(const std::vector<RankRuns> &places, int64_t first,
                                 int64_t count) {
  std::vector<ElementRange> runs, ranges;
  for (const RankRuns &place : places)
    place.forEach(first, count, [&](int64_t published, int64_t, int64_t run) {
      runs.push_back({published, run});
    });
  std::sort(runs.begin(), runs.end(),
            [](const ElementRange &a, const ElementRange &b) { return a.first < b.first; });
  for (const ElementRange &run : runs) {
    if (ranges.empty() || ranges.back().end() < run.first)
      ranges.push_back(run);
    else
      ranges.back().count = std::max(ranges.back().end(), run.end()) - ranges.back().first;
  }
  return ranges;
}

/// Writes to one buffer, in as few calls as its runs are apart in it: on a device each one costs.
class RunWriter {
public:
  RunWriter(RankStore &ranks, const RankRuns &runs, std::vector<std::byte> &staging)
      : ranks(ranks), runs(runs), type(runs.place.type), staging(staging) {
    staging.clear();
  }

  /// Elements from `at` on in the buffer.
  void write(int64_t at, DType from, std::span<const std::byte> elements) {
    if (at != next)
      flush();
    if (staging.empty())
      begin = at;
    const int64_t count = static_cast<int64_t>(elements.size()) / byteSize(from);
    const size_t held = staging.size();
    staging.resize(held + static_cast<size_t>(count * byteSize(type)));
    convertFloats(from, elements, type, std::span(staging).subspan(held));
    next = at + count;
  }
  void flush() {
    if (!staging.empty())
      ranks.write(runs.rank, runs.place.buffer, begin * byteSize(type), staging);
    staging.clear();
  }

private:
  RankStore &ranks;
  const RankRuns &runs;
  DType type;
  std::vector<std::byte> &staging;
  int64_t begin = 0, next = 0; // of what is staged
};

/// Ranks that hold a whole tensor together.
using Copy = std::vector<RankRuns>;

/// As often as the tensor is there: ranks that differ along other axes than those that it is split
/// over, shared out over or summed over hold the same.
std::vector<Copy> copiesOf(const plan::Mesh &mesh, const PartPlace &place) {
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
      copy.emplace_back(place, mesh, rank);
  }
  return copies;
}

/// Elements [first, first + count) of a tensor, as they are stored, or, of a sum, in f32; on the
/// root of the processes.
class Gatherer {
public:
  Gatherer(const RankStore &ranks, const PartPlace &place) : ranks(ranks), place(place) {}

  DType type() const { return place.partial.empty() ? place.type : DType::f32; }

  void gather(const Copy &copy, int64_t first, int64_t count, std::vector<std::byte> &to) {
    ranks.collect("reading " + place.part->name, [&](const RankStore::Read &read) {
      to.assign(static_cast<size_t>(count * byteSize(type())), std::byte{0});
      for (const RankRuns &runs : copy)
        runs.forEach(first, count, [&](int64_t published, int64_t from, int64_t run) {
          const auto target = slice(std::span<std::byte>(to), type(), published - first, run);
          if (place.partial.empty())
            return read(runs.rank, place.buffer, from * byteSize(place.type), target);
          addend.resize(static_cast<size_t>(run * byteSize(place.type)));
          read(runs.rank, place.buffer, from * byteSize(place.type), addend);
          addTo(target);
        });
    });
  }

private:
  void addTo(std::span<std::byte> sums) {
    values.resize(sums.size() / sizeof(float));
    convertFloats(place.type, addend, values);
    auto *sum = reinterpret_cast<float *>(sums.data());
    for (size_t i = 0; i < values.size(); ++i)
      sum[i] += values[i];
  }

  const RankStore &ranks;
  const PartPlace &place;
  std::vector<std::byte> addend;
  std::vector<float> values;
};

} // namespace

PartPlace placeOf(const plan::Parameter &parameter, const plan::Part &part, int index,
                  const plan::Buffer &buffer, const plan::Mesh &mesh,
                  std::vector<std::string> share) {
  if (share.empty())
    checkPart(parameter, part, buffer.elements(), mesh);
  return {&part, index, buffer.type, buffer.elements(), {}, std::move(share)};
}

PartValues storedValues(const TensorSource &tensor) {
  return {tensor.type(),
          [&tensor](std::span<const ElementRange> ranges, std::span<std::byte> bytes) {
            const int64_t offset = ranges.front().first * byteSize(tensor.type());
            tensor.read(offset, bytes);
            tensor.release(offset, static_cast<int64_t>(bytes.size()));
          }};
}

PartValues valuesIn(DType type, std::span<const std::byte> all) {
  return {type, [type, all](std::span<const ElementRange> ranges, std::span<std::byte> bytes) {
            const auto from = all.subspan(
                static_cast<size_t>(ranges.front().first * byteSize(type)), bytes.size());
            std::memcpy(bytes.data(), from.data(), bytes.size());
          }};
}

void writePart(RankStore &ranks, const plan::Mesh &mesh, std::span<const PartPlace> places,
               const PartValues &values) {
  std::vector<RankRuns> targets;
  for (const PartPlace &place : places)
    for (int64_t rank = 0; rank < plan::rankCount(mesh); ++rank)
      if (ranks.isHere(static_cast<int>(rank)))
        targets.emplace_back(place, mesh, rank);
  std::vector<std::byte> piece, staging;
  forEachPiece(*places.front().part, [&](int64_t first, int64_t count) {
    const std::vector<ElementRange> ranges = wanted(targets, first, count);
    if (ranges.empty())
      return;
    const int64_t begin = ranges.front().first;
    piece.resize(static_cast<size_t>((ranges.back().end() - begin) * byteSize(values.type)));
    values.read(ranges, piece);
    for (const RankRuns &target : targets) {
      RunWriter writer(ranks, target, staging);
      target.forEach(first, count, [&](int64_t published, int64_t at, int64_t run) {
        writer.write(at, values.type,
                     slice(std::span<const std::byte>(piece), values.type, published - begin, run));
      });
      writer.flush();
    }
  });
}

void readPart(const RankStore &ranks, const plan::Mesh &mesh, const PartPlace &place, DType type,
              const std::function<void(std::span<const std::byte>)> &sink) {
  const std::vector<Copy> copies = copiesOf(mesh, place);
  Gatherer gatherer(ranks, place);
  std::vector<std::byte> piece, other, converted;
  forEachPiece(*place.part, [&](int64_t first, int64_t count) {
    gatherer.gather(copies.front(), first, count, piece);
    for (size_t i = 1; i < copies.size(); ++i) {
      gatherer.gather(copies[i], first, count, other);
      if (ranks.isRoot() && other != piece)
        throw Error(place.part->name + ": ranks " + std::to_string(copies[0].front().rank) +
                    " and " + std::to_string(copies[i].front().rank) +
                    " ought to hold the same values, but differ");
    }
    if (!ranks.isRoot())
      return;
    converted.resize(static_cast<size_t>(count * byteSize(type)));
    convertFloats(gatherer.type(), piece, type, converted);
    sink(converted);
  });
}

} // namespace step37
