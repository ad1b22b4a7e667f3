// Compiled plans against a reference in double precision: weights on disk, random numbers, and
// gradients by central differences. What is compiled and what the reference is are the tests'.
#pragma once

#include "test/e2e/Programs.h"
#include "test/golden/ReferenceModel.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

namespace step37::test {

class ReferenceChecks : public Programs {
protected:
  /// The reference's loss as a function of its weights.
  using Loss = std::function<double(const Weights &)>;

  int64_t below(int64_t count) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(count));
  }

  void writeWeights(const Shapes &shapes, const Weights &weights) {
    TensorFile file;
    for (const auto &[name, values] : weights)
      file.add(name, DType::f32, shapes.at(name), std::vector<float>(values.begin(), values.end()));
    fs::create_directories(scratch / "weights");
    file.write(scratch / "weights" / "model.safetensors");
  }

  /// The slope of the loss along `direction` of the tensor, from both sides.
  static double slope(const Loss &loss, Weights &weights, const std::string &tensor,
                      const std::vector<double> &direction) {
    constexpr double step = 1e-6;
    std::vector<double> &values = weights.at(tensor);
    const std::vector<double> at = values;
    auto lossAt = [&](double distance) {
      for (size_t i = 0; i < at.size(); ++i)
        values[i] = at[i] + distance * direction[i];
      return loss(weights);
    };
    const double difference = lossAt(step) - lossAt(-step);
    values = at;
    return difference / (2 * step);
  }

  /// Compares a gradient along all elements at once, each with a random sign, and in its largest
  /// element.
  void checkGradient(const Loss &loss, Weights &weights, const std::string &tensor,
                     const std::vector<float> &gradient) {
    double norm = 0, along = 0;
    std::vector<double> signs;
    for (float value : gradient) {
      norm += static_cast<double>(value) * value;
      signs.push_back(below(2) == 0 ? -1 : 1);
      along += signs.back() * value;
    }
    norm = std::sqrt(norm);
    constexpr double noise = 2e-6; // of floats, where the gradient is zero
    EXPECT_NEAR(along, slope(loss, weights, tensor, signs), 1e-4 * norm + noise);

    auto largest = std::max_element(gradient.begin(), gradient.end(),
                                    [](float a, float b) { return std::abs(a) < std::abs(b); });
    std::vector<double> element(gradient.size(), 0.0);
    element[static_cast<size_t>(largest - gradient.begin())] = 1;
    EXPECT_NEAR(*largest, slope(loss, weights, tensor, element), 1e-4 * std::abs(*largest) + noise);
  }

  std::mt19937_64 random{20260101};
};

} // namespace step37::test
