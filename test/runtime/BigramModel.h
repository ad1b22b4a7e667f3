// What the bigram plan (BigramPlan.h) ought to compute, as plain loops in double.
#pragma once

#include "runtime/data/TokenRows.h"
#include "runtime/train/Options.h"

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace step37::test {

struct BigramModel {
  int64_t vocab, width;
  std::vector<double> embed, head; // [vocab, width]

  double &at(std::vector<double> &table, int64_t row, int64_t col) const {
    return table[static_cast<size_t>(row * width + col)];
  }
  double at(const std::vector<double> &table, int64_t row, int64_t col) const {
    return table[static_cast<size_t>(row * width + col)];
  }

  std::vector<double> logits(int32_t token) const {
    std::vector<double> result(static_cast<size_t>(vocab), 0);
    for (int64_t v = 0; v < vocab; ++v)
      for (int64_t w = 0; w < width; ++w)
        result[static_cast<size_t>(v)] += at(embed, token, w) * at(head, v, w);
    return result;
  }

  struct Gradients {
    double loss = 0;
    std::vector<double> embed, head;

    double norm() const {
      double sum = 0;
      for (double value : embed)
        sum += value * value;
      for (double value : head)
        sum += value * value;
      return std::sqrt(sum);
    }
  };

  /// Loss over all batches together and its gradients.
  Gradients gradients(const std::vector<TokenRows> &batches) const {
    Gradients result{0, std::vector<double>(embed.size(), 0), std::vector<double>(head.size(), 0)};
    double counted = 0;
    for (const TokenRows &batch : batches)
      for (int64_t row = 0; row < batch.rows; ++row)
        for (int64_t t = 1; t < batch.seqLen; ++t)
          counted += batch.mask[static_cast<size_t>(row * batch.seqLen + t)];
    for (const TokenRows &batch : batches)
      for (int64_t row = 0; row < batch.rows; ++row)
        for (int64_t t = 0; t + 1 < batch.seqLen; ++t) {
          auto i = static_cast<size_t>(row * batch.seqLen + t);
          addToken(batch.ids[i], batch.ids[i + 1], batch.mask[i + 1] / counted, result);
        }
    return result;
  }

private:
  void addToken(int32_t token, int32_t label, double weight, Gradients &sums) const {
    std::vector<double> scores = logits(token);
    double total = 0;
    for (double score : scores)
      total += std::exp(score);
    sums.loss += weight * (std::log(total) - scores[static_cast<size_t>(label)]);
    for (int64_t v = 0; v < vocab; ++v) {
      double slope =
          weight * (std::exp(scores[static_cast<size_t>(v)]) / total - (v == label ? 1 : 0));
      for (int64_t w = 0; w < width; ++w) {
        at(sums.embed, token, w) += slope * at(head, v, w);
        at(sums.head, v, w) += slope * at(embed, token, w);
      }
    }
  }
};

/// AdamW with global-norm clipping on a BigramModel, as published (Loshchilov, Hutter 2019).
class BigramAdamW {
public:
  BigramAdamW(BigramModel &model, const OptimizerOptions &options)
      : model(model), options(options),
        moments{Moments(model.embed.size()), Moments(model.head.size())} {}

  void step(const BigramModel::Gradients &gradients, double lr) {
    ++steps;
    double norm = gradients.norm();
    double clip = options.clip > 0 ? std::min(1.0, options.clip / (norm + 1e-6)) : 1.0;
    apply(model.embed, gradients.embed, moments.first, clip, lr);
    apply(model.head, gradients.head, moments.second, clip, lr);
  }

private:
  struct Moments {
    explicit Moments(size_t size) : m(size, 0), v(size, 0) {}
    std::vector<double> m, v;
  };

  void apply(std::vector<double> &values, const std::vector<double> &slopes, Moments &state,
             double clip, double lr) const {
    for (size_t i = 0; i < values.size(); ++i) {
      double g = clip * slopes[i];
      state.m[i] = options.beta1 * state.m[i] + (1 - options.beta1) * g;
      state.v[i] = options.beta2 * state.v[i] + (1 - options.beta2) * g * g;
      double m = state.m[i] / (1 - std::pow(options.beta1, steps));
      double v = state.v[i] / (1 - std::pow(options.beta2, steps));
      values[i] -= lr * options.weight_decay * values[i] + lr * m / (std::sqrt(v) + options.eps);
    }
  }

  BigramModel &model;
  OptimizerOptions options;
  std::pair<Moments, Moments> moments;
  int steps = 0;
};

} // namespace step37::test
