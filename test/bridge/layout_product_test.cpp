// Layouts, proved by computing with them: the products that each rank forms from its own file are
// slices of, or sum up to, the products with the whole tensors. A round trip cannot show this: it
// undoes any permutation of rows.
#include "test/bridge/conversion_support.h"

#include <cmath>

namespace step37::test {

struct Case {
  Layout layout;
  int64_t tp, ep, etp;
};

class LayoutProduct : public ::testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    const Case &param = GetParam();
    toRanks(goldenDirectory(), scratch.path() / "ranks",
            {param.layout, mesh(param.tp, param.ep, param.etp)});
    for (int64_t rank = 0; rank < ranks(); ++rank)
      files.emplace_back(scratch.path() / "ranks" / rankFileName(rank));
  }

  int64_t ranks() const {
    return distinctRanks(mesh(GetParam().tp, GetParam().ep, GetParam().etp));
  }
  bool isPlan() const { return GetParam().layout == Layout::plan; }
  Matrix whole(const std::string &name) const { return readMatrix(golden, name); }
  Matrix local(int64_t rank, const std::string &ours, const std::string &megatron) const {
    return readMatrix(files[static_cast<size_t>(rank)],
                      isPlan() ? ours : "language_model." + megatron);
  }
  static std::vector<float> someVector(int64_t size, int seed) {
    std::vector<float> x(static_cast<size_t>(size));
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(std::sin(double(i + 1) * (seed + 0.7)));
    return x;
  }

  /// What a rank's fused projection gives, taken apart as its runtime does: queries, keys, values
  /// and gates of its heads in head order.
  struct Projected {
    std::vector<float> q, k, v, gate;
  };
  Projected split(const std::vector<float> &y, int64_t heads, int64_t groups, int64_t dim) const {
    Projected result;
    size_t at = 0;
    const auto take = [&](std::vector<float> &to, int64_t count) {
      to.insert(to.end(), y.begin() + at, y.begin() + at + count);
      at += static_cast<size_t>(count);
    };
    if (isPlan()) {
      take(result.q, heads * dim);
      take(result.k, groups * dim);
      take(result.v, groups * dim);
      take(result.gate, heads);
      return result;
    }
    const bool expanded = GetParam().layout == Layout::megatronExpanded;
    for (int64_t group = 0; group < groups; ++group) {
      take(result.q, heads / groups * dim);
      if (expanded)
        take(result.gate, heads / groups * dim); // once an element of the head's output
      take(result.k, dim);
      take(result.v, dim);
    }
    if (!expanded)
      take(result.gate, heads);
    EXPECT_EQ(at, y.size());
    return result;
  }

  static std::vector<float> part(const std::vector<float> &all, int64_t index, int64_t ways) {
    const int64_t count = static_cast<int64_t>(all.size()) / ways;
    return {all.begin() + index * count, all.begin() + (index + 1) * count};
  }
  static void accumulate(std::vector<float> &sum, const std::vector<float> &values) {
    sum.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i)
      sum[i] += values[i];
  }

  /// silu(gate) ⊙ up of a fused product [gate; up].
  static std::vector<float> gated(const std::vector<float> &y) {
    const size_t width = y.size() / 2;
    std::vector<float> result(width);
    for (size_t i = 0; i < width; ++i)
      result[i] = y[i] / (1 + std::exp(-y[i])) * y[width + i];
    return result;
  }
  static Matrix below(Matrix top, const Matrix &bottom) {
    top.values.insert(top.values.end(), bottom.values.begin(), bottom.values.end());
    top.shape = {static_cast<int64_t>(top.values.size()) / bottom.columns(), bottom.columns()};
    return top;
  }

  Scratch scratch;
  safetensors::File golden{goldenDirectory() / "model.safetensors"};
  std::vector<safetensors::File> files;
};

TEST_P(LayoutProduct, Attention) {
  const int64_t tp = GetParam().tp, groups = 2, dim = 16;
  // A layer of full attention, a sliding one, one of multi-token prediction.
  struct Layer {
    std::string ours, megatron;
    int64_t heads;
  };
  for (const Layer &layer : {Layer{"model.layers.0.", "decoder.layers.0.", 4},
                             Layer{"model.layers.3.", "decoder.layers.3.", 6},
                             Layer{"model.layers.7.", "mtp.layers.1.mtp_model_layer.", 6}}) {
    const std::vector<float> x = someVector(64, 1);
    const auto wholeOf = [&](const char *name) {
      return product(whole(layer.ours + "self_attn." + name + ".weight"), x);
    };
    std::vector<float> output;
    for (int64_t rank = 0; rank < ranks(); ++rank) {
      const Projected mine =
          split(product(local(rank, layer.ours + "self_attn.qkvg_proj.weight",
                              layer.megatron + "self_attention.linear_qkv.weight"),
                        x),
                layer.heads / tp, groups / tp, dim);
      const int64_t at = rank % tp;
      expectNear(mine.q, part(wholeOf("q_proj"), at, tp), layer.ours + "q");
      expectNear(mine.k, part(wholeOf("k_proj"), at, tp), layer.ours + "k");
      expectNear(mine.v, part(wholeOf("v_proj"), at, tp), layer.ours + "v");
      std::vector<float> gate = part(wholeOf("g_proj"), at, tp);
      if (GetParam().layout == Layout::megatronExpanded) {
        std::vector<float> repeated;
        for (float value : gate)
          repeated.insert(repeated.end(), dim, value);
        gate = repeated;
      }
      expectNear(mine.gate, gate, layer.ours + "gate");
      if (rank < tp) // the other ranks repeat these
        accumulate(output, product(local(rank, layer.ours + "self_attn.o_proj.weight",
                                         layer.megatron + "self_attention.linear_proj.weight"),
                                   part(someVector(layer.heads * dim, 2), at, tp)));
    }
    expectNear(
        output,
        product(whole(layer.ours + "self_attn.o_proj.weight"), someVector(layer.heads * dim, 2)),
        layer.ours + "o");
  }
}

