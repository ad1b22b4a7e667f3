#include "frontend/DecoderBuilder.h"

#include "frontend/RopeFrequencies.h"

#include <cmath>

using namespace mlir;

namespace step37 {

std::string layerPath(int64_t index) { return "model.layers." + std::to_string(index); }

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

Value DecoderBuilder::embed(Value ids) {
  build.setPath("model.embed_tokens");
  return ir::EmbeddingOp::create(build.ops(), build.location(),
                                 build.tensor({tokens, config.hidden}), ids,
                                 build.parameter("weight"));
}

Value DecoderBuilder::layer(Value x, int64_t index, const LayerConfig &layer) {
  std::string path = layerPath(index);
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
  return build.add(addends);
}

Value DecoderBuilder::layers(Value x) {
  for (auto [index, config] : llvm::enumerate(config.layers))
    x = layer(x, int64_t(index), config);
  return x;
}

Value DecoderBuilder::finalNorm(Value x) {
  build.setPath("model");
  return build.rmsNorm(x, "norm", config.rms_norm_eps);
}

Targets DecoderBuilder::targets(int64_t by) {
  auto shifted = ir::ShiftLabelsOp::create(build.ops(), build.location(), build.i32({tokens}),
                                           build.f32({tokens}), build.argument("input_ids"),
                                           build.argument("loss_mask"),
                                           build.argument("document_start"), options.seqLen, by);
  return {shifted.getLabels(), shifted.getWeights()};
}

HeadLoss DecoderBuilder::loss(Value hidden, const Twine &head, const Targets &targets) {
  build.setPath(head);
  auto loss =
      ir::LmLossOp::create(build.ops(), build.location(), build.f32({1}), build.f32({tokens}),
                           hidden, build.parameter("weight"), targets.labels, targets.weights);
  return {loss.getLossSum(), loss.getTokenLoss()};
}

} // namespace step37
