// The bigram plan (BigramPlan.h) for dp·tp ranks, built by hand: rows of tokens over dp; embedding
// and head, and with them logits and loss, over tp by rows of the vocabulary, padded where tp does
// not divide it; with `zero` the optimizer's state over dp. It computes what the plan of one rank
// does, up to the order of sums.
#pragma once

#include "runtime/plan/Mesh.h"
#include "test/runtime/AdamWScalars.h"
#include "test/runtime/BigramPlan.h"

namespace step37::test {

struct MeshShape {
  int64_t dp = 1, tp = 1;
  bool zero = false; // dp divides a rank's elements of a parameter
};

class MeshBigramPlanBuilder : PlanBuilder {
public:
  /// `shape.microBatch`: rows of a dp rank.
  MeshBigramPlanBuilder(const BigramShape &shape, const MeshShape &mesh)
      : shape(shape), mesh(plan::makeMesh(mesh.dp, mesh.tp, 1, 1)), zero(mesh.zero),
        dpAxes(mesh.dp > 1 ? Axes{"dp"} : Axes{}), tpAxes(mesh.tp > 1 ? Axes{"tp"} : Axes{}) {}

  plan::Plan build() {
    buffers();
    accumulate();
    update();
    evaluate();
    logits();
    plan::Plan plan = bigramPlan(shape);
    plan.mesh = mesh;
    for (plan::Parameter &parameter : plan.parameters) {
      if (zero && parameter.state("master").empty())
        parameter.states.insert(parameter.states.begin(), {"master", parameter.name + ".master"});
      parameter.gradient_partial = dpAxes;
      if (zero)
        parameter.state_split = dpAxes;
      plan::Part &part = parameter.parts[0];
      part.split = split({tpAxes, {}});
      part.block = part.stride = elements;
    }
    plan.targets = {std::move(target)};
    return plan;
  }

private:
  using Axes = std::vector<std::string>;

  /// Empty where it splits nothing.
  static plan::Split split(plan::Split axes) {
    for (const Axes &dimension : axes)
      if (!dimension.empty())
        return axes;
    return {};
  }

  int64_t ranks(const Axes &axes) const { return plan::rankCount(mesh, axes); }

  /// The result of an exchange of `in` over these axes: `out`, a temporary where there is no such
  /// buffer; `in` itself where there are no axes.
  std::string exchange(spec::Exchange kind, const Axes &axes, int64_t count, DType type,
                       const std::string &in, const std::string &out) {
    if (axes.empty())
      return in;
    const spec::Collective collective{kind, axes, ranks(axes), count, type};
    if (target.findBuffer(out) < 0)
      temporary(out, type, {collective.arguments()[1].elements});
    launch(collective, {in, out}, "exchange");
    return out;
  }

  spec::Gemm headProduct(int64_t rows, DType c) const {
    return productWithTransposed(rows, vocab, shape.width, shape.type, c);
  }

  void buffers() {
    const std::vector<int64_t> table{vocab, shape.width};
    for (const std::string &name : names) {
      add(name, Cls::parameter, Kind::weights, shape.type, table);
      add(name + ".gradient", Cls::state, Kind::gradients, shape.gradType, table);
      if (zero || shape.type != DType::f32)
        add(name + ".master", Cls::state, Kind::optimizer, DType::f32, {share});
      add(name + ".moment1", Cls::state, Kind::optimizer, DType::f32, {share});
      add(name + ".moment2", Cls::state, Kind::optimizer, DType::f32, {share});
    }
    add("hidden", Cls::state, Kind::activations, shape.type, {tokens, shape.width});
    for (const auto &[name, type] : {std::pair{"input_ids", DType::i32},
                                     {"loss_mask", DType::f32},
                                     {"document_start", DType::i32}})
      add(name, Cls::input, Kind::io, type, {tokens}).split = split({dpAxes});
    for (const char *name : {"loss_scale", "accumulate_beta", "max_norm"})
      add(name, Cls::scalar, Kind::io, DType::f32, {1});
    for (const std::string &name : adamwScalars())
      add(name, Cls::scalar, Kind::io, DType::f32, {1});
    add("chunk", Cls::scalar, Kind::io, DType::i32, {1});
    add("coordinate.tp", Cls::scalar, Kind::io, DType::i32, {1}).coordinate = tpAxes;
    add("loss_sum", Cls::output, Kind::io, DType::f32, {1});
    add("grad_norm", Cls::output, Kind::io, DType::f32, {1});
    add("token_loss", Cls::output, Kind::io, DType::f32, {tokens}).split = split({dpAxes});
    add("logits", Cls::output, Kind::io, DType::f32, {shape.logitRows, vocab}).split =
        split({dpAxes, tpAxes});
  }

