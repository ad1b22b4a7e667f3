// Compiled float32 plans of many small models against the reference in double precision: logits,
// loss, and gradients by central differences.
#include "test/golden/ReferenceChecks.h"

namespace step37::test {
namespace {

struct Case {
  std::string name;
  TinyModel model;
  int64_t length = 33, rows = 1;
  Arguments options = {};             // of step37c compile
  std::optional<TinyModel> runs = {}; // what the options make of the model
  bool documents = false;
};

void PrintTo(const Case &param, std::ostream *out) { *out << param.name; }

TinyModel edited(void (*edit)(TinyModel &)) {
  TinyModel model;
  edit(model);
  return model;
}

TinyModel heads(int64_t full, int64_t sliding, int64_t groups, int64_t dim) {
  TinyModel model;
  model.fullHeads = full;
  model.slidingHeads = sliding;
  model.groups = groups;
  model.headDim = dim;
  return model;
}

TinyModel withWindow(int64_t window) {
  TinyModel model;
  model.window = window;
  return model;
}

TinyModel withExperts(int64_t experts, int64_t topK) {
  TinyModel model;
  model.experts = experts;
  model.topK = topK;
  return model;
}

/// Every layer rotates this part of each head, full ones with frequencies that smoothing changes.
TinyModel withRope(double rotated, int64_t dim) {
  TinyModel model;
  model.headDim = dim;
  model.scaling = TinyScaling();
  for (TinyLayer &layer : model.layers)
    layer.rotated = rotated;
  return model;
}

void setLimits(TinyModel &model, double limit) {
  for (TinyLayer &layer : model.layers)
    layer.limit = layer.sharedLimit = limit;
}

void setMoe(TinyModel &model, bool moe) {
  for (TinyLayer &layer : model.layers)
    layer.moe = moe;
}

std::vector<Case> cases() {
  std::vector<Case> all{
      {"plain", TinyModel()},
      {"heads1of1", heads(1, 1, 1, 8)},
      {"heads12of1", heads(12, 12, 1, 8)},
      {"heads6of3", heads(6, 9, 3, 8)},
      {"headDim24", withRope(0.25, 24)},
      {"headDim128", heads(2, 4, 2, 128)},
      {"window1", withWindow(1)},
      {"window32", withWindow(32)},
      {"windowBeyondTheRow", withWindow(100)},
      {"expert1", withExperts(1, 1)},
      {"experts16of16", withExperts(16, 16)},
      {"experts5of16", withExperts(16, 5)},
      {"noExperts", edited([](TinyModel &m) { setMoe(m, false); })},
      {"expertsEverywhere", edited([](TinyModel &m) { setMoe(m, true); })},
      {"noSharedExpert", edited([](TinyModel &m) { m.sharedWidth = 0; })},
      {"noRouterBias", edited([](TinyModel &m) { m.routerBias = false; })},
      {"noQkNorm", edited([](TinyModel &m) { m.qkNorm = false; })},
      {"noHeadGate", edited([](TinyModel &m) { m.headGate = false; })},
      {"tightClamps", edited([](TinyModel &m) { setLimits(m, 0.1); })},
      {"noClamps", edited([](TinyModel &m) { setLimits(m, 0); })},
      {"ropeScaling", withRope(1, 16)},
      {"ropeOfAQuarter", withRope(0.25, 16)},
      {"someLayersWithoutRope", edited([](TinyModel &m) { m.layers[1].rope = false; })},
      {"oneLayer", edited([](TinyModel &m) { m.layers.resize(1); })},
      {"oddWidths", edited([](TinyModel &m) {
         m.hidden = 17;
         m.intermediate = 13;
         m.moeWidth = 7;
         m.sharedWidth = 5;
         m.vocab = 11;
       })},
      {"fullAttentionOnly", edited([](TinyModel &m) { m.layers[1].sliding = false; })},
      {"slidingOnly", edited([](TinyModel &m) {
         for (TinyLayer &layer : m.layers)
           layer.sliding = true;
       })},
      {"length2", TinyModel(), 2},
      {"length7", TinyModel(), 7},
      {"threeRows", TinyModel(), 7, 3},
      {"documents", TinyModel(), 33, 2, {}, {}, true},
  };
  auto addSwitched = [&](std::string name, const TinyModel &model, std::string assignment,
                         const TinyModel &runs) {
    all.push_back({std::move(name), model, 33, 1, {"--set", std::move(assignment)}, runs, false});
  };
  addSwitched("setWindowKeys", withWindow(5), "window_keys=6", withWindow(6));
  TinyModel unscaled = withRope(1, 16), before = edited([](TinyModel &m) { setLimits(m, 0.4); });
  addSwitched("setClampPosition", before, "clamp_position=before_silu", [&] {
    TinyModel runs = before;
    runs.clampBeforeSilu = true;
    return runs;
  }());
  unscaled.scaling.reset();
  addSwitched("setRopeScaling", withRope(1, 16), "rope_scaling=off", unscaled);
  return all;
}

class Reference : public ReferenceChecks, public testing::WithParamInterface<Case> {
protected:
  TinyBatch randomBatch() {
    const Case &param = GetParam();
    TinyBatch batch{param.rows, param.length, {}, {}, {}};
    for (int64_t row = 0; row < param.rows; ++row) {
      int32_t start = 0;
      for (int64_t t = 0; t < param.length; ++t) {
        if (param.documents && below(6) == 0)
          start = static_cast<int32_t>(t);
        batch.documentStart.push_back(start);
        batch.ids.push_back(below(param.model.vocab));
        batch.mask.push_back(t == 1 ? 1.0f : static_cast<float>(below(4)) / 2);
      }
    }
    return batch;
  }

