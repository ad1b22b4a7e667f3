#include "test/golden/ReferenceModel.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace step37::test {

namespace {

using Vector = std::vector<double>;

double dot(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += a[i] * b[i];
  return sum;
}

/// matrix [rows, x] times x.
Vector times(const double *matrix, int64_t rows, const Vector &x) {
  const auto width = static_cast<int64_t>(x.size());
  Vector y;
  for (int64_t row = 0; row < rows; ++row)
    y.push_back(dot(matrix + row * width, x.data(), width));
  return y;
}

/// B.1, in place; the weight is stored less one.
void normalize(double *x, const Vector &weight, double eps) {
  const auto count = static_cast<int64_t>(weight.size());
  const double scale = 1 / std::sqrt(dot(x, x, count) / static_cast<double>(count) + eps);
  for (size_t i = 0; i < weight.size(); ++i)
    x[i] *= scale * (weight[i] + 1);
}

Vector normalized(Vector x, const Vector &weight, double eps) {
  normalize(x.data(), weight, eps);
  return x;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void add(Vector &to, const Vector &x, double factor = 1) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] += factor * x[i];
}

/// B.2, 4.
double smoothed(double frequency, const TinyScaling &scaling) {
  const double wavelengths =
      static_cast<double>(scaling.original) * frequency / (2 * std::numbers::pi);
  const double kept =
      std::clamp((wavelengths - scaling.low) / (scaling.high - scaling.low), 0.0, 1.0);
  return kept * frequency + (1 - kept) * frequency / scaling.factor;
}

} // namespace

const Vector &ReferenceModel::weight(size_t layer, const std::string &name) const {
  return weights.at("model.layers." + std::to_string(layer) + "." + name);
}

