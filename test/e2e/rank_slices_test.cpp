// What the ranks of a plan hold of the published model at its full size: every tensor has one place
// in one parameter, the ranks' pieces of it tile it, and on a rank the pieces tile the parameter's
// buffer. Where they come from and go to is bridge/.
#include "runtime/plan/PieceRuns.h"
#include "runtime/plan/PlanFile.h"
#include "test/e2e/Programs.h"

#include <algorithm>
#include <map>
#include <set>

namespace step37::test {
namespace {

struct Published {
  const char *config;
  size_t tensors;
  int64_t parameters;
};

constexpr Published text{"step35-flash.json", 804, 199'384'301'376};
constexpr Published images{"step37-flash.json", 1471, 201'365'316'160};

struct MeshCase {
  const char *name;
  Published model;
  Arguments options;
  int64_t ranks;
};

class RankSlices : public Programs, public testing::WithParamInterface<MeshCase> {
protected:
  const fs::path config = fs::path(STEP37_TEST_DATA) / "configs" / GetParam().model.config;

  /// The published names, as `step37c names` lists them.
  std::set<std::string> publishedNames() {
    EXPECT_EQ(compiler({"names", config.string()}), 0) << err;
    std::set<std::string> names;
    std::istringstream lines(out);
    for (std::string line, name; std::getline(lines, line);) {
      std::istringstream words(line);
      words >> name;
      if (name.find('.') != std::string::npos)
        names.insert(name);
    }
    return names;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Mesh, RankSlices,
    testing::Values(MeshCase{"tp8_ep8", text, {"--tp", "8", "--ep", "8"}, 8},
                    MeshCase{"dp8_ep8", text, {"--dp", "8", "--ep", "8"}, 8},
                    MeshCase{"dp32_ep32", text, {"--dp", "32", "--ep", "32"}, 32},
                    MeshCase{"tp4_dp8_ep8_etp4",
                             text,
                             {"--tp", "4", "--dp", "8", "--ep", "8", "--etp", "4"},
                             32},
                    MeshCase{"images_tp8_ep8", images, {"--tp", "8", "--ep", "8"}, 8},
                    MeshCase{"images_dp8_ep8_mtp", images, {"--dp", "8", "--ep", "8", "--mtp"}, 8},
                    MeshCase{"images_dp32_ep32", images, {"--dp", "32", "--ep", "32"}, 32}),
    [](const auto &info) { return std::string(info.param.name); });

/// What a rank holds of a tensor, [begin, end) of every dimension; empty where it is all padding.
using Box = std::vector<std::pair<int64_t, int64_t>>;

Box boxOf(const plan::Mesh &mesh, const plan::Part &part, int64_t rank) {
  Box box;
  for (const plan::Piece &piece : plan::piecesOf(mesh, part.shape, part.split, rank)) {
    if (piece.count == 0)
      return {};
    box.emplace_back(piece.begin, piece.begin + piece.count);
  }
  return box;
}

/// The boxes are a grid: in every dimension intervals one after another, and every combination of
/// them as often as any other.
void expectTiles(const plan::Mesh &mesh, const plan::Part &part) {
  std::map<Box, int64_t> holders;
  for (int64_t rank = 0; rank < plan::rankCount(mesh); ++rank)
    if (Box box = boxOf(mesh, part, rank); !box.empty())
      ++holders[box];
  size_t cells = 1;
  for (size_t dim = 0; dim < part.shape.size(); ++dim) {
    std::set<std::pair<int64_t, int64_t>> intervals;
    for (const auto &[box, count] : holders)
      intervals.insert(box[dim]);
    int64_t end = 0;
    for (const auto &[first, last] : intervals) {
      EXPECT_EQ(first, end) << part.name << ", dimension " << dim;
      end = last;
    }
    EXPECT_EQ(end, part.shape[dim]) << part.name << ", dimension " << dim;
    cells *= intervals.size();
  }
  EXPECT_EQ(holders.size(), cells) << part.name;
  for (const auto &[box, count] : holders)
    EXPECT_EQ(count, holders.begin()->second) << part.name;
}

/// On every rank alike: the blocks of a parameter's parts, one after another, are its buffer.
void expectFills(const plan::Mesh &mesh, const plan::Parameter &parameter, int64_t elements) {
  std::vector<std::pair<int64_t, int64_t>> blocks;
  for (const plan::Part &part : parameter.parts) {
    int64_t held = 1;
    for (int64_t size : plan::localShape(mesh, part.shape, part.split))
      held *= size;
    EXPECT_EQ(part.blocks * part.block, held) << part.name;
    for (int64_t block = 0; block < part.blocks; ++block) {
      const int64_t begin = part.begin + block * part.stride;
      blocks.emplace_back(begin, begin + part.block);
    }
  }
  std::sort(blocks.begin(), blocks.end());
  int64_t end = 0;
  for (const auto &[first, last] : blocks) {
    ASSERT_EQ(first, end) << parameter.name;
    end = last;
  }
  EXPECT_EQ(end, elements) << parameter.name;
}

TEST_P(RankSlices, tileEveryPublishedTensor) {
  Arguments options = GetParam().options;
  // What the ranks hold does not depend on these; they make a small plan.
  options.insert(options.end(), {"--seq-len", "16", "--programs", "eval", "--expert-rows", "1000"});
  const plan::Plan plan = plan::load(compile(config, "full.plan", options));
  ASSERT_EQ(plan::rankCount(plan.mesh), GetParam().ranks);

  std::multiset<std::string> held;
  int64_t elements = 0;
  for (const plan::Parameter &parameter : plan.parameters) {
    const int buffer = plan.targets[0].findBuffer(parameter.buffer);
    ASSERT_GE(buffer, 0) << parameter.name;
    expectFills(plan.mesh, parameter,
                plan.targets[0].buffers[static_cast<size_t>(buffer)].elements());
    for (const plan::Part &part : parameter.parts) {
      held.insert(part.name);
      expectTiles(plan.mesh, part);
      elements += plan::PieceRuns(plan.mesh, part.shape, {}, 0).elements();
    }
  }
  for (const plan::CarriedTensor &tensor : plan.carried) {
    held.insert(tensor.name);
    elements += plan::PieceRuns(plan.mesh, tensor.shape, {}, 0).elements();
  }
  const std::set<std::string> published = publishedNames();
  EXPECT_EQ(published.size(), GetParam().model.tensors);
  EXPECT_EQ(std::vector(held.begin(), held.end()), std::vector(published.begin(), published.end()));
  EXPECT_EQ(elements, GetParam().model.parameters);

  // What was asked for is what is split.
  const auto ways = [&](const std::string &name, size_t dim) {
    for (const plan::Parameter &parameter : plan.parameters)
      for (const plan::Part &part : parameter.parts)
        if (part.name == name)
          return part.split.empty() ? 1 : plan::rankCount(plan.mesh, part.split.at(dim));
    return int64_t(0);
  };
  const plan::Mesh &mesh = plan.mesh;
  EXPECT_EQ(ways("model.embed_tokens.weight", 0), mesh.tp);
  EXPECT_EQ(ways("model.layers.1.self_attn.g_proj.weight", 0), mesh.tp);
  EXPECT_EQ(ways("model.layers.1.self_attn.o_proj.weight", 1), mesh.tp);
  EXPECT_EQ(ways("model.layers.3.share_expert.down_proj.weight", 1), mesh.tp);
  EXPECT_EQ(ways("model.layers.3.moe.gate_proj.weight", 0), mesh.ep);
  EXPECT_EQ(ways("model.layers.3.moe.gate_proj.weight", 1), mesh.etp);
  EXPECT_EQ(ways("model.layers.3.moe.down_proj.weight", 2), mesh.etp);
  EXPECT_EQ(ways("model.layers.3.moe.gate.weight", 0), 1);
}

} // namespace
} // namespace step37::test
