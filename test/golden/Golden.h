// The golden model and its text case (test/data/step37-tiny), and distances from it.
#pragma once

#include "test/e2e/Programs.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace step37::test {

inline fs::path goldenFile(const std::string &name) {
  return fs::path(STEP37_TEST_DATA) / "step37-tiny" / name;
}

/// Programs with the golden model: two rows of 48 tokens, vocabulary of 320.
class GoldenModel : public Programs {
protected:
  static constexpr int64_t rows = 2, seqLen = 48, vocab = 320;

  /// A plan of the text model for one micro-batch of both rows.
  std::string compileGolden(const std::string &config, const std::string &type) {
    return compile(goldenFile(config), "golden.plan",
                   {"--text-only", "--dtype", type, "--seq-len", std::to_string(seqLen),
                    "--micro-batch", std::to_string(rows)});
  }

  /// The golden weights with some values changed, as a directory of weights.
  fs::path
  changedWeights(const std::function<void(const std::string &, std::vector<float> &)> &change) {
    safetensors::File golden(goldenFile("model.safetensors"));
    TensorFile file;
    for (const safetensors::Tensor &tensor : golden.tensors()) {
      std::vector<float> values = floatsOf(golden, tensor.name);
      change(tensor.name, values);
      file.add(tensor.name, DType::f32, tensor.shape, values);
    }
    fs::create_directories(scratch / "weights");
    file.write(scratch / "weights" / "model.safetensors");
    return scratch / "weights";
  }

  /// Trains as the golden curve was made, on the rows of the text case without its mask.
  std::vector<LoggedStep> trainGolden(const std::string &plan, int64_t steps,
                                      const Arguments &more = {}) {
    const auto curve = nlohmann::json::parse(fileText(goldenFile("train_curve.json")));
    safetensors::File textCase(goldenFile("text_case.safetensors"));
    const safetensors::Tensor &ids = textCase.at("input_ids");
    std::vector<int64_t> values(static_cast<size_t>(ids.elements()));
    EXPECT_EQ(ids.dtype, "I64");
    std::memcpy(values.data(), textCase.bytes(ids).data(), static_cast<size_t>(ids.bytes));
    // A file of two rows is too small to hold some out, so that a micro-batch of two is all of it.
    TensorFile().add("input_ids", DType::i64, ids.shape, values).write(scratch / "ids.safetensors");
    auto option = [&](const char *name) { return curve[name].dump(); };
    Arguments options{"--weights",      goldenFile(""),
                      "--data",         path("ids.safetensors"),
                      "--steps",        std::to_string(steps),
                      "--lr",           option("lr"),
                      "--schedule",     "constant",
                      "--warmup",       "0",
                      "--weight-decay", option("weight_decay"),
                      "--clip",         option("clip_grad_norm"),
                      "--eps",          option("eps"),
                      "--betas",        curve["betas"][0].dump() + "," + curve["betas"][1].dump()};
    options.insert(options.end(), more.begin(), more.end());
    return train(plan, options);
  }

  /// Ten steps as they were measured.
  void expectGoldenCurve(const std::vector<LoggedStep> &steps) {
    const auto curve = nlohmann::json::parse(fileText(goldenFile("train_curve.json")));
    ASSERT_EQ(steps.size(), curve["steps"].size());
    for (size_t i = 0; i < steps.size(); ++i) {
      const double loss = curve["steps"][i]["loss"], norm = curve["steps"][i]["grad_norm"];
      EXPECT_NEAR(steps[i].loss, loss, 2e-3) << "step " << i + 1;
      EXPECT_NEAR(steps[i].gradNorm, norm, 2e-3 * norm) << "step " << i + 1;
    }
  }

  safetensors::File probeGolden(const std::string &plan, const fs::path &input,
                                bool grads = false) {
    return probe(plan, goldenFile(""), input, grads);
  }
};

/// |a − b| / |b|, over all elements.
inline double distance(const std::vector<float> &a, const std::vector<float> &b) {
  return relativeError(a, std::vector<double>(b.begin(), b.end()));
}

/// Every gradient that is in the file `gradients` is in what a probe wrote, and close; beside them
/// are `others` more tensors.
inline void expectGradients(const safetensors::File &probed, const safetensors::File &gradients,
                            size_t others) {
  for (const safetensors::Tensor &tensor : gradients.tensors()) {
    const safetensors::Tensor *found = probed.find("grad." + tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->shape, tensor.shape) << tensor.name;
    EXPECT_LE(distance(floatsOf(probed, found->name), floatsOf(gradients, tensor.name)), 1e-4)
        << tensor.name;
  }
  EXPECT_EQ(probed.tensors().size(), gradients.tensors().size() + others) << "one a trained tensor";
}

/// distance() of each row of `width` elements.
inline std::vector<double> rowDistances(const std::vector<float> &a, const std::vector<float> &b,
                                        int64_t width) {
  std::vector<double> distances;
  for (size_t row = 0; row < b.size(); row += static_cast<size_t>(width))
    distances.push_back(distance({a.begin() + row, a.begin() + row + width},
                                 {b.begin() + row, b.begin() + row + width}));
  return distances;
}

/// The value that the fraction `part` of the values does not exceed.
inline double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::ceil(part * static_cast<double>(values.size()))) - 1];
}

} // namespace step37::test
