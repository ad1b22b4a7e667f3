// Small vision towers for tests, beside a TinyModel: the config that is published, tensors, random
// values, and what the tower computes in double precision, one token after another, straight from
// docs/model.md section E. Gradients are its differences.
#pragma once

#include "test/golden/TinyModel.h"

#include <cstdint>
#include <string>
#include <vector>

namespace step37::test {

struct TinyVision {
  int64_t width = 16, layers = 2, heads = 2, mlpWidth = 20, channels = 3, imageSize = 16, patch = 4;
  double eps = 1e-5, theta = 10000;
  bool classToken = false, normBefore = true, normBehind = false, positions = true, rope = true,
       projectorBias = false;
  int64_t imageToken = 35; // its id
  bool rowFirst = false;   // --set vision_rope
};

/// Text of the config.json of both.
std::string configText(const TinyModel &model, const TinyVision &vision);

/// Shapes of the tower and the projector to embeddings of `hidden`.
Shapes tensorShapes(const TinyVision &vision, int64_t hidden);

/// Values that floats hold exactly: layer norms around one, layer scales that matter.
Weights randomWeights(const TinyVision &vision, int64_t hidden, uint64_t seed);

/// Rows of features, `hidden` wide, of one image [channels, size, size].
std::vector<std::vector<double>> referenceFeatures(const TinyVision &vision, const Weights &weights,
                                                   const float *pixels, int64_t size);

} // namespace step37::test