/// B.2, 3: pairs (i, i + half) of the first `2·half` dimensions.
void ReferenceModel::rotate(const TinyLayer &layer, int64_t position, double *head) const {
  const auto half = static_cast<int64_t>(static_cast<double>(model.headDim) * layer.rotated) / 2;
  for (int64_t i = 0; layer.rope && i < half; ++i) {
    double frequency = std::pow(layer.theta, -static_cast<double>(i) / static_cast<double>(half));
    if (model.scaling && !layer.sliding)
      frequency = smoothed(frequency, *model.scaling);
    const double angle = static_cast<double>(position) * frequency;
    const double a = head[i], b = head[i + half];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

/// B.2 to B.4.
ReferenceModel::Sequence ReferenceModel::attention(size_t index, const Sequence &x,
                                                   const int32_t *documentStart) const {
  const TinyLayer &layer = model.layers[index];
  const int64_t dim = model.headDim, heads = model.headsOf(layer);
  Sequence q, k, v;
  for (size_t t = 0; t < x.size(); ++t) {
    q.push_back(times(weight(index, "self_attn.q_proj.weight").data(), heads * dim, x[t]));
    k.push_back(times(weight(index, "self_attn.k_proj.weight").data(), model.groups * dim, x[t]));
    v.push_back(times(weight(index, "self_attn.v_proj.weight").data(), model.groups * dim, x[t]));
    const int64_t position = static_cast<int64_t>(t) - documentStart[t];
    auto prepare = [&](Vector &vector, const std::string &norm) {
      for (size_t head = 0; head < vector.size(); head += static_cast<size_t>(dim)) {
        if (model.qkNorm)
          normalize(&vector[head], weight(index, norm), model.eps);
        rotate(layer, position, &vector[head]);
      }
    };
    prepare(q[t], "self_attn.q_norm.weight");
    prepare(k[t], "self_attn.k_norm.weight");
  }

  Sequence result;
  for (int64_t t = 0; t < static_cast<int64_t>(x.size()); ++t) {
    const auto at = static_cast<size_t>(t);
    const Vector gate = model.headGate
                            ? times(weight(index, "self_attn.g_proj.weight").data(), heads, x[at])
                            : Vector();
    Vector attended(static_cast<size_t>(heads * dim), 0.0);
    for (int64_t head = 0; head < heads; ++head) {
      const int64_t kv = head / (heads / model.groups) * dim;
      int64_t first = documentStart[at];
      if (layer.sliding)
        first = std::max(first, t - model.window + 1);
      Vector share;
      double total = 0;
      for (int64_t key = first; key <= t; ++key) {
        const double *other = &k[static_cast<size_t>(key)][static_cast<size_t>(kv)];
        share.push_back(std::exp(dot(&q[at][static_cast<size_t>(head * dim)], other, dim) /
                                 std::sqrt(static_cast<double>(dim))));
        total += share.back();
      }
      const double opened = model.headGate ? sigmoid(gate[static_cast<size_t>(head)]) : 1;
      for (int64_t key = first; key <= t; ++key)
        for (int64_t i = 0; i < dim; ++i)
          attended[static_cast<size_t>(head * dim + i)] +=
              opened * share[static_cast<size_t>(key - first)] / total *
              v[static_cast<size_t>(key)][static_cast<size_t>(kv + i)];
    }
    result.push_back(
        times(weight(index, "self_attn.o_proj.weight").data(), model.hidden, attended));
  }
  return result;
}

/// B.5.
Vector ReferenceModel::gatedMlp(const Vector &x, const double *gate, const double *up,
                                const double *down, int64_t width, double limit) const {
  Vector open = times(gate, width, x), value = times(up, width, x);
  for (size_t i = 0; i < open.size(); ++i) {
    if (limit > 0 && model.clampBeforeSilu)
      open[i] = std::min(open[i], limit);
    open[i] *= sigmoid(open[i]);
    if (limit > 0 && !model.clampBeforeSilu)
      open[i] = std::min(open[i], limit);
    if (limit > 0)
      value[i] = std::clamp(value[i], -limit, limit);
    open[i] *= value[i];
  }
  return times(down, model.hidden, open);
}

/// B.6.
Vector ReferenceModel::experts(size_t layer, const Vector &x) const {
  Vector score = times(weight(layer, "moe.gate.weight").data(), model.experts, x);
  std::vector<size_t> ranking;
  for (double &value : score) {
    value = sigmoid(value);
    ranking.push_back(ranking.size());
  }
  auto preference = [&](size_t expert) {
    return score[expert] + (model.routerBias ? weight(layer, "moe.router_bias")[expert] : 0);
  };
  std::sort(ranking.begin(), ranking.end(),
            [&](size_t a, size_t b) { return preference(a) > preference(b); });
  ranking.resize(static_cast<size_t>(model.topK));
  double total = 0;
  for (size_t expert : ranking)
    total += score[expert];

  Vector sum(x.size(), 0.0);
  const auto matrix = static_cast<size_t>(model.moeWidth * model.hidden);
  for (size_t expert : ranking)
    add(sum,
        gatedMlp(x, &weight(layer, "moe.gate_proj.weight")[expert * matrix],
                 &weight(layer, "moe.up_proj.weight")[expert * matrix],
                 &weight(layer, "moe.down_proj.weight")[expert * matrix], model.moeWidth,
                 model.layers[layer].limit),
        model.routerScale * score[expert] / (total + 1e-20));
  return sum;
}

Vector ReferenceModel::feedForward(size_t layer, const Vector &x) const {
  auto mlp = [&](const std::string &name, int64_t width) {
    return gatedMlp(x, weight(layer, name + ".gate_proj.weight").data(),
                    weight(layer, name + ".up_proj.weight").data(),
                    weight(layer, name + ".down_proj.weight").data(), width,
                    model.layers[layer].sharedLimit);
  };
  if (!model.layers[layer].moe)
    return mlp("mlp", model.intermediate);
  Vector sum = experts(layer, x);
  if (model.sharedWidth > 0)
    add(sum, mlp("share_expert", model.sharedWidth));
  return sum;
}

std::vector<double> ReferenceModel::logits(const TinyBatch &batch) const {
  const Vector &embedding = weights.at("model.embed_tokens.weight");
  Vector result;
  for (int64_t begin = 0; begin < batch.rows * batch.length; begin += batch.length) {
    Sequence stream;
    for (int64_t t = begin; t < begin + batch.length; ++t) {
      const auto row = embedding.begin() + batch.ids[static_cast<size_t>(t)] * model.hidden;
      stream.emplace_back(row, row + model.hidden);
      if (auto found = batch.replaced.find(static_cast<size_t>(t)); found != batch.replaced.end())
        stream.back() = found->second;
    }
    for (size_t layer = 0; layer < model.layers.size(); ++layer) {
      Sequence normed;
      for (const Vector &x : stream)
        normed.push_back(normalized(x, weight(layer, "input_layernorm.weight"), model.eps));
      const Sequence attended =
          attention(layer, normed, &batch.documentStart[static_cast<size_t>(begin)]);
      for (size_t t = 0; t < stream.size(); ++t) {
        add(stream[t], attended[t]);
        add(stream[t],
            feedForward(layer,
                        normalized(stream[t], weight(layer, "post_attention_layernorm.weight"),
                                   model.eps)));
      }
    }
    for (const Vector &x : stream) {
      const Vector final = normalized(x, weights.at("model.norm.weight"), model.eps);
      const Vector row = times(weights.at("lm_head.weight").data(), model.vocab, final);
      result.insert(result.end(), row.begin(), row.end());
    }
  }
  return result;
}

double ReferenceModel::loss(const TinyBatch &batch) const {
  const Vector all = logits(batch);
  double sum = 0, counted = 0;
  for (size_t t = 1; t < batch.ids.size(); ++t) {
    if (t % static_cast<size_t>(batch.length) == 0)
      continue;
    const double *row = &all[(t - 1) * static_cast<size_t>(model.vocab)];
    double total = 0;
    for (int64_t word = 0; word < model.vocab; ++word)
      total += std::exp(row[word]);
    sum += batch.mask[t] * (std::log(total) - row[batch.ids[t]]);
    counted += batch.mask[t];
  }
  return sum / counted;
}

} // namespace step37::test
