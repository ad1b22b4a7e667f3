#include "test/golden/TinyVision.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

namespace step37::test {

namespace {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

const std::string tower = "vision_model.";

std::string blockName(int64_t index) {
  return tower + "transformer.resblocks." + std::to_string(index) + ".";
}

/// w·x, plus b where there is one.
Vector affine(const Vector &w, const Vector *b, const Vector &x) {
  Vector y(w.size() / x.size(), 0.0);
  for (size_t row = 0; row < y.size(); ++row) {
    y[row] = b ? (*b)[row] : 0;
    for (size_t i = 0; i < x.size(); ++i)
      y[row] += w[row * x.size() + i] * x[i];
  }
  return y;
}

class Tower {
public:
  Tower(const TinyVision &vision, const Weights &weights, const float *pixels, int64_t size)
      : vision(vision), weights(weights), pixels(pixels), size(size), side(size / vision.patch) {}

  Rows features() const {
    Rows x = embedded();
    if (vision.normBefore)
      normalize(x, tower + "ln_pre");
    for (int64_t i = 0; i < vision.layers; ++i)
      block(x, blockName(i));
    if (vision.normBehind)
      normalize(x, tower + "ln_post");
    if (vision.classToken)
      x.erase(x.begin());
    int64_t length = side;
    for (const char *name : {"vit_downsampler1", "vit_downsampler2"})
      x = convolution(x, length, tower + name);
    Rows result;
    const std::string projector = "vit_large_projector.";
    for (const Vector &row : x)
      result.push_back(affine(at(projector + "weight"),
                              vision.projectorBias ? &at(projector + "bias") : nullptr, row));
    return result;
  }

private:
  const Vector &at(const std::string &name) const { return weights.at(name); }

  Rows embedded() const {
    Rows x;
    if (vision.classToken)
      x.push_back(at(tower + "class_embedding"));
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column) {
        Vector patch;
        for (int64_t channel = 0; channel < vision.channels; ++channel)
          for (int64_t y = row * vision.patch; y < (row + 1) * vision.patch; ++y)
            for (int64_t c = column * vision.patch; c < (column + 1) * vision.patch; ++c)
              patch.push_back(pixels[(channel * size + y) * size + c]);
        x.push_back(affine(at(tower + "conv1.weight"), nullptr, patch));
      }
    if (vision.positions)
      addPositions(x);
    return x;
  }

  /// Bilinear resampling with corners not aligned (E.1, 2).
  void addPositions(Rows &x) const {
    const Vector &table = at(tower + "positional_embedding");
    const auto width = static_cast<size_t>(vision.width);
    const int64_t from = vision.imageSize / vision.patch;
    const size_t classes = vision.classToken ? 1 : 0;
    auto add = [&](size_t token, size_t entry, double share) {
      for (size_t i = 0; i < width; ++i)
        x[token][i] += share * table[entry * width + i];
    };
    if (vision.classToken)
      add(0, 0, 1);
    auto place = [&](int64_t index) {
      return std::max(0.0, (static_cast<double>(index) + 0.5) * static_cast<double>(from) /
                                   static_cast<double>(side) -
                               0.5);
    };
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column)
        for (int64_t y = 0; y < from; ++y)
          for (int64_t c = 0; c < from; ++c) {
            // Beyond the last entry there is only that one.
            auto share = [&](double where, int64_t entry) {
              where = std::min(where, static_cast<double>(from - 1));
              return std::max(0.0, 1 - std::abs(where - static_cast<double>(entry)));
            };
            add(static_cast<size_t>(row * side + column) + classes,
                static_cast<size_t>(y * from + c) + classes,
                share(place(row), y) * share(place(column), c));
          }
  }

  void normalize(Rows &x, const std::string &name) const {
    const Vector &weight = at(name + ".weight"), &bias = at(name + ".bias");
    for (Vector &row : x) {
      double mean = 0, variance = 0;
      for (double value : row)
        mean += value / static_cast<double>(row.size());
      for (double value : row)
        variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
      for (size_t i = 0; i < row.size(); ++i)
        row[i] = (row[i] - mean) / std::sqrt(variance + vision.eps) * weight[i] + bias[i];
    }
  }

