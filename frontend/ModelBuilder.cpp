// The decoder of Step-3.5, layer by layer (spec/model.md, section B).
#include "frontend/ModelBuilder.h"

#include "frontend/ModuleBuilder.h"
#include "frontend/RopeFrequencies.h"

#include <cmath>

using namespace mlir;

namespace step37 {
namespace {

// Elements of the block of logits that a probe reads at a time.
constexpr int64_t logitsBlockElements = 1 << 22;

class DecoderBuilder {
public:
  DecoderBuilder(ModuleBuilder &build, const ModelConfig &config, const FrontendOptions &options)
      : build(build), config(config), options(options),
        tokens(options.batches * options.microBatch * options.seqLen) {}

  /// Token ids to the residual stream after the last layer.
  Value decoder();
  /// The final norm.
  Value finalNorm(Value stream) {
    build.setPath("model");
    return build.rmsNorm(stream, "norm", config.rms_norm_eps);
  }
  /// Loss of predicting the token `by` positions on: (loss_sum, token_loss).
  std::pair<Value, Value> loss(Value hidden, int64_t by);

private:
  Value attention(Value x, const LayerConfig &layer);
  Value denseMlp(Value x, double limit);
  Value experts(Value x, const LayerConfig &layer);
  Value swiglu(Value gate, Value up, double limit);
  Value ropeTable(const LayerConfig &layer);

