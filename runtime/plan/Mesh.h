// Ranks of a mesh and what each holds: axes from the sizes that were asked for, coordinates, groups
// of ranks, and the piece of a tensor that a Split gives a rank. The structs are in Plan.h; that a
// plan's axes and splits fit together is PlanCheck.h. A list of axes names axes of the mesh in the
// mesh's order, each once.
#pragma once

#include "runtime/plan/Plan.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace step37::plan {

using AxisNames = std::span<const std::string>;

/// The mesh of dp·tp ranks whose experts live on ep·etp of them, with its axes; axes of size 1 are
/// left out. Throws Error where a size is less than 1, where ep·etp does not divide dp·tp, or where
/// groups would overlap in part: of tp, etp and ep·etp each pair must divide one another.
Mesh makeMesh(int64_t dp, int64_t tp, int64_t ep, int64_t etp);

/// "dp 2, tp 4, ep 1, etp 1".
std::string describe(const Mesh &mesh);

/// Number of ranks: the product of the axes.
int64_t rankCount(const Mesh &mesh);

/// Ranks along these axes together: the product of their sizes.
int64_t rankCount(const Mesh &mesh, AxisNames axes);

/// Where a rank is along `axes`, the last one fastest: in [0, rankCount(mesh, axes)).
int64_t indexAlong(const Mesh &mesh, AxisNames axes, int64_t rank);

/// The ranks that differ from `rank` only along `axes`, itself included, ascending; the one at
/// position i has index i along them.
std::vector<int64_t> groupOf(const Mesh &mesh, AxisNames axes, int64_t rank);

/// One group a list, each as groupOf gives it, together all ranks once.
std::vector<std::vector<int64_t>> groupsAlong(const Mesh &mesh, AxisNames axes);

/// Elements that each of `ways` ranks holds of `size`: ceil(size/ways).
inline int64_t localSize(int64_t size, int64_t ways) { return (size - 1) / ways + 1; }

/// What a rank holds of one dimension: `size` elements, of which the first `count` are the whole's
/// from `begin` on and the others are padding.
struct Piece {
  int64_t begin = 0, count = 0, size = 0;
};

/// A rank's piece of every dimension of a tensor of `shape`. `split` has a list of axes a
/// dimension, or is empty: then every rank holds the whole.
std::vector<Piece> piecesOf(const Mesh &mesh, std::span<const int64_t> shape, const Split &split,
                            int64_t rank);

/// The sizes of these pieces, which are the same on all ranks.
std::vector<int64_t> localShape(const Mesh &mesh, std::span<const int64_t> shape,
                                const Split &split);

} // namespace step37::plan
