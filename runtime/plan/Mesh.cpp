// Arithmetic of ranks; see Mesh.h.
#include "runtime/plan/Mesh.h"

#include "runtime/base/CheckedSize.h"
#include "runtime/base/Error.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace step37::plan {

namespace {

/// Distance of neighbouring ranks along the axis at this index.
int64_t strideOf(const Mesh &mesh, size_t axis) {
  int64_t stride = 1;
  for (size_t i = axis + 1; i < mesh.axes.size(); ++i)
    stride *= mesh.axes[i].size;
  return stride;
}

size_t axisNamed(const Mesh &mesh, const std::string &name) {
  const auto found = std::find_if(mesh.axes.begin(), mesh.axes.end(),
                                  [&](const Axis &axis) { return axis.name == name; });
  assert(found != mesh.axes.end() && "the plan's axes have been checked");
  return static_cast<size_t>(found - mesh.axes.begin());
}

/// A number of neighbouring ranks that belong together, and how messages call it.
struct Extent {
  std::string_view name;
  int64_t ranks;

  std::string text() const { return std::string(name) + " = " + std::to_string(ranks); }
};

int64_t product(const char *name, int64_t a, int64_t b) {
  const std::optional<int64_t> ranks = checkedMultiply(a, b);
  if (!ranks)
    throw Error(std::string(name) + " is beyond 64 bits");
  return *ranks;
}

/// The axes between these sizes of groups, of which each divides the next; slowest first. Those
/// inside `tp` ranks are "tp", the others "dp", with a number where there are several.
std::vector<Axis> axesBetween(const std::vector<int64_t> &ends, int64_t tp) {
  std::vector<Axis> axes;
  for (const bool inner : {false, true}) {
    std::vector<int64_t> sizes;
    for (size_t i = ends.size(); i-- > 0;)
      if ((ends[i] <= tp) == inner)
        sizes.push_back(ends[i] / (i == 0 ? 1 : ends[i - 1]));
    for (size_t i = 0; i < sizes.size(); ++i)
      axes.push_back(
          {std::string(inner ? "tp" : "dp") + (sizes.size() > 1 ? "." + std::to_string(i) : ""),
           sizes[i]});
  }
  return axes;
}

} // namespace

Mesh makeMesh(int64_t dp, int64_t tp, int64_t ep, int64_t etp) {
  for (const Extent &size : {Extent{"dp", dp}, {"tp", tp}, {"ep", ep}, {"etp", etp}})
    if (size.ranks < 1)
      throw Error(size.text() + " is less than 1");
  const Extent all{"dp·tp", product("dp·tp", dp, tp)},
      experts{"ep·etp", product("ep·etp", ep, etp)};
  if (all.ranks % experts.ranks != 0)
    throw Error(experts.text() + " does not divide the " + std::to_string(all.ranks) +
                " ranks of dp·tp, so the experts cannot be shared out");
  std::array<Extent, 4> extents{Extent{"tp", tp}, {"etp", etp}, experts, all};
  std::sort(extents.begin(), extents.end(), [](const Extent &a, const Extent &b) {
    return std::pair(a.ranks, a.name) < std::pair(b.ranks, b.name);
  });
  std::vector<int64_t> ends;
  int64_t before = 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i].ranks % before != 0)
      throw Error(extents[i - 1].text() + " does not divide " + extents[i].text() +
                  ", so groups of these ranks would overlap in part");
    if (extents[i].ranks > before)
      ends.push_back(extents[i].ranks);
    before = extents[i].ranks;
  }
  return {dp, tp, ep, etp, axesBetween(ends, tp)};
}

std::string describe(const Mesh &mesh) {
  return "dp " + std::to_string(mesh.dp) + ", tp " + std::to_string(mesh.tp) + ", ep " +
         std::to_string(mesh.ep) + ", etp " + std::to_string(mesh.etp);
}

int64_t rankCount(const Mesh &mesh) {
  return mesh.axes.empty() ? 1 : mesh.axes[0].size * strideOf(mesh, 0);
}

int64_t rankCount(const Mesh &mesh, AxisNames axes) {
  int64_t count = 1;
  for (const std::string &axis : axes)
    count *= mesh.axes[axisNamed(mesh, axis)].size;
  return count;
}

int64_t indexAlong(const Mesh &mesh, AxisNames axes, int64_t rank) {
  int64_t index = 0;
  for (const std::string &name : axes) {
    const size_t axis = axisNamed(mesh, name);
    const int64_t size = mesh.axes[axis].size;
    index = index * size + rank / strideOf(mesh, axis) % size;
  }
  return index;
}

std::vector<int64_t> groupOf(const Mesh &mesh, AxisNames axes, int64_t rank) {
  std::vector<int64_t> group{rank};
  for (const std::string &name : axes) {
    const size_t axis = axisNamed(mesh, name);
    const int64_t size = mesh.axes[axis].size, stride = strideOf(mesh, axis);
    std::vector<int64_t> grown;
    for (const int64_t member : group)
      for (int64_t i = 0; i < size; ++i)
        grown.push_back(member + (i - member / stride % size) * stride);
    group = std::move(grown);
  }
  return group;
}

std::vector<std::vector<int64_t>> groupsAlong(const Mesh &mesh, AxisNames axes) {
  std::vector<std::vector<int64_t>> groups;
  for (int64_t rank = 0; rank < rankCount(mesh); ++rank)
    if (indexAlong(mesh, axes, rank) == 0)
      groups.push_back(groupOf(mesh, axes, rank));
  return groups;
}

std::vector<Piece> piecesOf(const Mesh &mesh, std::span<const int64_t> shape, const Split &split,
                            int64_t rank) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (split.empty()) {
      pieces.push_back({0, shape[i], shape[i]});
      continue;
    }
    const int64_t size = localSize(shape[i], rankCount(mesh, split[i]));
    const int64_t begin = std::min(shape[i], size * indexAlong(mesh, split[i], rank));
    pieces.push_back({begin, std::min(size, shape[i] - begin), size});
  }
  return pieces;
}

std::vector<int64_t> localShape(const Mesh &mesh, std::span<const int64_t> shape,
                                const Split &split) {
  std::vector<int64_t> local;
  for (const Piece &piece : piecesOf(mesh, shape, split, 0))
    local.push_back(piece.size);
  return local;
}

} // namespace step37::plan
