// Compiled float32 plans of many small models with images against the reference in double
// precision: logits, loss, and gradients of the tower, the projector and the embedding by central
// differences. The decoder's own variants are reference_test.cpp.
#include "test/golden/ReferenceChecks.h"
#include "test/golden/TinyVision.h"

namespace step37::test {
namespace {

struct Case {
  std::string name;
  TinyVision vision;
  int64_t imageSize = 16, cropSize = 8;
  std::vector<int64_t> crops{2, 1}; // of each image
  Arguments options = {};
};

void PrintTo(const Case &param, std::ostream *out) { *out << param.name; }

TinyVision edited(void (*edit)(TinyVision &)) {
  TinyVision vision;
  edit(vision);
  return vision;
}

std::vector<Case> cases() {
  auto width = [](int64_t width, int64_t heads) {
    TinyVision vision;
    vision.width = width;
    vision.heads = heads;
    return vision;
  };
  TinyVision classToken = edited([](TinyVision &v) { v.classToken = true; });
  return {
      {"plain", TinyVision()},
      {"otherGrids", TinyVision(), 24, 12},
      {"smallerGrids", TinyVision(), 12, 4},
      {"oddGrid", TinyVision(), 20, 20},
      {"classToken", classToken},
      {"classTokenOtherGrids", classToken, 28, 12},
      {"classTokenWithoutPositions", edited([](TinyVision &v) {
         v.classToken = true;
         v.positions = false;
       })},
      {"normBehind", edited([](TinyVision &v) { v.normBehind = true; })},
      {"classTokenNormBehind", edited([](TinyVision &v) { v.classToken = v.normBehind = true; })},
      {"noNormBefore", edited([](TinyVision &v) { v.normBefore = false; })},
      {"noPositions", edited([](TinyVision &v) { v.positions = false; })},
      {"noRope", edited([](TinyVision &v) { v.rope = false; })},
      {"rowFirst",
       edited([](TinyVision &v) { v.rowFirst = true; }),
       16,
       8,
       {2, 1},
       {"--set", "vision_rope=row_first"}},
      {"projectorBias", edited([](TinyVision &v) { v.projectorBias = true; })},
      {"oneHead", width(24, 1)},
      {"headDim4", width(16, 4)},
      {"oddMlp", edited([](TinyVision &v) { v.mlpWidth = 13; })},
      {"oneLayer", edited([](TinyVision &v) { v.layers = 1; })},
      {"fourLayers", edited([](TinyVision &v) { v.layers = 4; })},
      {"oneChannel", edited([](TinyVision &v) { v.channels = 1; })},
      {"patch2", edited([](TinyVision &v) { v.patch = 2; }), 8, 4},
      {"largeEps", edited([](TinyVision &v) { v.eps = 0.1; })},
      {"noCrops", TinyVision(), 16, 8, {0, 0}, {"--crops", "0"}},
      {"noCropsInThisBatch", TinyVision(), 16, 8, {0}},
      {"oneImage", TinyVision(), 16, 8, {3}},
  };
}

class ReferenceImages : public ReferenceChecks, public testing::WithParamInterface<Case> {
protected:
  std::vector<float> randomPixels(int64_t elements) {
    std::normal_distribution<float> normal;
    std::vector<float> pixels;
    for (int64_t i = 0; i < elements; ++i)
      pixels.push_back(normal(random));
    return pixels;
  }
};

INSTANTIATE_TEST_SUITE_P(Models, ReferenceImages, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

TEST_P(ReferenceImages, logitsLossAndGradients) {
  const Case &param = GetParam();
  const TinyVision &vision = param.vision;
  TinyModel model;
  model.layers.resize(1);
  writeText(scratch / "config.json", configText(model, vision));

  Weights weights = randomWeights(model, 3), own = randomWeights(vision, model.hidden, 4);
  Shapes shapes = tensorShapes(model);
  const Shapes visionShapes = tensorShapes(vision, model.hidden);
  weights.insert(own.begin(), own.end());
  shapes.insert(visionShapes.begin(), visionShapes.end());
  writeWeights(shapes, weights);

  // Per image its crops, then the view, with a token of text between any two.
  const int64_t viewElements = vision.channels * param.imageSize * param.imageSize,
                cropElements = vision.channels * param.cropSize * param.cropSize,
                images = std::ssize(param.crops);
  int64_t crops = 0;
  for (int64_t count : param.crops)
    crops += count;
  const std::vector<float> views = randomPixels(images * viewElements),
                           cropPixels = randomPixels(crops * cropElements);
  TinyBatch batch{1, 0, {}, {}, {}};
  std::vector<std::pair<const float *, int64_t>> order; // pixels and size, in token order
  auto append = [&](const float *pixels, int64_t size) {
    order.emplace_back(pixels, size);
    int64_t side = (size / vision.patch + 3) / 4;
    batch.ids.push_back(below(vision.imageToken));
    batch.ids.insert(batch.ids.end(), static_cast<size_t>(side * side), vision.imageToken);
  };
  int64_t crop = 0;
  for (int64_t image = 0; image < images; ++image) {
    for (int64_t i = 0; i < param.crops[static_cast<size_t>(image)]; ++i)
      append(&cropPixels[static_cast<size_t>(crop++ * cropElements)], param.cropSize);
    append(&views[static_cast<size_t>(image * viewElements)], param.imageSize);
  }
  batch.ids.push_back(below(vision.imageToken));
  batch.length = std::ssize(batch.ids);
  for (int64_t id : batch.ids)
    batch.mask.push_back(id == vision.imageToken ? 0.5f : 1.0f);
  batch.documentStart.assign(batch.ids.size(), 0);

  TensorFile file;
  file.add("input_ids", DType::i64, {1, batch.length}, batch.ids)
      .add("loss_mask", DType::f32, {1, batch.length}, batch.mask)
      .add("pixel_values", DType::f32, {images, vision.channels, param.imageSize, param.imageSize},
           views)
      .add("num_local_patches", DType::i64, {images}, param.crops);
  if (crops > 0)
    file.add("pixel_values_local", DType::f32,
             {crops, vision.channels, param.cropSize, param.cropSize}, cropPixels);
  file.write(scratch / "batch.safetensors");

  Arguments options{"--seq-len",    std::to_string(batch.length),
                    "--image-size", std::to_string(param.imageSize),
                    "--crop-size",  std::to_string(param.cropSize),
                    "--images",     std::to_string(images + 1)};
  if (crops > 0)
    options.insert(options.end(), {"--crops", std::to_string(crops + 1)});
  options.insert(options.end(), param.options.begin(), param.options.end());
  safetensors::File probed =
      probe(compile(scratch / "config.json", "tiny.plan", options), scratch / "weights",
            scratch / "batch.safetensors", /*grads=*/true);

  auto withFeatures = [&](const Weights &at) {
    TinyBatch embedded = batch;
    size_t token = 0;
    for (auto [pixels, size] : order) {
      ++token;
      for (std::vector<double> &row : referenceFeatures(vision, at, pixels, size))
        embedded.replaced[token++] = std::move(row);
    }
    return embedded;
  };
  auto loss = [&](const Weights &at) { return ReferenceModel(model, at).loss(withFeatures(at)); };
  const ReferenceModel reference(model, weights);
  EXPECT_LE(relativeError(floatsOf(probed, "logits"), reference.logits(withFeatures(weights))),
            1e-5);
  EXPECT_NEAR(floatsOf(probed, "loss")[0], loss(weights), 1e-5);
  Shapes checked = visionShapes;
  checked["model.embed_tokens.weight"] = shapes.at("model.embed_tokens.weight");
  for (const auto &[name, shape] : checked) {
    SCOPED_TRACE(name);
    EXPECT_EQ(probed.at("grad." + name).shape, shape);
    checkGradient(loss, weights, name, floatsOf(probed, "grad." + name));
  }
}

} // namespace
} // namespace step37::test
