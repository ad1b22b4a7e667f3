// The mesh itself, and lists of its axes: splits of tensors, coordinates, partial sums.
#include "runtime/base/CheckedSize.h"
#include "runtime/plan/PlanCheck.h"
#include "runtime/plan/UniqueNames.h"

#include <algorithm>

namespace step37::plan {

namespace {

/// Index of the axis of this name; `path`: where the name stands.
size_t axisNamed(const Mesh &mesh, const std::string &name, const FieldPath &path) {
  const auto found = std::find_if(mesh.axes.begin(), mesh.axes.end(),
                                  [&](const Axis &axis) { return axis.name == name; });
  if (found == mesh.axes.end())
    path.fail("the mesh has no axis '" + name + "'");
  return static_cast<size_t>(found - mesh.axes.begin());
}

} // namespace

void checkMesh(const Mesh &mesh, const FieldPath &path) {
  checkPositive(mesh.dp, path.field("dp"));
  checkPositive(mesh.tp, path.field("tp"));
  checkPositive(mesh.ep, path.field("ep"));
  checkPositive(mesh.etp, path.field("etp"));
  const FieldPath list = path.field("axes");
  UniqueNames names;
  std::optional<int64_t> ranks = 1;
  for (size_t i = 0; i < mesh.axes.size(); ++i) {
    const FieldPath axis = list.element(i);
    names.add(mesh.axes[i].name, axis);
    checkPositive(mesh.axes[i].size, axis.field("size"));
    ranks = checkedMultiply(*ranks, mesh.axes[i].size);
    if (!ranks)
      axis.field("size").fail("times the sizes before is beyond 64 bits");
  }
  if (checkedMultiply(mesh.dp, mesh.tp) != ranks)
    list.fail("have " + std::to_string(*ranks) + " ranks, which is not dp times tp");
}

void checkAxes(const Mesh &mesh, const std::vector<std::string> &axes, const FieldPath &path) {
  size_t next = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const FieldPath here = path.element(i);
    const size_t axis = axisNamed(mesh, axes[i], here);
    if (axis < next)
      here.fail("'" + axes[i] + "' is not in the order of the mesh's axes, or there twice");
    next = axis + 1;
  }
}

void checkSplit(const Mesh &mesh, const Split &split, size_t dimensions, const FieldPath &path) {
  if (split.empty())
    return;
  if (split.size() != dimensions)
    path.fail("has " + std::to_string(split.size()) + " lists of axes for " +
              std::to_string(dimensions) + " dimensions");
  std::vector<std::string> seen;
  for (size_t d = 0; d < split.size(); ++d) {
    const FieldPath here = path.element(d);
    checkAxes(mesh, split[d], here);
    for (size_t i = 0; i < split[d].size(); ++i)
      if (std::find(seen.begin(), seen.end(), split[d][i]) != seen.end())
        here.element(i).fail("'" + split[d][i] + "' splits another dimension already");
    seen.insert(seen.end(), split[d].begin(), split[d].end());
  }
}

} // namespace step37::plan