TEST_P(LayoutProduct, DenseAndSharedMlp) {
  const std::vector<float> x = someVector(64, 3);
  for (const auto &[ours, megatron] :
       {std::pair<std::string, std::string>{"model.layers.0.mlp.", "decoder.layers.0.mlp."},
        {"model.layers.2.share_expert.", "decoder.layers.2.mlp.shared_experts."}}) {
    std::vector<float> output;
    for (int64_t rank = 0; rank < GetParam().tp; ++rank)
      accumulate(output,
                 product(local(rank, ours + "down_proj.weight", megatron + "linear_fc2.weight"),
                         gated(product(local(rank, ours + "gate_up_proj.weight",
                                             megatron + "linear_fc1.weight"),
                                       x))));
    expectNear(
        output,
        product(whole(ours + "down_proj.weight"),
                gated(product(
                    below(whole(ours + "gate_proj.weight"), whole(ours + "up_proj.weight")), x))),
        ours);
  }
}

TEST_P(LayoutProduct, Experts) {
  const int64_t ep = GetParam().ep, etp = GetParam().etp, experts = 8, width = 24, hidden = 64;
  const std::vector<float> x = someVector(hidden, 4);
  const std::string ours = "model.layers.4.moe.", megatron = "decoder.layers.4.mlp.experts.";
  std::vector<std::vector<float>> outputs(experts);
  for (int64_t rank = 0; rank < ep * etp; ++rank)
    for (int64_t i = 0; i < experts / ep; ++i) {
      Matrix up = local(rank, ours + "gate_up_proj.weight",
                        megatron + "linear_fc1.weight" + std::to_string(i));
      Matrix down = local(rank, ours + "down_proj.weight",
                          megatron + "linear_fc2.weight" + std::to_string(i));
      if (isPlan()) {
        up = up.slice(i * 2 * width / etp, 2 * width / etp);
        down = down.slice(i * hidden, hidden);
      }
      accumulate(outputs[static_cast<size_t>(rank / etp % ep * (experts / ep) + i)],
                 product(down, gated(product(up, x))));
    }
  for (int64_t e = 0; e < experts; ++e)
    expectNear(outputs[static_cast<size_t>(e)],
               product(whole(ours + "down_proj.weight").slice(e * hidden, hidden),
                       gated(product(below(whole(ours + "gate_proj.weight").slice(e * width, width),
                                           whole(ours + "up_proj.weight").slice(e * width, width)),
                                     x))),
               "expert " + std::to_string(e));
}

TEST_P(LayoutProduct, VocabularyAndMtpHeads) {
  const std::vector<float> x = someVector(64, 5);
  const std::string head = "model.layers.6.transformer.shared_head.output.weight";
  for (const auto &[ours, megatron] :
       {std::pair<std::string, std::string>{"lm_head.weight", "output_layer.weight"},
        {head, "mtp.layers.0.output_layer.weight"}}) {
    std::vector<float> logits;
    for (int64_t rank = 0; rank < GetParam().tp; ++rank) {
      const std::vector<float> rows = product(local(rank, ours, megatron), x);
      logits.insert(logits.end(), rows.begin(), rows.end());
    }
    expectNear(logits, product(whole(ours), x), ours);
  }
}

INSTANTIATE_TEST_SUITE_P(Meshes, LayoutProduct, ::testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (Layout layout :
                                {Layout::plan, Layout::megatron, Layout::megatronExpanded})
                             for (int64_t tp : {1, 2})
                               for (const auto &[ep, etp] :
                                    {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {4, 1}, {2, 2}})
                                 cases.push_back({layout, tp, ep, etp});
                           return cases;
                         }()),
                         [](const auto &info) {
                           std::string layout(name(info.param.layout));
                           std::erase(layout, '-');
                           return layout + "_tp" + std::to_string(info.param.tp) + "_ep" +
                                  std::to_string(info.param.ep) + "_etp" +
                                  std::to_string(info.param.etp);
                         });

} // namespace step37::test
