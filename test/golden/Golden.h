// The golden model and its text case (test/data/step37-tiny), and distances from it.
#pragma once

#include "test/e2e/Programs.h"

#include <algorithm>
#include <cmath>

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
