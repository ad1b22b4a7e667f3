// A complete small plan built by hand, for tests of what surrounds a plan: next-token scores are
// head · embedding[token], so a bigram model of two parameters. It has every program and every
// fixed name that compiled plans have. What the numbers ought to be is BigramModel.h.
#pragma once

#include "runtime/base/Sha256.h"
#include "test/runtime/PlanBuilder.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace step37::test {

struct BigramShape {
  int64_t microBatch = 2, seqLen = 12, vocab = 40, width = 8;
  int64_t logitRows = 7; // does not divide the tokens
  DType type = DType::f32;
  DType gradType = DType::f32;
  bool trainEmbedding = true; // else it is frozen
};

class BigramPlanBuilder : PlanBuilder {
public:
  explicit BigramPlanBuilder(const BigramShape &shape) : shape(shape) {}

  plan::Plan build() {
    buffers();
    accumulate();
    update();
    evaluate();
    logits();
    return finish();
  }

private:
  spec::Gemm headProduct(int64_t rows, DType c) const {
    return productWithTransposed(rows, shape.vocab, shape.width, shape.type, c);
  }

  void buffers() {
    const std::vector<int64_t> table{shape.vocab, shape.width}, rows{tokens};
    for (const auto &[name, published] : parameters) {
      add(name, Cls::parameter, Kind::weights, shape.type, table);
      if (!isTrained(name))
        continue;
      add(name + ".gradient", Cls::state, Kind::gradients, shape.gradType, table);
      if (shape.type != DType::f32)
        add(name + ".master", Cls::state, Kind::optimizer, DType::f32, table);
      add(name + ".moment1", Cls::state, Kind::optimizer, DType::f32, table);
      add(name + ".moment2", Cls::state, Kind::optimizer, DType::f32, table);
    }
    add("hidden", Cls::state, Kind::activations, shape.type, {tokens, shape.width});
    add("input_ids", Cls::input, Kind::io, DType::i32, rows);
    add("loss_mask", Cls::input, Kind::io, DType::f32, rows);
    add("document_start", Cls::input, Kind::io, DType::i32, rows);
    for (const char *name : {"loss_scale", "accumulate_beta", "max_norm"})
      add(name, Cls::scalar, Kind::io, DType::f32, {1});
    add("hyper", Cls::scalar, Kind::io, DType::f32, {7});
    add("chunk", Cls::scalar, Kind::io, DType::i32, {1});
    add("loss_sum", Cls::output, Kind::io, DType::f32, {1});
    add("grad_norm", Cls::output, Kind::io, DType::f32, {1});
    add("token_loss", Cls::output, Kind::io, DType::f32, rows);
    add("logits", Cls::output, Kind::io, DType::f32, {shape.logitRows, shape.vocab});
  }

  void accumulate() {
    program("accumulate");
    temporary("x", shape.type, {tokens, shape.width});
    temporary("dx", shape.type, {tokens, shape.width});
    temporary("labels", DType::i32, {tokens});
    temporary("weights", DType::f32, {tokens});
    temporary("loss_logits", DType::f32, {tokens, shape.vocab});
    temporary("dlogits", DType::f32, {tokens, shape.vocab});
    temporary("embed_workspace", DType::i32, {2 * tokens + shape.vocab + 1});
    launch(spec::Embedding{tokens, shape.vocab, shape.width, shape.type},
           {"input_ids", "embed", "x"}, "model.embed_tokens");
    launch(spec::ShiftLabels{tokens, shape.seqLen, 1},
           {"input_ids", "loss_mask", "document_start", "labels", "weights"}, "loss");
    launch(headProduct(tokens, DType::f32), {"x", "head", "loss_logits"}, "lm_head");
    launch(spec::LogitsLoss{tokens, shape.vocab, true, DType::f32},
           {"loss_logits", "labels", "weights", "loss_scale", "token_loss", "dlogits"}, "lm_head");
    launch(product(tokens, shape.width, shape.vocab, DType::f32, shape.type, shape.type),
           {"dlogits", "head", "dx"}, "lm_head");
    spec::Gemm gradient =
        product(shape.vocab, shape.width, tokens, DType::f32, shape.type, shape.gradType);
    gradient.transpose_a = gradient.accumulate = true;
    gradient.a_stride = shape.vocab;
    launch(gradient, {"dlogits", "x", "head.gradient", "accumulate_beta"}, "lm_head");
    if (shape.trainEmbedding)
      launch(spec::EmbeddingGrad{tokens, shape.vocab, shape.width, shape.type, shape.gradType},
             {"input_ids", "dx", "accumulate_beta", "embed.gradient", "embed_workspace"},
             "model.embed_tokens");
    launch(spec::ReduceSum{tokens}, {"token_loss", "loss_sum"}, "loss");
  }