  ModuleBuilder &build;
  const ModelConfig &config;
  const FrontendOptions &options;
  int64_t tokens;
  std::vector<std::pair<std::vector<double>, Value>> tables; // one for each set of frequencies
};

Value DecoderBuilder::ropeTable(const LayerConfig &layer) {
  if (!layer.use_rope || layer.rotary_dim == 0)
    return Value();
  std::vector<double> frequencies =
      ropeFrequencies(layer, options.switches.word("rope_scaling") == "on");
  for (const auto &[known, table] : tables)
    if (known == frequencies)
      return table;
  Value table = ir::RopeTableOp::create(build.ops(), build.location(),
                                        build.f32({options.seqLen, layer.rotary_dim}), frequencies);
  tables.emplace_back(frequencies, table);
  return table;
}

Value DecoderBuilder::attention(Value x, const LayerConfig &layer) {
  Value table = ropeTable(layer);
  Value q = build.linear(x, "q_proj"), k = build.linear(x, "k_proj"), v = build.linear(x, "v_proj");
  Value gate = config.use_head_gate ? build.linear(x, "g_proj") : Value();
  Value qWeight, kWeight;
  Type inverseRms;
  if (config.use_qk_norm) {
    qWeight = build.parameter("q_norm.weight");
    kWeight = build.parameter("k_norm.weight");
    inverseRms = build.f32({tokens, layer.heads + layer.groups});
  }
  OpBuilder &ops = build.ops();
  Value documentStart = build.argument("document_start");
  // With neither norm nor rotation the operation is the identity. It stays, so that attention never
  // reads a slice of the packed projections.
  auto rotated = ir::QkNormRopeOp::create(
      ops, build.location(), q.getType(), k.getType(), inverseRms, q, k, qWeight, kWeight, table,
      documentStart, options.seqLen, layer.head_dim, llvm::APFloat(config.rms_norm_eps));
  q = rotated.getQOut();
  k = rotated.getKOut();
  int64_t window = layer.sliding ? options.switches.integerOr("window_keys", layer.window) : 0;
  auto attended =
      ir::AttentionOp::create(ops, build.location(), q.getType(), build.f32({tokens, layer.heads}),
                              q, k, v, gate, documentStart, options.seqLen, layer.head_dim, window,
                              llvm::APFloat(1.0 / std::sqrt(double(layer.head_dim))));
  return build.linear(attended.getOut(), "o_proj");
}

Value DecoderBuilder::swiglu(Value gate, Value up, double limit) {
  bool after = options.switches.word("clamp_position") == "after_silu";
  return ir::SwigluOp::create(build.ops(), build.location(), gate.getType(), gate, up,
                              llvm::APFloat(limit),
                              after ? ir::ClampPosition::AfterSilu : ir::ClampPosition::BeforeSilu);
}

Value DecoderBuilder::denseMlp(Value x, double limit) {
  Value gate = build.linear(x, "gate_proj"), up = build.linear(x, "up_proj");
  return build.linear(swiglu(gate, up, limit), "down_proj");
}

Value DecoderBuilder::experts(Value x, const LayerConfig &layer) {
  OpBuilder &ops = build.ops();
  int64_t rows = tokens * config.top_k;
  Value bias = config.router_bias ? build.parameter("router_bias") : Value();
  Value logits = build.linear(x, "gate", /*wide=*/true);
  Type perSlot = build.f32({tokens, config.top_k});
  auto routed = ir::RouteOp::create(
      ops, build.location(), perSlot, build.i32({tokens, config.top_k}), perSlot, logits, bias,
      llvm::APFloat(config.router_scale), config.norm_expert_weight, config.router_softmax);
  auto sorted =
      ir::SortByExpertOp::create(ops, build.location(), build.i32({config.experts + 1}),
                                 build.i32({rows}), build.i32({rows}), routed.getChosen());
  Value dispatched =
      ir::DispatchOp::create(ops, build.location(), build.tensor({rows, config.hidden}), x,
                             sorted.getRowSlot(), sorted.getSlotRow());
  auto product = [&](Value input, StringRef name, int64_t cols) -> Value {
    return ir::GroupedMatmulOp::create(ops, build.location(), build.tensor({rows, cols}), input,
                                       build.parameter(name + ".weight"), sorted.getOffsets(),
                                       true);
  };
  Value gate = product(dispatched, "gate_proj", config.moe_intermediate);
  Value up = product(dispatched, "up_proj", config.moe_intermediate);
  Value down = product(swiglu(gate, up, layer.swiglu_limit), "down_proj", config.hidden);
  return ir::CombineOp::create(ops, build.location(), x.getType(), down, sorted.getRowSlot(),
                               sorted.getSlotRow(), routed.getWeights());
}

Value DecoderBuilder::decoder() {
  build.setPath("model.embed_tokens");
  Value x =
      ir::EmbeddingOp::create(build.ops(), build.location(), build.tensor({tokens, config.hidden}),
                              build.argument("input_ids"), build.parameter("weight"));
  for (auto [index, layer] : llvm::enumerate(config.layers)) {
    std::string path = "model.layers." + std::to_string(index);
    build.setPath(path);
    Value normed = build.rmsNorm(x, "input_layernorm", config.rms_norm_eps);
    build.setPath(path + ".self_attn");
    Value attended = attention(normed, layer);
    build.setPath(path);
    x = build.add({x, attended});
    normed = build.rmsNorm(x, "post_attention_layernorm", config.rms_norm_eps);
    SmallVector<Value> addends = {x};
    if (layer.moe) {
      build.setPath(path + ".moe");
      addends.push_back(experts(normed, layer));
      if (config.shared_intermediate) {
        build.setPath(path + ".share_expert");
        addends.push_back(denseMlp(normed, layer.swiglu_limit_shared));
      }
    } else {
      build.setPath(path + ".mlp");
      addends.push_back(denseMlp(normed, layer.swiglu_limit_shared));
    }
    build.setPath(path);
    x = build.add(addends);
  }
  return x;
}

std::pair<Value, Value> DecoderBuilder::loss(Value hidden, int64_t by) {
  build.setPath("lm_head");
  Type perToken = build.f32({tokens});
  auto labels = ir::ShiftLabelsOp::create(
      build.ops(), build.location(), build.i32({tokens}), perToken, build.argument("input_ids"),
      build.argument("loss_mask"), build.argument("document_start"), options.seqLen, by);
  auto loss =
      ir::LmLossOp::create(build.ops(), build.location(), build.f32({1}), perToken, hidden,
                           build.parameter("weight"), labels.getLabels(), labels.getWeights());
  return {loss.getLossSum(), loss.getTokenLoss()};
}

/// The parameter that this one shares a buffer with on a rank, or "".
std::string packOf(StringRef name) {
  for (StringRef sibling : {"q_proj", "k_proj", "v_proj", "g_proj"})
    if (name.ends_with(("self_attn." + sibling + ".weight").str()))
      return (name.drop_back(sibling.size() + 7) + "qkvg_proj.weight").str();
  for (StringRef sibling : {"gate_proj", "up_proj"})
    if (name.ends_with(("." + sibling + ".weight").str()))
      return (name.drop_back(sibling.size() + 7) + "gate_up_proj.weight").str();
  return "";
}

} // namespace

OwningOpRef<ModuleOp> buildModel(MLIRContext &context, const ModelConfig &config,
                                 const FrontendOptions &options) {
  context.loadDialect<ir::Step37Dialect, func::FuncDialect, tensor::TensorDialect>();
  ModuleBuilder build(context, options.type);
  for (const PublishedTensor &tensor : inventory(config)) {
    if (tensor.group == TensorGroup::text)
      build.addParameter(tensor, packOf(tensor.name));
    else
      build.addCarried(tensor);
  }

  int64_t batchTokens = options.microBatch * options.seqLen, tokens = options.batches * batchTokens;
  Type scalar = build.f32({1});
  SmallVector<ProgramArgument> arguments = {{"input_ids", "input", build.i32({tokens})},
                                            {"loss_mask", "input", build.f32({tokens})},
                                            {"document_start", "input", build.i32({tokens})}};
  if (options.eval) {
    build.beginProgram("eval", arguments);
    DecoderBuilder decoder(build, config, options);
    Value hidden = decoder.finalNorm(decoder.decoder());
    ir::WriteOp::create(build.ops(), build.location(), "final_hidden", hidden);
    auto [lossSum, tokenLoss] = decoder.loss(hidden, 1);
    build.endProgram({{"loss_sum", lossSum}, {"token_loss", tokenLoss}});

    build.setPath("model.norm");
    ir::StateOp::create(build.ops(), build.location(), "final_hidden",
                        cast<RankedTensorType>(hidden.getType()), ir::StateRole::Activation,
                        FlatSymbolRefAttr(), ArrayAttr());
    build.beginProgram("logits", {{"chunk", "scalar", build.i32({1})}});
    build.setPath("");
    // A block of every batch: each is read by itself.
    int64_t rows =
        options.batches * std::clamp<int64_t>(logitsBlockElements / config.vocab, 1, batchTokens);
    Value final =
        ir::ReadOp::create(build.ops(), build.location(), hidden.getType(), "final_hidden");
    build.setPath("lm_head");
    Value block =
        ir::TakeRowsOp::create(build.ops(), build.location(), build.tensor({rows, config.hidden}),
                               final, build.argument("chunk"), options.batches);
    build.setPath("");
    Value logits = build.linear(block, "lm_head", /*wide=*/true);
    build.endProgram({{"logits", logits}});
  }
  if (options.train) {
    arguments.push_back({"loss_scale", "scalar", scalar});
    arguments.push_back({"accumulate_beta", "scalar", scalar});
    build.beginProgram("accumulate", arguments);
    DecoderBuilder decoder(build, config, options);
    auto [lossSum, tokenLoss] = decoder.loss(decoder.finalNorm(decoder.decoder()), 1);
    ir::ObjectiveOp::create(build.ops(), build.location(), ValueRange{lossSum},
                            ValueRange{build.argument("loss_scale")},
                            build.argument("accumulate_beta"));
    build.endProgram({{"loss_sum", lossSum}});
  }
  return build.take();
}

} // namespace step37
