// Plans whose parameters are split as the plan layout cuts the published tensors, and plans that
// differ from it in one place.
#include "bridge/PartRuns.h"
#include "bridge/PlanFit.h"
#include "runtime/plan/Mesh.h"
#include "test/bridge/conversion_support.h"

#include <algorithm>

namespace step37::test {

/// A mesh and the axes over which its tensor parallelism, its experts and the inside of its experts
/// are split.
struct SplitMesh {
  plan::Mesh mesh;
  std::vector<std::string> tp, ep, etp;
};

plan::Split splitOf(const MappedTensor &tensor, const SplitMesh &axes) {
  switch (tensor.sharing) {
  case Sharing::replicated:
    return {};
  case Sharing::column:
  case Sharing::vocabulary:
    return {axes.tp, {}};
  case Sharing::row:
    return {{}, axes.tp};
  case Sharing::expertColumn:
    return {axes.ep, axes.etp, {}};
  case Sharing::expertRow:
    return {axes.ep, {}, axes.etp};
  }
  return {};
}

/// The plan whose parameters are the local tensors, as their slices on rank 0 say.
plan::Plan fittingPlan(const TensorMap &map, const SplitMesh &axes) {
  plan::Plan plan;
  plan.mesh = axes.mesh;
  plan::Target &target = plan.targets.emplace_back();
  target.name = "host";
  for (const LocalTensor &local : localTensors(map, Layout::plan, axes.mesh, 0)) {
    plan::Parameter &parameter = plan.parameters.emplace_back();
    parameter.name = parameter.buffer = local.name;
    target.buffers.emplace_back().name = local.name;
    target.buffers.back().shape = local.shape;
    for (const Slice &slice : local.slices) {
      const MappedTensor &tensor = map.tensors()[static_cast<size_t>(slice.tensor)];
      plan::Part &part = parameter.parts.emplace_back();
      part.name = tensor.published.name;
      part.shape = tensor.published.shape;
      part.split = splitOf(tensor, axes);
      int64_t held = 1;
      for (const int64_t size : plan::localShape(axes.mesh, part.shape, part.split))
        held *= size;
      part.blocks = slice.toStride == slice.block ? 1 : slice.blocks;
      part.block = held / part.blocks;
      part.begin = slice.to;
      part.stride = slice.toStride;
    }
  }
  return plan;
}

/// Two layers, the second with experts, all sizes small but none equal.
TensorMap smallModel() {
  ModelConfig config;
  config.model_type = "step3p5";
  config.hidden = 24;
  config.intermediate = 16;
  config.vocab = 13; // which no mesh divides
  LayerConfig layer;
  layer.heads = 8;
  layer.groups = 4;
  layer.head_dim = 2;
  config.layers = {layer, layer};
  config.layers[1].moe = true;
  config.experts = 8;
  config.moe_intermediate = 12;
  config.shared_intermediate = 20;
  return TensorMap(config);
}

const SplitMesh meshes[] = {
    {plan::makeMesh(1, 1, 1, 1), {}, {}, {}},
    {plan::makeMesh(1, 2, 1, 1), {"tp"}, {}, {}},
    {plan::makeMesh(2, 1, 2, 1), {}, {"dp"}, {}},
    {plan::makeMesh(2, 2, 4, 1), {"tp"}, {"dp", "tp"}, {}},
    {plan::makeMesh(4, 2, 4, 2), {"tp"}, {"dp"}, {"tp"}},
    {plan::makeMesh(2, 4, 2, 2), {"tp.0", "tp.1"}, {"tp.0"}, {"tp.1"}},
};

TEST(PlanFit, PlansThatAreCutAlike) {
  const TensorMap map = smallModel();
  for (const SplitMesh &axes : meshes)
    EXPECT_NO_THROW(checkPlanFits(fittingPlan(map, axes), map)) << plan::describe(axes.mesh);
}

TEST(PlanFit, PlansThatDiffer) {
  const TensorMap map = smallModel();
  const SplitMesh &axes = meshes[3];
  const auto partOf = [&](plan::Plan &plan, std::string_view name) -> plan::Part & {
    for (plan::Parameter &parameter : plan.parameters)
      for (plan::Part &part : parameter.parts)
        if (part.name == name)
          return part;
    throw Error("no part " + std::string(name));
  };
  const auto expectRefused = [&](const std::function<void(plan::Plan &)> &change,
                                 const std::vector<std::string> &words) {
    plan::Plan plan = fittingPlan(map, axes);
    change(plan);
    expectError([&] { checkPlanFits(plan, map); }, words);
  };
  const std::string down = "model.layers.0.mlp.down_proj.weight";
  expectRefused([&](plan::Plan &plan) { partOf(plan, down).split = {{"tp"}, {}}; },
                {down, "stands elsewhere in it on rank 0"});
  const std::string experts = "model.layers.1.moe.down_proj.weight";
  expectRefused([&](plan::Plan &plan) { partOf(plan, experts).split = {{"dp"}, {}, {"tp"}}; },
                {experts, "stands elsewhere in it on rank 0"});
  const std::string key = "model.layers.0.self_attn.k_proj.weight";
  expectRefused([&](plan::Plan &plan) { partOf(plan, key).begin += 1; },
                {key, "stands elsewhere in it on rank 0"});
  expectRefused([&](plan::Plan &plan) { partOf(plan, key).shape[0] *= 2; },
                {key, "has another shape"});
  expectRefused([&](plan::Plan &plan) { plan.parameters[0].name = "other"; },
                {"the plan's parameter other", "no such tensor"});
  expectRefused([&](plan::Plan &plan) { plan.targets[0].buffers[0].shape[0] += 1; },
                {plan::Plan(fittingPlan(map, axes)).parameters[0].name, "other elements"});
}

/// What only the second rank has otherwise: the first one's split would be the same.
TEST(PlanFit, EveryRankIsCompared) {
  const TensorMap map = smallModel();
  SplitMesh axes{plan::makeMesh(2, 2, 2, 1), {"tp"}, {"tp"}, {}};
  plan::Plan plan = fittingPlan(map, axes);
  EXPECT_NO_THROW(checkPlanFits(plan, map));
  for (plan::Parameter &parameter : plan.parameters)
    for (plan::Part &part : parameter.parts)
      if (part.name == "model.layers.1.moe.down_proj.weight")
        part.split = {{"dp"}, {}, {}};
  expectError([&] { checkPlanFits(plan, map); },
              {"model.layers.1.moe.down_proj.weight", "on rank 1"});
}

} // namespace step37::test