  void update() {
    program("update");
    const int64_t elements = shape.vocab * shape.width;
    const int64_t blocks = (elements - 1) / spec::SumOfSquares::block + 1;
    temporary("clip", DType::f32, {1});
    std::vector<std::string> trained, squares;
    for (const auto &[name, published] : parameters)
      if (isTrained(name))
        trained.push_back(name);
    for (const std::string &name : trained) {
      squares.push_back(name + ".squares");
      temporary(squares.back(), DType::f32, {blocks});
      launch(spec::SumOfSquares{elements, shape.gradType}, {name + ".gradient", squares.back()},
             name);
    }
    spec::GlobalNorm norm;
    norm.sizes.assign(squares.size(), blocks);
    squares.insert(squares.end(), {"max_norm", "grad_norm", "clip"});
    launch(norm, squares, "optimizer");
    for (const std::string &name : trained) {
      const bool ownMaster = shape.type != DType::f32;
      std::vector<std::string> arguments{
          name + ".gradient", "hyper",          "clip", ownMaster ? name + ".master" : name,
          name + ".moment1",  name + ".moment2"};
      if (ownMaster)
        arguments.push_back(name);
      launch(spec::AdamW{elements, true, ownMaster, shape.type, shape.gradType}, arguments, name);
    }
  }

  void evaluate() {
    program("eval");
    temporary("eval_labels", DType::i32, {tokens});
    temporary("eval_weights", DType::f32, {tokens});
    temporary("eval_logits", DType::f32, {tokens, shape.vocab});
    launch(spec::Embedding{tokens, shape.vocab, shape.width, shape.type},
           {"input_ids", "embed", "hidden"}, "model.embed_tokens");
    launch(spec::ShiftLabels{tokens, shape.seqLen, 1},
           {"input_ids", "loss_mask", "document_start", "eval_labels", "eval_weights"}, "loss");
    launch(headProduct(tokens, DType::f32), {"hidden", "head", "eval_logits"}, "lm_head");
    launch(spec::LogitsLoss{tokens, shape.vocab, false, DType::f32},
           {"eval_logits", "eval_labels", "eval_weights", "token_loss"}, "lm_head");
    launch(spec::ReduceSum{tokens}, {"token_loss", "loss_sum"}, "loss");
  }

  void logits() {
    program("logits");
    temporary("logit_rows", shape.type, {shape.logitRows, shape.width});
    launch(spec::TakeRows{tokens, shape.logitRows, shape.width, shape.type},
           {"hidden", "chunk", "logit_rows"}, "lm_head");
    launch(headProduct(shape.logitRows, DType::f32), {"logit_rows", "head", "logits"}, "lm_head");
  }

  plan::Plan finish() {
    plan::Plan plan;
    plan.compiler_version = "by hand";
    plan.blobs.push_back({"config.json", "{\"model_type\": \"bigram\"}\n"});
    plan.config_sha256 = sha256Hex(plan.blobs[0].bytes);
    plan.model_type = "bigram";
    plan.type = shape.type;
    plan.micro_batch = shape.microBatch;
    plan.seq_len = shape.seqLen;
    plan.vocab = shape.vocab;
    for (const auto &[name, published] : parameters) {
      plan::Parameter parameter;
      parameter.name = parameter.buffer = name;
      parameter.trained = isTrained(name);
      if (parameter.trained) {
        parameter.gradient = name + ".gradient";
        parameter.master = shape.type == DType::f32 ? "" : name + ".master";
        parameter.moment1 = name + ".moment1";
        parameter.moment2 = name + ".moment2";
      }
      plan::Part part;
      part.name = published;
      part.type = shape.type;
      part.shape = {shape.vocab, shape.width};
      part.block = part.stride = shape.vocab * shape.width;
      part.init_std = 0.02;
      parameter.parts.push_back(std::move(part));
      plan.parameters.push_back(std::move(parameter));
    }
    plan.targets.push_back(std::move(target));
    return plan;
  }

  bool isTrained(const std::string &name) const { return shape.trainEmbedding || name == "head"; }

  /// Names of the parameters and of their published tensors.
  const std::vector<std::pair<std::string, std::string>> parameters{
      {"embed", "model.embed_tokens.weight"}, {"head", "lm_head.weight"}};
  BigramShape shape;
  int64_t tokens = shape.microBatch * shape.seqLen;
};

inline plan::Plan bigramPlan(const BigramShape &shape = {}) {
  return BigramPlanBuilder(shape).build();
}

} // namespace step37::test
