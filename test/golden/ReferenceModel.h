// The text model in double precision, one token after another, straight from docs/model.md section
// B: what the compiled plans are compared with where no golden values exist. Forward and loss only;
// gradients are its differences.
#pragma once

#include "test/golden/TinyModel.h"

#include <cstdint>
#include <map>
#include <vector>

namespace step37::test {

/// Rows of tokens: values of token t of row r at [r·length + t].
struct TinyBatch {
  int64_t rows = 1, length = 1;
  std::vector<int64_t> ids;
  std::vector<float> mask;
  std::vector<int32_t> documentStart;
  /// Tokens whose embedding is something else, by their index.
  std::map<size_t, std::vector<double>> replaced = {};
};

class ReferenceModel {
public:
  /// Keeps references to both.
  ReferenceModel(const TinyModel &model, const Weights &weights) : model(model), weights(weights) {}

  /// [rows, length, vocab].
  std::vector<double> logits(const TinyBatch &batch) const;

  /// Σ mask[t+1]·CE(logits[t], id[t+1]) / Σ mask[t+1].
  double loss(const TinyBatch &batch) const;

private:
  using Vector = std::vector<double>;
  using Sequence = std::vector<Vector>; // a vector for each token of a row

  const Vector &weight(size_t layer, const std::string &name) const;
  Sequence attention(size_t layer, const Sequence &x, const int32_t *documentStart) const;
  Vector gatedMlp(const Vector &x, const double *gate, const double *up, const double *down,
                  int64_t width, double limit) const;
  Vector feedForward(size_t layer, const Vector &x) const;
  Vector experts(size_t layer, const Vector &x) const;
  void rotate(const TinyLayer &layer, int64_t position, double *head) const;

  const TinyModel &model;
  const Weights &weights;
};

} // namespace step37::test