  /// Angle `pair` of a head of a token.
  double angle(size_t token, size_t pair) const {
    const auto classes = static_cast<int64_t>(vision.classToken);
    if (!vision.rope || static_cast<int64_t>(token) < classes)
      return 0;
    const int64_t place = static_cast<int64_t>(token) - classes;
    const auto perAxis = static_cast<size_t>(vision.width / vision.heads / 4);
    const bool column = (pair < perAxis) != vision.rowFirst;
    const int64_t index = (column ? place % side : place / side) + classes;
    return static_cast<double>(index) *
           std::pow(vision.theta,
                    -static_cast<double>(pair % perAxis) / static_cast<double>(perAxis));
  }

  void rotate(Vector &row, size_t begin, size_t token) const {
    const auto dim = static_cast<size_t>(vision.width / vision.heads);
    for (size_t i = 0; i < static_cast<size_t>(vision.width); i += 2) {
      const double turn = angle(token, i % dim / 2);
      const double a = row[begin + i], b = row[begin + i + 1];
      row[begin + i] = a * std::cos(turn) - b * std::sin(turn);
      row[begin + i + 1] = b * std::cos(turn) + a * std::sin(turn);
    }
  }

  Rows attention(const Rows &x, const std::string &name) const {
    const auto width = static_cast<size_t>(vision.width);
    const auto dim = static_cast<size_t>(vision.width / vision.heads);
    Rows packed, result;
    for (size_t t = 0; t < x.size(); ++t) {
      packed.push_back(affine(at(name + "in_proj_weight"), &at(name + "in_proj_bias"), x[t]));
      rotate(packed[t], 0, t);
      rotate(packed[t], width, t);
    }
    for (const Vector &query : packed) {
      Vector attended(width, 0.0);
      for (size_t head = 0; head < width; head += dim) {
        Vector share;
        double total = 0;
        for (const Vector &key : packed) {
          double score = 0;
          for (size_t i = head; i < head + dim; ++i)
            score += query[i] * key[width + i];
          share.push_back(std::exp(score / std::sqrt(static_cast<double>(dim))));
          total += share.back();
        }
        for (size_t k = 0; k < packed.size(); ++k)
          for (size_t i = head; i < head + dim; ++i)
            attended[i] += share[k] / total * packed[k][2 * width + i];
      }
      result.push_back(affine(at(name + "out_proj.weight"), &at(name + "out_proj.bias"), attended));
    }
    return result;
  }

  void block(Rows &x, const std::string &name) const {
    auto addScaled = [&](size_t token, const Vector &branch, const Vector &gamma) {
      for (size_t i = 0; i < branch.size(); ++i)
        x[token][i] += gamma[i] * branch[i];
    };
    Rows normed = x;
    normalize(normed, name + "ln_1");
    const Rows attended = attention(normed, name + "attn.");
    for (size_t t = 0; t < x.size(); ++t)
      addScaled(t, attended[t], at(name + "ls_1.gamma"));
    normed = x;
    normalize(normed, name + "ln_2");
    for (size_t t = 0; t < x.size(); ++t) {
      Vector hidden = affine(at(name + "mlp.c_fc.weight"), &at(name + "mlp.c_fc.bias"), normed[t]);
      for (double &value : hidden)
        value /= 1 + std::exp(-1.702 * value);
      addScaled(t, affine(at(name + "mlp.c_proj.weight"), &at(name + "mlp.c_proj.bias"), hidden),
                at(name + "ls_2.gamma"));
    }
  }

  /// 3×3, stride 2, padding 1; `length` is the side before, then behind it.
  Rows convolution(const Rows &x, int64_t &length, const std::string &name) const {
    const Vector &weight = at(name + ".weight"), &bias = at(name + ".bias");
    const size_t in = x[0].size();
    Rows result;
    for (int64_t row = 0; row < length; row += 2)
      for (int64_t column = 0; column < length; column += 2) {
        Vector sum = bias;
        for (int64_t y = 0; y < 3; ++y)
          for (int64_t c = 0; c < 3; ++c) {
            const int64_t fromRow = row + y - 1, fromColumn = column + c - 1;
            if (fromRow < 0 || fromRow >= length || fromColumn < 0 || fromColumn >= length)
              continue;
            const Vector &source = x[static_cast<size_t>(fromRow * length + fromColumn)];
            for (size_t o = 0; o < sum.size(); ++o)
              for (size_t i = 0; i < in; ++i)
                sum[o] += weight[(o * in + i) * 9 + static_cast<size_t>(y * 3 + c)] * source[i];
          }
        result.push_back(std::move(sum));
      }
    length = (length + 1) / 2;
    return result;
  }

