// The published tensors: totals of the real models, and the golden checkpoint name by name.
#include "frontend/config/Inventory.h"
#include "runtime/base/Safetensors.h"
#include "test/frontend/config_support.h"

#include <algorithm>
#include <map>
#include <set>

namespace step37::test {

struct Totals {
  size_t tensors = 0;
  int64_t parameters = 0, bytes = 0;
};

Totals totalsOf(const std::vector<PublishedTensor> &tensors) {
  Totals totals;
  for (const PublishedTensor &tensor : tensors) {
    ++totals.tensors;
    totals.parameters += elementCount(tensor);
    totals.bytes += elementCount(tensor) * byteSize(tensor.type);
  }
  return totals;
}

TEST(Inventory, Step35Flash) {
  const auto tensors = inventory(parse(readConfig("configs/step35-flash.json")));
  const Totals totals = totalsOf(tensors);
  EXPECT_EQ(totals.tensors, 804u);
  EXPECT_EQ(totals.parameters, 199'384'301'376);
  EXPECT_EQ(totals.bytes, 398'768'626'944);
  std::vector<PublishedTensor> mtp;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(mtp),
               [](const PublishedTensor &tensor) { return tensor.group == TensorGroup::mtp; });
  EXPECT_EQ(totalsOf(mtp).parameters, 2'428'171'008);
  EXPECT_EQ(mtp.front().name, "model.layers.45.input_layernorm.weight");
}

TEST(Inventory, Step37Flash) {
  const auto tensors = inventory(parse(readConfig("configs/step37-flash.json")));
  EXPECT_EQ(totalsOf(tensors).tensors, 1471u);
  EXPECT_EQ(totalsOf(tensors).parameters, 201'365'316'160);
  std::map<TensorGroup, int64_t> parameters;
  for (const PublishedTensor &tensor : tensors)
    parameters[tensor.group] += elementCount(tensor);
  EXPECT_EQ(parameters[TensorGroup::vision], 1'955'848'960);
  EXPECT_EQ(parameters[TensorGroup::projector], 25'165'824);
}

TEST(Inventory, OrderIsTheCheckpoints) {
  const auto tensors = inventory(parse(readConfig("step37-tiny/config.json")));
  EXPECT_EQ(tensors.front().name, "model.embed_tokens.weight");
  EXPECT_EQ(tensors.back().name, "vit_large_projector.weight");
  std::vector<TensorGroup> groups;
  for (const PublishedTensor &tensor : tensors)
    if (groups.empty() || groups.back() != tensor.group)
      groups.push_back(tensor.group);
  EXPECT_EQ(groups,
            (std::vector<TensorGroup>{TensorGroup::text, TensorGroup::mtp, TensorGroup::text,
                                      TensorGroup::vision, TensorGroup::projector}));
}

TEST(Inventory, IsTheGoldenCheckpoint) {
  const safetensors::File file(dataDirectory() / "step37-tiny/model.safetensors");
  const auto tensors = inventory(parse(readConfig("step37-tiny/config.json")));
  EXPECT_EQ(tensors.size(), 166u);
  EXPECT_EQ(tensors.size(), file.tensors().size());
  std::set<std::string> names;
  for (const PublishedTensor &tensor : tensors) {
    const safetensors::Tensor *stored = file.find(tensor.name);
    ASSERT_NE(stored, nullptr) << tensor.name;
    EXPECT_EQ(stored->shape, tensor.shape) << tensor.name;
    EXPECT_EQ(file.type(*stored), tensor.type) << tensor.name;
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
  }
}

TEST(TensorTable, EveryTensorIsDeclared) {
  std::map<TensorId, std::set<std::string_view>> names;
  for (TensorOwner owner : tensorOwners)
    for (const TensorRule &rule : rulesOf(owner)) {
      names[rule.id].insert(rule.name);
      EXPECT_EQ(TensorAt(rule.id, 7).name(), numbered(rule.name, 7));
    }
  EXPECT_EQ(names.size(), static_cast<size_t>(TensorId::projectorBias) + 1);
  for (const auto &[id, spellings] : names)
    EXPECT_EQ(spellings.size(), 1u) << *spellings.begin();
}

TEST(TensorTable, ModulesOfATensor) {
  const TensorAt tensor(TensorId::qProj, 3);
  EXPECT_EQ(tensor.name(), "model.layers.3.self_attn.q_proj.weight");
  EXPECT_EQ(tensor.module(), "model.layers.3.self_attn.q_proj");
  EXPECT_EQ(tensor.parent(), "model.layers.3.self_attn");
  EXPECT_EQ(TensorAt(TensorId::lmHead).module(), "lm_head");
}

TEST(Inventory, DimensionsThatMeshesSplit) {
  std::map<TensorId, std::vector<std::string_view>> dims;
  for (const PublishedTensor &tensor : inventory(parse(readConfig("step37-tiny/config.json"))))
    dims[tensor.rule->id] = logicalDims(tensor);
  using Dims = std::vector<std::string_view>;
  EXPECT_EQ(dims[TensorId::lmHead], (Dims{"vocab", ""}));
  EXPECT_EQ(dims[TensorId::gProj], (Dims{"head", ""}));
  EXPECT_EQ(dims[TensorId::oProj], (Dims{"", "head"}));
  EXPECT_EQ(dims[TensorId::expertUpProj], (Dims{"expert", "expert_ffn", ""}));
  EXPECT_EQ(dims[TensorId::expertDownProj], (Dims{"expert", "", "expert_ffn"}));
  EXPECT_EQ(dims[TensorId::sharedDownProj], (Dims{"", "ffn"}));
  for (TensorId id : {TensorId::router, TensorId::ehProj, TensorId::finalNorm, TensorId::conv1})
    EXPECT_EQ(dims[id], Dims{});
}

TEST(Inventory, OptionalTensors) {
  nlohmann::json config = readConfig("step37-tiny/config.json");
  config["text_config"]["use_qk_norm"] = false;             // 2 in each of 8 layers
  config["text_config"]["use_head_wise_attn_gate"] = false; // 1 in each of 8 layers
  config["text_config"]["use_moe_router_bias"] = false;     // 1 in each of 4 MoE layers
  config["text_config"]["share_expert_dim"] = 0;            // 3 in each of 4 MoE layers
  config["vision_config"]["use_ln_pre"] = false;            // 2
  config["vision_config"]["use_abs_posemb"] = false;        // 1
  EXPECT_EQ(inventory(parse(config)).size(), 166u - 16 - 8 - 4 - 12 - 2 - 1);
  config["vision_config"]["use_cls_token"] = true;  // 1
  config["vision_config"]["use_ln_post"] = true;    // 2
  config["vision_config"]["use_abs_posemb"] = true; // 1, with a row for the class token
  config["projector_bias"] = true;                  // 1
  const auto tensors = inventory(parse(config));
  EXPECT_EQ(tensors.size(), 166u - 16 - 8 - 4 - 12 - 2 - 1 + 5);
  for (const PublishedTensor &tensor : tensors) {
    if (tensor.name == "vision_model.positional_embedding") {
      EXPECT_EQ(tensor.shape, (std::vector<int64_t>{65, 32}));
    }
  }
}

} // namespace step37::test
