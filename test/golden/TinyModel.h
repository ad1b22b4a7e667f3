// Small models for tests: a config in the tests' own words, as the JSON that is published, with the
// names and shapes of its tensors and random values for them. What such a model computes is
// ReferenceModel.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace step37::test {

struct TinyLayer {
  bool sliding = false, moe = false, rope = true;
  double theta = 10000, rotated = 1; // part of each head that RoPE rotates
  double limit = 0, sharedLimit = 0; // of SwiGLU: routed experts; shared expert or dense MLP
};

/// llama3 smoothing, on full-attention layers.
struct TinyScaling {
  double factor = 2, low = 1, high = 8;
  int64_t original = 32;
};

struct TinyModel {
  int64_t hidden = 24, intermediate = 20, vocab = 37;
  int64_t fullHeads = 4, slidingHeads = 6, groups = 2, headDim = 8, window = 5;
  int64_t experts = 4, topK = 2, moeWidth = 12, sharedWidth = 10; // shared 0: no shared expert
  double routerScale = 3, eps = 1e-5;
  bool routerBias = true, qkNorm = true, headGate = true;
  std::optional<TinyScaling> scaling;
  std::vector<TinyLayer> layers{{.theta = 5e6, .rotated = 0.5},
                                {.sliding = true, .moe = true, .limit = 0.5, .sharedLimit = 0.5},
                                {.moe = true, .theta = 5e6, .rotated = 0.5}};
  /// The switches of `--set`.
  bool clampBeforeSilu = false;

  int64_t headsOf(const TinyLayer &layer) const { return layer.sliding ? slidingHeads : fullHeads; }
};

/// Text of the config.json.
std::string configText(const TinyModel &model);

/// Shapes by published name.
using Shapes = std::map<std::string, std::vector<int64_t>>;
Shapes tensorShapes(const TinyModel &model);

/// Values by published name, row-major.
using Weights = std::map<std::string, std::vector<double>>;

/// Values that floats hold exactly, large enough that clamps bind and router biases matter.
Weights randomWeights(const TinyModel &model, uint64_t seed);

} // namespace step37::test
