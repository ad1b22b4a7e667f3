// Reads a config.json: which model it is, its scalar fields, and what it asks for that nobody
// computes here. Per-layer fields, RoPE and vision have files of their own (ConfigParts.h); JSON
// and ranges are ConfigReader.h.
#include "frontend/config/ModelConfig.h"

#include "frontend/config/ConfigParts.h"
#include "frontend/config/ConfigReader.h"
#include "frontend/config/Inventory.h"
#include "runtime/base/MappedFile.h"

namespace step37 {

using config::Document;
using config::Field;
using config::maxSize;

namespace {

constexpr int64_t defaultMaxPositions = 262144;
constexpr int64_t defaultSharedExpertDim = 1280;
constexpr int64_t defaultImageToken = 128001;
constexpr double maxParameters = 1e15; // keeps every product of sizes within 64 bits

/// "step3p5" or "step3p7". Older step3p7 checkpoints say step3p5v; a config without the field is
/// told by whether it nests a text_config.
std::string readModelType(const Field &root) {
  auto field = root.find({"model_type"});
  if (!field)
    return root.find({"text_config"}) ? multimodalType : languageType;
  const std::string type = field->oneOf({languageType, multimodalType, olderMultimodalType});
  return type == olderMultimodalType ? multimodalType : type;
}

DType readType(const Field &root, const Field &text) {
  auto field = text.find({"torch_dtype", "dtype"});
  if (!field)
    field = root.find({"torch_dtype", "dtype"});
  if (!field)
    return DType::bf16;
  const std::string type = field->oneOf({"bfloat16", "float32", "float16"});
  return type == "bfloat16" ? DType::bf16 : type == "float32" ? DType::f32 : DType::f16;
}

/// Features that would change the result and that this project does not compute. zero_centered is
/// not among them: the published code adds one to norm weights whatever it says (B.1).
void refuseUnsupported(const Field &root, const Field &text) {
  for (const char *name : {"sink", "attention_bias", "mlp_bias", "use_mfa"})
    if (auto field = text.find({name}); field && field->flag())
      field->fail("is not supported; accepted: false");
  for (const Field *object : {&root, &text})
    if (auto field = object->find({"tie_word_embeddings"}); field && field->flag())
      field->fail("tied embeddings are not supported; accepted: false");
  for (const char *name : {"attention_dropout", "hidden_dropout", "dropout", "embd_pdrop",
                           "resid_pdrop", "attn_pdrop"})
    if (auto field = text.find({name}); field && field->number(0, 1) != 0)
      field->fail("dropout is not supported; accepted: 0");
  if (auto field = text.find({"hidden_act"}))
    field->oneOf({"silu"});
  if (auto field = text.find({"att_impl_type"}))
    field->oneOf({"GQA"});
  if (auto field = text.find({"zero_centered"}))
    field->flag();
  if (auto field = text.find({"query_pre_attn_scalar"});
      field && field->positive() != static_cast<double>(text.require({"head_dim"}).size()))
    field->fail("is not supported unless equal to head_dim");
}

void readMoe(const Field &text, ModelConfig &config) {
  config.experts =
      text.require({"moe_num_experts", "n_routed_experts", "num_local_experts"}).size();
  config.top_k = text.require({"moe_top_k", "num_experts_per_tok"}).size();
  config.moe_intermediate = text.require({"moe_intermediate_size"}).size();
  if (config.top_k > config.experts)
    text.require({"moe_top_k", "num_experts_per_tok"})
        .fail("is " + std::to_string(config.top_k) + ", more than the " +
              std::to_string(config.experts) + " experts");
  auto shared = text.find({"share_expert_dim", "share_expert_dims"});
  config.shared_intermediate = shared ? shared->integer(0, maxSize) : defaultSharedExpertDim;
  if (auto field = text.find({"use_moe_router_bias"}))
    config.router_bias = field->flag();
  if (auto field = text.find({"moe_router_activation"}))
    config.router_softmax = field->oneOf({"sigmoid", "softmax"}) == "softmax";
  if (auto field = text.find({"norm_expert_weight"}))
    config.norm_expert_weight = field->flag();
  if (auto field = text.find({"moe_router_scaling_factor"}))
    config.router_scale = field->positive();
}

void readTokens(const Field &root, const Field &text, ModelConfig &config) {
  auto find = [&](std::string_view name) {
    auto field = text.find({name});
    return field ? field : root.find({name});
  };
  if (auto eos = find("eos_token_id"))
    for (const Field &token : eos->isList() ? eos->list() : std::vector<Field>{*eos})
      config.eos_tokens.push_back(token.integer(0, maxSize));
  // Some configs say -1 for none.
  if (auto bos = find("bos_token_id"))
    config.bos_token = bos->integer(-1, maxSize);
  if (auto pad = find("pad_token_id"))
    config.pad_token = pad->integer(-1, maxSize);
}

void readText(const Field &root, const Field &text, ModelConfig &config) {
  if (auto field = text.find({"model_type"}); field && config.isMultimodal())
    field->oneOf({languageType});
  refuseUnsupported(root, text);
  config.type = readType(root, text);
  config.hidden = text.require({"hidden_size"}).size();
  config.intermediate = text.require({"intermediate_size"}).size();
  config.vocab = text.require({"vocab_size"}).size();
  auto positions = text.find({"max_position_embeddings"});
  if (!positions)
    positions = text.find({"max_seq_len"});
  config.max_positions = positions ? positions->size() : defaultMaxPositions;
  if (auto field = text.find({"rms_norm_eps"}))
    config.rms_norm_eps = field->positive();
  if (auto field = text.find({"use_qk_norm"}))
    config.use_qk_norm = field->flag();
  if (auto field = text.find({"use_head_wise_attn_gate"}))
    config.use_head_gate = field->flag();
  readTokens(root, text, config);

  config::readLayers(root, text, config);
  if (config.has_moe)
    readMoe(text, config);
}

/// The fields around text_config. A config without vision_config is a text model.
void readMultimodal(const Field &root, ModelConfig &config) {
  if (auto field = root.find({"vision_config"}))
    config.vision = config::readVision(*field);
  if (auto field = root.find({"projector_bias"}))
    config.projector_bias = field->flag();
  // The stride is in the shape of the computation, not of a tensor: another one would run wrong.
  if (auto field = root.find({"understand_projector_stride"}))
    field->integer(2, 2);
  auto token = root.find({"image_token_id"});
  config.image_token = token ? token->integer(0, maxSize) : defaultImageToken;
}

void checkTotal(const Field &root, const ModelConfig &config) {
  double total = 0;
  for (const PublishedTensor &tensor : inventory(config)) {
    double elements = 1;
    for (int64_t extent : tensor.shape)
      elements *= static_cast<double>(extent);
    total += elements;
    if (total > maxParameters)
      root.fail("describes a model of more than 10^15 parameters (up to " + tensor.name +
                "); check its sizes");
  }
}

} // namespace

ModelConfig parseModelConfig(std::string_view text, const std::string &origin) {
  const Document document(text, origin);
  const Field root = document.root();
  ModelConfig config;
  config.model_type = readModelType(root);
  const bool nested = config.isMultimodal();
  readText(root, nested ? root.require({"text_config"}) : root, config);
  if (nested)
    readMultimodal(root, config);
  checkTotal(root, config);
  return config;
}

LoadedConfig loadModelConfig(const std::filesystem::path &path) {
  std::error_code ignored;
  const std::filesystem::path file =
      std::filesystem::is_directory(path, ignored) ? path / "config.json" : path;
  LoadedConfig loaded;
  loaded.origin = file.string();
  loaded.config = parseModelConfig(MappedFile(file).text(), loaded.origin);
  return loaded;
}

} // namespace step37
