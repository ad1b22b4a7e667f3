// Ranks of a mesh: axes for the sizes that were asked for, coordinates, groups, pieces of tensors.
#include "runtime/plan/Mesh.h"
#include "test/runtime/FileTestSupport.h"

#include <gtest/gtest.h>

using namespace step37;
using namespace step37::test;
using plan::makeMesh;

namespace {

using Names = std::vector<std::string>;
using Ranks = std::vector<int64_t>;

/// "dp.0:2 dp.1:4 tp:2"
std::string axesText(const plan::Mesh &mesh) {
  std::string text;
  for (const plan::Axis &axis : mesh.axes)
    text += (text.empty() ? "" : " ") + axis.name + ":" + std::to_string(axis.size);
  return text;
}

TEST(Mesh, AxesThatNoGroupSplits) {
  EXPECT_EQ(axesText(makeMesh(1, 1, 1, 1)), "");
  EXPECT_EQ(axesText(makeMesh(2, 1, 1, 1)), "dp:2");
  EXPECT_EQ(axesText(makeMesh(1, 2, 1, 1)), "tp:2");
  EXPECT_EQ(axesText(makeMesh(2, 2, 2, 1)), "dp:2 tp:2");
  EXPECT_EQ(axesText(makeMesh(2, 2, 4, 1)), "dp:2 tp:2");
  EXPECT_EQ(axesText(makeMesh(4, 2, 4, 1)), "dp.0:2 dp.1:2 tp:2");
  EXPECT_EQ(axesText(makeMesh(4, 2, 2, 4)), "dp.0:2 dp.1:2 tp:2"); // etp 4, ep·etp 8
  EXPECT_EQ(axesText(makeMesh(1, 8, 2, 1)), "tp.0:4 tp.1:2");
  EXPECT_EQ(axesText(makeMesh(2, 8, 2, 2)), "dp:2 tp.0:2 tp.1:2 tp.2:2");
  EXPECT_EQ(axesText(makeMesh(32, 8, 32, 1)), "dp.0:8 dp.1:4 tp:8");
  const plan::Mesh mesh = makeMesh(4, 2, 4, 1);
  EXPECT_EQ(mesh.dp, 4);
  EXPECT_EQ(mesh.tp, 2);
  EXPECT_EQ(mesh.ep, 4);
  EXPECT_EQ(mesh.etp, 1);
  EXPECT_EQ(plan::rankCount(mesh), 8);
}

TEST(Mesh, SizesThatDoNotFit) {
  const auto errorFor = [](int64_t dp, int64_t tp, int64_t ep, int64_t etp) {
    return errorOf([&] { makeMesh(dp, tp, ep, etp); });
  };
  EXPECT_EQ(errorFor(0, 1, 1, 1), "dp = 0 is less than 1");
  EXPECT_EQ(errorFor(1, 1, 1, -2), "etp = -2 is less than 1");
  EXPECT_EQ(errorFor(int64_t(1) << 62, 4, 1, 1), "dp·tp is beyond 64 bits");
  EXPECT_EQ(errorFor(4, 2, 3, 1), "ep·etp = 3 does not divide the 8 ranks of dp·tp, so the experts "
                                  "cannot be shared out");
  EXPECT_EQ(errorFor(2, 3, 2, 1),
            "ep·etp = 2 does not divide tp = 3, so groups of these ranks would "
            "overlap in part");
  EXPECT_EQ(errorFor(4, 3, 4, 1),
            "tp = 3 does not divide ep·etp = 4, so groups of these ranks would "
            "overlap in part");
  EXPECT_EQ(errorFor(3, 2, 2, 3), "tp = 2 does not divide etp = 3, so groups of these ranks would "
                                  "overlap in part");
}

TEST(Mesh, CoordinatesAndGroups) {
  const plan::Mesh mesh = makeMesh(4, 2, 4, 1); // dp.0:2 dp.1:2 tp:2
  EXPECT_EQ(plan::indexAlong(mesh, Names{}, 5), 0);
  EXPECT_EQ(plan::indexAlong(mesh, Names{"tp"}, 5), 1);
  EXPECT_EQ(plan::indexAlong(mesh, Names{"dp.1"}, 6), 1);
  EXPECT_EQ(plan::indexAlong(mesh, Names{"dp.0", "tp"}, 5), 3);
  EXPECT_EQ(plan::rankCount(mesh, Names{"dp.0", "tp"}), 4);
  EXPECT_EQ(plan::groupOf(mesh, Names{}, 5), (Ranks{5}));
  EXPECT_EQ(plan::groupOf(mesh, Names{"dp.0"}, 5), (Ranks{1, 5}));
  EXPECT_EQ(plan::groupOf(mesh, Names{"dp.0", "tp"}, 7), (Ranks{2, 3, 6, 7}));
  EXPECT_EQ(plan::groupsAlong(mesh, Names{"dp.1", "tp"}),
            (std::vector<Ranks>{{0, 1, 2, 3}, {4, 5, 6, 7}}));
  EXPECT_EQ(plan::groupsAlong(makeMesh(1, 1, 1, 1), Names{}), (std::vector<Ranks>{{0}}));
}

/// The member at position i has index i, for every list of axes in the mesh's order.
TEST(Mesh, GroupsAreInTheOrderOfTheirIndices) {
  const plan::Mesh mesh = makeMesh(4, 6, 4, 3);
  const size_t count = mesh.axes.size();
  for (unsigned chosen = 0; chosen < 1u << count; ++chosen) {
    Names axes;
    for (size_t i = 0; i < count; ++i)
      if (chosen >> i & 1)
        axes.push_back(mesh.axes[i].name);
    for (int64_t rank = 0; rank < plan::rankCount(mesh); ++rank) {
      const Ranks group = plan::groupOf(mesh, axes, rank);
      ASSERT_TRUE(std::is_sorted(group.begin(), group.end()));
      ASSERT_EQ(static_cast<int64_t>(group.size()), plan::rankCount(mesh, axes));
      for (size_t i = 0; i < group.size(); ++i)
        ASSERT_EQ(plan::indexAlong(mesh, axes, group[i]), static_cast<int64_t>(i));
      ASSERT_EQ(group[static_cast<size_t>(plan::indexAlong(mesh, axes, rank))], rank);
    }
  }
}

TEST(Mesh, PiecesWithPadding) {
  const plan::Mesh mesh = makeMesh(2, 4, 1, 1);
  const Ranks shape{6, 5};
  const plan::Split split{{"dp"}, {"tp"}};
  EXPECT_EQ(plan::localShape(mesh, shape, split), (Ranks{3, 2}));
  EXPECT_EQ(plan::localShape(mesh, shape, {}), shape);
  const auto columns = [&](int64_t rank) {
    const plan::Piece piece = plan::piecesOf(mesh, shape, split, rank)[1];
    return Ranks{piece.begin, piece.count, piece.size};
  };
  EXPECT_EQ(columns(0), (Ranks{0, 2, 2}));
  EXPECT_EQ(columns(5), (Ranks{2, 2, 2}));
  EXPECT_EQ(columns(2), (Ranks{4, 1, 2}));
  EXPECT_EQ(columns(3), (Ranks{5, 0, 2})); // nothing is left for it
  EXPECT_EQ(plan::piecesOf(mesh, shape, split, 5)[0].begin, 3);
}

} // namespace
