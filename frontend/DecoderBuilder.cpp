#include "frontend/DecoderBuilder.h"

#include "frontend/RopeFrequencies.h"
#include "runtime/plan/Names.h"

#include <cmath>

using namespace mlir;

namespace step37 {

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

Value DecoderBuilder::attention(Value x, int64_t index, const LayerConfig &layer) {
  const TensorAt qProj(TensorId::qProj, index);
  build.setPath(qProj.parent());
  Value table = ropeTable(layer);
  Value q = build.linear(x, qProj), k = build.linear(x, {TensorId::kProj, index}),
        v = build.linear(x, {TensorId::vProj, index});
  Value gate = config.use_head_gate ? build.linear(x, {TensorId::gProj, index}) : Value();
  Value qWeight, kWeight;
  Type inverseRms;
  if (config.use_qk_norm) {
    qWeight = build.parameter({TensorId::qNorm, index});
    kWeight = build.parameter({TensorId::kNorm, index});
    inverseRms = build.f32({tokens, layer.heads + layer.groups});
  }
  OpBuilder &ops = build.ops();
  Value documentStart = build.argument(plan::names::documentStart);
  // With neither norm nor rotation the operation is the identity. It stays, so that attention never
  // reads a slice of the packed projections.
  auto rotated = ir::QkNormRopeOp::create(
      ops, build.location(), q.getType(), k.getType(), inverseRms, q, k, qWeight, kWeight, table,
      documentStart, options.seqLen, layer.head_dim, llvm::APFloat(config.rms_norm_eps),
      llvm::APFloat(normWeightOffset));
  q = rotated.getQOut();
  k = rotated.getKOut();
  int64_t window = layer.sliding ? options.switches.integerOr("window_keys", layer.window) : 0;
  auto attended =
      ir::AttentionOp::create(ops, build.location(), q.getType(), build.f32({tokens, layer.heads}),
                              q, k, v, gate, documentStart, options.seqLen, layer.head_dim, window,
                              llvm::APFloat(1.0 / std::sqrt(double(layer.head_dim))));
  return build.linear(attended.getOut(), {TensorId::oProj, index});
}

Value DecoderBuilder::swiglu(Value gate, Value up, double limit) {
  bool after = options.switches.word("clamp_position") == "after_silu";
  return ir::SwigluOp::create(build.ops(), build.location(), gate.getType(), gate, up,
                              llvm::APFloat(limit),
                              after ? ir::ClampPosition::AfterSilu : ir::ClampPosition::BeforeSilu);
}

Value DecoderBuilder::denseMlp(Value x, const MlpTensors &mlp, double limit) {
  build.setPath(mlp.gate.parent());
  Value gate = build.linear(x, mlp.gate), up = build.linear(x, mlp.up);
  return build.linear(swiglu(gate, up, limit), mlp.down);
}

Value DecoderBuilder::experts(Value x, int64_t index, const LayerConfig &layer) {
  const TensorAt router(TensorId::router, index);
  build.setPath(router.parent());
  OpBuilder &ops = build.ops();
  int64_t rows = tokens * config.top_k;
  Value bias = config.router_bias ? build.parameter({TensorId::routerBias, index}) : Value();
  Value logits = build.linear(x, router, /*wide=*/true);
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
  auto product = [&](Value input, TensorId weight, int64_t cols) -> Value {
    return ir::GroupedMatmulOp::create(ops, build.location(), build.tensor({rows, cols}), input,
                                       build.parameter({weight, index}), sorted.getOffsets(), true);
  };
  Value gate = product(dispatched, TensorId::expertGateProj, config.moe_intermediate);
  Value up = product(dispatched, TensorId::expertUpProj, config.moe_intermediate);
  Value down =
      product(swiglu(gate, up, layer.swiglu_limit), TensorId::expertDownProj, config.hidden);
  return ir::CombineOp::create(ops, build.location(), x.getType(), down, sorted.getRowSlot(),
                               sorted.getSlotRow(), routed.getWeights());
}

Value DecoderBuilder::embed(Value ids) {
  const TensorAt table = TensorId::embedTokens;
  build.setPath(table.module());
  return ir::EmbeddingOp::create(build.ops(), build.location(),
                                 build.tensor({tokens, config.hidden}), ids,
                                 build.parameter(table));
}

Value DecoderBuilder::layer(Value x, int64_t index, const LayerConfig &layer) {
  const TensorAt inputNorm(TensorId::inputNorm, index);
  const std::string path = inputNorm.parent();
  build.setPath(path);
  Value normed = build.rmsNorm(x, inputNorm, config.rms_norm_eps);
  Value attended = attention(normed, index, layer);
  build.setPath(path);
  x = build.add({x, attended});
  normed = build.rmsNorm(x, {TensorId::postAttentionNorm, index}, config.rms_norm_eps);
  SmallVector<Value> addends = {x};
  if (layer.moe) {
    const MlpTensors shared{{TensorId::sharedGateProj, index},
                            {TensorId::sharedUpProj, index},
                            {TensorId::sharedDownProj, index}};
    addends.push_back(experts(normed, index, layer));
    if (config.shared_intermediate)
      addends.push_back(denseMlp(normed, shared, layer.swiglu_limit_shared));
  } else {
    const MlpTensors mlp{{TensorId::mlpGateProj, index},
                         {TensorId::mlpUpProj, index},
                         {TensorId::mlpDownProj, index}};
    addends.push_back(denseMlp(normed, mlp, layer.swiglu_limit_shared));
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
  const TensorAt norm = TensorId::finalNorm;
  build.setPath(norm.parent());
  return build.rmsNorm(x, norm, config.rms_norm_eps);
}

Targets DecoderBuilder::targets(int64_t by) {
  auto shifted = ir::ShiftLabelsOp::create(
      build.ops(), build.location(), build.i32({tokens}), build.f32({tokens}),
      build.argument(plan::names::inputIds), build.argument(plan::names::lossMask),
      build.argument(plan::names::documentStart), options.seqLen, by);
  return {shifted.getLabels(), shifted.getWeights()};
}

HeadLoss DecoderBuilder::loss(Value hidden, const TensorAt &head, const Targets &targets) {
  build.setPath(head.module());
  auto loss =
      ir::LmLossOp::create(build.ops(), build.location(), build.f32({1}), build.f32({tokens}),
                           hidden, build.parameter(head), targets.labels, targets.weights);
  return {loss.getLossSum(), loss.getTokenLoss()};
}

} // namespace step37
