// The rows that ranks get in each layout: the published example of the bridge's own tests, zero
// rows of the vocabulary, coordinates, and meshes that do not divide.
#include "bridge/RankLayout.h"
#include "test/bridge/conversion_support.h"

namespace step37::test {

/// Four heads of two elements in two groups, hidden size three.
TensorMap attentionExample() {
  ModelConfig config;
  config.model_type = "step3p5";
  config.hidden = 3;
  config.intermediate = 4;
  config.vocab = 5;
  LayerConfig layer;
  layer.heads = 4;
  layer.groups = layer.head_dim = 2;
  config.layers = {layer};
  return TensorMap(config);
}

/// First column of a local tensor where row r of q_proj starts with 3r, of k_proj with 100 + 3r, of
/// v_proj with 200 + 3r, of g_proj with 300 + 3r, of others with 3r.
std::vector<int64_t> firstColumn(const TensorMap &map, const LocalTensor &local) {
  std::vector<int64_t> values(static_cast<size_t>(local.elements()), -1);
  for (const Slice &slice : local.slices) {
    int64_t base = 0;
    switch (map.tensors()[static_cast<size_t>(slice.tensor)].place) {
    case PackPlace::key:
      base = 100;
      break;
    case PackPlace::value:
      base = 200;
      break;
    case PackPlace::headGate:
      base = 300;
      break;
    default:
      break;
    }
    forEachLocalRun(slice, 0, local.elements(), [&](int64_t from, int64_t to, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        values[static_cast<size_t>(to + i)] = base + from + i;
    });
  }
  std::vector<int64_t> column;
  for (size_t i = 0; i < values.size(); i += static_cast<size_t>(local.shape.back()))
    column.push_back(values[i]);
  return column;
}

using Column = std::vector<int64_t>;

Column columnOf(Layout layout, int64_t tp, int64_t rank, const std::string &name) {
  const TensorMap map = attentionExample();
  for (const LocalTensor &local : localTensors(map, layout, mesh(tp), rank))
    if (local.name == name)
      return firstColumn(map, local);
  ADD_FAILURE() << "no " << name;
  return {};
}

constexpr const char *linearQkv = "decoder.layers.0.self_attention.linear_qkv.weight";
constexpr const char *qkvg = "model.layers.0.self_attn.qkvg_proj.weight";

TEST(RankLayout, ExpandedGate) {
  const Column first{0, 3, 6, 9, 300, 300, 303, 303, 100, 103, 200, 203};
  const Column second{12, 15, 18, 21, 306, 306, 309, 309, 106, 109, 206, 209};
  Column whole = first;
  whole.insert(whole.end(), second.begin(), second.end());
  EXPECT_EQ(columnOf(Layout::megatronExpanded, 1, 0, linearQkv), whole);
  EXPECT_EQ(columnOf(Layout::megatronExpanded, 2, 0, linearQkv), first);
  EXPECT_EQ(columnOf(Layout::megatronExpanded, 2, 1, linearQkv), second);
}

TEST(RankLayout, NativeGateIsLastOnEachRank) {
  EXPECT_EQ(columnOf(Layout::megatron, 1, 0, linearQkv),
            (Column{0,  3,  6,   9,   100, 103, 200, 203, 12,  15,
                    18, 21, 106, 109, 206, 209, 300, 303, 306, 309}));
  EXPECT_EQ(columnOf(Layout::megatron, 2, 0, linearQkv),
            (Column{0, 3, 6, 9, 100, 103, 200, 203, 300, 303}));
  EXPECT_EQ(columnOf(Layout::megatron, 2, 1, linearQkv),
            (Column{12, 15, 18, 21, 106, 109, 206, 209, 306, 309}));
}

TEST(RankLayout, PlanPacksKindByKind) {
  EXPECT_EQ(columnOf(Layout::plan, 2, 1, qkvg),
            (Column{12, 15, 18, 21, 106, 109, 206, 209, 306, 309}));
  EXPECT_EQ(columnOf(Layout::plan, 1, 0, qkvg),
            (Column{0,   3,   6,   9,   12,  15,  18,  21,  100, 103,
                    106, 109, 200, 203, 206, 209, 300, 303, 306, 309}));
}

TEST(RankLayout, VocabularyIsPaddedWithZeroRows) {
  EXPECT_EQ(columnOf(Layout::plan, 2, 0, "lm_head.weight"), (Column{0, 3, 6}));
  EXPECT_EQ(columnOf(Layout::plan, 2, 1, "lm_head.weight"), (Column{9, 12, -1}));
}

TEST(RankLayout, GateAndUpAreSplitEach) {
  EXPECT_EQ(columnOf(Layout::megatron, 2, 1, "decoder.layers.0.mlp.linear_fc1.weight"),
            (Column{6, 9, 6, 9})); // rows 2 and 3 of gate_proj, then of up_proj
}

TEST(RankLayout, RanksAndTheirShares) {
  EXPECT_EQ(distinctRanks(mesh(1)), 1);
  EXPECT_EQ(distinctRanks(mesh(2, 4)), 4);
  EXPECT_EQ(distinctRanks(mesh(8, 8)), 8);
  EXPECT_EQ(distinctRanks(mesh(4, 3, 2)), 12);
  // Experts of [8, 24, 64]: rank 5 of ep 4, etp 2 is ep rank 2, etp rank 1.
  const TensorMap map = mapOf(goldenDirectory());
  const std::string name = "model.layers.2.moe.gate_up_proj.weight";
  for (const LocalTensor &local : localTensors(map, Layout::plan, mesh(1, 4, 2), 5))
    if (local.name == name) {
      EXPECT_EQ(local.shape, (std::vector<int64_t>{2, 24, 64}));
      EXPECT_EQ(local.slices.front().from, (4 * 24 + 12) * 64);
    }
}

TEST(RankLayout, RefusesUnevenMeshes) {
  const TensorMap map = mapOf(goldenDirectory());
  expectError([&] { checkMesh(map, mesh(4)); },
              {"model.layers.0.self_attn.q_proj.weight", "attention groups", "tp 4"});
  expectError([&] { checkMesh(map, mesh(1, 3)); },
              {"model.layers.2.moe.gate_proj.weight", "8 experts", "ep 3"});
  expectError([&] { checkMesh(map, mesh(1, 1, 5)); }, {"24 rows", "etp 5"});
}

} // namespace step37::test