  /// From ids to local ids, hidden state, logits and token_loss. Names of temporaries end in
  /// `suffix`. Returns the hidden state.
  std::string forward(const std::string &suffix) {
    const auto local = [&](const std::string &name) { return name + suffix; };
    temporary(local("local_ids"), DType::i32, {tokens});
    temporary(local("x_part"), shape.type, {tokens, shape.width});
    temporary(local("labels"), DType::i32, {tokens});
    temporary(local("local_labels"), DType::i32, {tokens});
    temporary(local("weights"), DType::f32, {tokens});
    temporary(local("loss_logits"), DType::f32, {tokens, vocab});
    temporary(local("stats"), DType::f32, {tokens, 3});
    temporary(local("lse"), DType::f32, {tokens});
    launch(spec::LocalizeIds{tokens, vocab}, {"input_ids", "coordinate.tp", local("local_ids")},
           "model.embed_tokens");
    launch(spec::Embedding{tokens, vocab, shape.width, shape.type},
           {local("local_ids"), "embed", local("x_part")}, "model.embed_tokens");
    const std::string x = exchange(spec::Exchange::allReduce, tpAxes, tokens * shape.width,
                                   shape.type, local("x_part"), local("x"));
    launch(spec::ShiftLabels{tokens, shape.seqLen, 1},
           {"input_ids", "loss_mask", "document_start", local("labels"), local("weights")}, "loss");
    launch(spec::LocalizeIds{tokens, vocab},
           {local("labels"), "coordinate.tp", local("local_labels")}, "loss");
    launch(headProduct(tokens, DType::f32), {x, "head", local("loss_logits")}, "lm_head");
    launch(spec::LossStats{tokens, vocab, shape.vocab},
           {local("loss_logits"), local("local_labels"), "coordinate.tp", local("stats")},
           "lm_head");
    const std::string stats = exchange(spec::Exchange::allGather, tpAxes, tokens * 3, DType::f32,
                                       local("stats"), local("all_stats"));
    launch(spec::MergeLossStats{ranks(tpAxes), tokens},
           {stats, local("weights"), local("lse"), "token_loss"}, "lm_head");
    if (!dpAxes.empty())
      temporary(local("loss_part"), DType::f32, {1});
    launch(spec::ReduceSum{tokens},
           {"token_loss", dpAxes.empty() ? "loss_sum" : local("loss_part")}, "loss");
    exchange(spec::Exchange::allReduce, dpAxes, 1, DType::f32, local("loss_part"), "loss_sum");
    return x;
  }

  void accumulate() {
    program("accumulate");
    temporary("dlogits", DType::f32, {tokens, vocab});
    temporary("dx_part", shape.type, {tokens, shape.width});
    temporary("embed_workspace", DType::i32, {2 * tokens + vocab + 1});
    const std::string x = forward("");
    launch(
        spec::LogitsGrad{tokens, vocab, shape.vocab, DType::f32},
        {"loss_logits", "local_labels", "weights", "lse", "loss_scale", "coordinate.tp", "dlogits"},
        "lm_head");
    launch(product(tokens, shape.width, vocab, DType::f32, shape.type, shape.type),
           {"dlogits", "head", "dx_part"}, "lm_head");
    spec::Gemm gradient =
        product(vocab, shape.width, tokens, DType::f32, shape.type, shape.gradType);
    gradient.transpose_a = gradient.accumulate = true;
    gradient.a_stride = vocab;
    launch(gradient, {"dlogits", x, "head.gradient", "accumulate_beta"}, "lm_head");
    const std::string dx = exchange(spec::Exchange::allReduce, tpAxes, tokens * shape.width,
                                    shape.type, "dx_part", "dx");
    launch(spec::EmbeddingGrad{tokens, vocab, shape.width, shape.type, shape.gradType},
           {"local_ids", dx, "accumulate_beta", "embed.gradient", "embed_workspace"},
           "model.embed_tokens");
  }