  const TinyVision &vision;
  const Weights &weights;
  const float *pixels;
  int64_t size, side;
};

} // namespace

std::string configText(const TinyModel &model, const TinyVision &vision) {
  nlohmann::json text = nlohmann::json::parse(configText(model));
  nlohmann::json config{{"model_type", "step3p7"},
                        {"image_token_id", vision.imageToken},
                        {"projector_bias", vision.projectorBias},
                        {"vision_config",
                         {{"width", vision.width},
                          {"layers", vision.layers},
                          {"heads", vision.heads},
                          {"intermediate_size", vision.mlpWidth},
                          {"num_channels", vision.channels},
                          {"image_size", vision.imageSize},
                          {"patch_size", vision.patch},
                          {"layer_norm_eps", vision.eps},
                          {"rope_theta", vision.theta},
                          {"use_cls_token", vision.classToken},
                          {"use_ln_pre", vision.normBefore},
                          {"use_ln_post", vision.normBehind},
                          {"use_abs_posemb", vision.positions},
                          {"use_rope2d", vision.rope}}}};
  text["model_type"] = "step3p5";
  config["text_config"] = std::move(text);
  return config.dump(1);
}

Shapes tensorShapes(const TinyVision &vision, int64_t hidden) {
  const int64_t width = vision.width, side = vision.imageSize / vision.patch;
  Shapes shapes;
  auto addAffine = [&](const std::string &name, std::vector<int64_t> shape) {
    shapes[name + ".bias"] = {shape[0]};
    shapes[name + ".weight"] = std::move(shape);
  };
  shapes[tower + "conv1.weight"] = {width, vision.channels, vision.patch, vision.patch};
  if (vision.classToken)
    shapes[tower + "class_embedding"] = {width};
  if (vision.positions)
    shapes[tower + "positional_embedding"] = {side * side + (vision.classToken ? 1 : 0), width};
  if (vision.normBefore)
    addAffine(tower + "ln_pre", {width});
  if (vision.normBehind)
    addAffine(tower + "ln_post", {width});
  for (int64_t i = 0; i < vision.layers; ++i) {
    const std::string name = blockName(i);
    addAffine(name + "ln_1", {width});
    addAffine(name + "ln_2", {width});
    shapes[name + "attn.in_proj_weight"] = {3 * width, width};
    shapes[name + "attn.in_proj_bias"] = {3 * width};
    addAffine(name + "attn.out_proj", {width, width});
    addAffine(name + "mlp.c_fc", {vision.mlpWidth, width});
    addAffine(name + "mlp.c_proj", {width, vision.mlpWidth});
    shapes[name + "ls_1.gamma"] = shapes[name + "ls_2.gamma"] = {width};
  }
  addAffine(tower + "vit_downsampler1", {2 * width, width, 3, 3});
  addAffine(tower + "vit_downsampler2", {4 * width, 2 * width, 3, 3});
  shapes["vit_large_projector.weight"] = {hidden, 4 * width};
  if (vision.projectorBias)
    shapes["vit_large_projector.bias"] = {hidden};
  return shapes;
}

Weights randomWeights(const TinyVision &vision, int64_t hidden, uint64_t seed) {
  std::mt19937_64 random(seed);
  Weights weights;
  for (const auto &[name, shape] : tensorShapes(vision, hidden)) {
    int64_t elements = 1;
    for (int64_t extent : shape)
      elements *= extent;
    const bool norm = shape.size() == 1 && name.ends_with("weight");
    const double mean = norm ? 1 : name.ends_with("gamma") ? 0.5 : 0;
    // Matrices keep the size of what they multiply.
    const double fanIn = static_cast<double>(elements / shape[0]);
    const double deviation = shape.size() == 1 ? 0.3 : 1 / std::sqrt(fanIn);
    std::normal_distribution<double> normal(mean, name.ends_with("embedding") ? 0.7 : deviation);
    for (int64_t i = 0; i < elements; ++i)
      weights[name].push_back(static_cast<float>(normal(random)));
  }
  return weights;
}

std::vector<std::vector<double>> referenceFeatures(const TinyVision &vision, const Weights &weights,
                                                   const float *pixels, int64_t size) {
  return Tower(vision, weights, pixels, size).features();
}

} // namespace step37::test