  void writeBatch(const TinyBatch &batch) {
    const std::vector<int64_t> shape{batch.rows, batch.length};
    TensorFile()
        .add("input_ids", DType::i64, shape, batch.ids)
        .add("loss_mask", DType::f32, shape, batch.mask)
        .add("document_start", DType::i32, shape, batch.documentStart)
        .write(scratch / "batch.safetensors");
  }
};

INSTANTIATE_TEST_SUITE_P(Models, Reference, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

TEST_P(Reference, logitsLossAndGradients) {
  const Case &param = GetParam();
  const TinyModel &runs = param.runs ? *param.runs : param.model;
  writeText(scratch / "config.json", configText(param.model));
  Arguments options{"--seq-len", std::to_string(param.length), "--micro-batch",
                    std::to_string(param.rows)};
  options.insert(options.end(), param.options.begin(), param.options.end());
  const std::string plan = compile(scratch / "config.json", "tiny.plan", options);
  Weights weights = randomWeights(param.model, 3);
  const TinyBatch batch = randomBatch();
  writeBatch(batch);
  writeWeights(tensorShapes(param.model), weights);
  safetensors::File probed =
      probe(plan, scratch / "weights", scratch / "batch.safetensors", /*grads=*/true);

  const ReferenceModel reference(runs, weights);
  EXPECT_LE(relativeError(floatsOf(probed, "logits"), reference.logits(batch)), 1e-5);
  EXPECT_NEAR(floatsOf(probed, "loss")[0], reference.loss(batch), 1e-5);
  auto loss = [&](const Weights &at) { return ReferenceModel(runs, at).loss(batch); };
  size_t trained = 0;
  for (const auto &[name, shape] : tensorShapes(param.model)) {
    if (name.ends_with("router_bias"))
      continue;
    SCOPED_TRACE(name);
    ++trained;
    EXPECT_EQ(probed.at("grad." + name).shape, shape);
    checkGradient(loss, weights, name, floatsOf(probed, "grad." + name));
  }
  EXPECT_EQ(probed.tensors().size(), trained + 2);
}

} // namespace
} // namespace step37::test