  void update() {
    program("update");
    temporary("clip", DType::f32, {1});
    const Axes shared = zero ? Axes{dpAxes[0]} : Axes{};
    std::vector<std::string> norms, gradients;
    for (const std::string &name : names) {
      temporary(name + ".squares", DType::f32, {1});
      gradients.push_back(exchange(zero ? spec::Exchange::reduceScatter : spec::Exchange::allReduce,
                                   dpAxes, share, shape.gradType, name + ".gradient",
                                   name + ".sum"));
      launch(spec::SumOfSquares{share, shape.gradType}, {gradients.back(), name + ".squares"},
             name);
      const std::string overTp = exchange(spec::Exchange::allGather, tpAxes, 1, DType::f32,
                                          name + ".squares", name + ".tp_squares");
      norms.push_back(exchange(spec::Exchange::allGather, shared, ranks(tpAxes), DType::f32, overTp,
                               name + ".all_squares"));
    }
    const int64_t squares = ranks(tpAxes) * ranks(shared);
    norms.insert(norms.end(), {"max_norm", "grad_norm", "clip"});
    launch(spec::GlobalNorm{{squares, squares}}, norms, "optimizer");
    for (size_t i = 0; i < names.size(); ++i)
      step(names[i], gradients[i]);
  }

  void step(const std::string &name, const std::string &gradient) {
    const bool ownMaster = zero || shape.type != DType::f32;
    std::vector<std::string> arguments = adamwScalars();
    arguments.insert(arguments.begin(), gradient);
    arguments.insert(arguments.end(), {"clip", ownMaster ? name + ".master" : name,
                                       name + ".moment1", name + ".moment2"});
    if (zero)
      temporary(name + ".updated", shape.type, {share});
    if (ownMaster)
      arguments.push_back(zero ? name + ".updated" : name);
    launch(spec::AdamW{share, true, ownMaster, shape.type, shape.gradType}, arguments, name);
    if (zero)
      exchange(spec::Exchange::allGather, dpAxes, share, shape.type, name + ".updated", name);
  }

  void evaluate() {
    program("eval");
    const std::string x = forward(".eval");
    launch(spec::Add{tokens * shape.width, 1, shape.type}, {x, "hidden"}, "model.norm");
  }

  void logits() {
    program("logits");
    temporary("logit_rows", shape.type, {shape.logitRows, shape.width});
    launch(spec::TakeRows{tokens, shape.logitRows, shape.width, shape.type},
           {"hidden", "chunk", "logit_rows"}, "lm_head");
    launch(headProduct(shape.logitRows, DType::f32), {"logit_rows", "head", "logits"}, "lm_head");
  }

  const std::vector<std::string> names{"embed", "head"};
  const BigramShape shape;
  const plan::Mesh mesh;
  const bool zero;
  const Axes dpAxes, tpAxes;
  const int64_t tokens = shape.microBatch * shape.seqLen;
  const int64_t vocab = plan::localSize(shape.vocab, ranks(tpAxes));
  const int64_t elements = vocab * shape.width;
  const int64_t share = zero ? elements / ranks(dpAxes) : elements;
};

inline plan::Plan meshBigramPlan(const BigramShape &shape, const MeshShape &mesh) {
  return MeshBigramPlanBuilder(shape, mesh).build();
}

} // namespace step37::test
