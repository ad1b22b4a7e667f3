// The programs of a model and what they take and give. The parts they are made of:
// DecoderBuilder.h, MtpBuilder.h, VisionBuilder.h.
#include "frontend/ModelBuilder.h"

#include "frontend/MtpBuilder.h"
#include "frontend/VisionBuilder.h"
#include "runtime/plan/Names.h"

using namespace mlir;

namespace step37 {
namespace {

// Elements of the block of logits that a probe reads at a time.
constexpr int64_t logitsBlockElements = 1 << 22;

class ProgramBuilder {
public:
  ProgramBuilder(ModuleBuilder &build, const ModelConfig &config, const FrontendOptions &options)
      : build(build), config(config), options(options), tokens(options.tokens()) {}

  void buildEval();
  void buildAccumulate();

private:
  using Results = std::vector<std::pair<std::string, Value>>;

  /// From token ids to the losses.
  struct Forward {
    Value hidden; // what the output head reads
    HeadLoss loss;
    SmallVector<MtpDepth> mtp;
  };
  Forward forward();

  SmallVector<ProgramArgument> inputs() {
    SmallVector<ProgramArgument> arguments = {
        {plan::names::inputIds, "input", build.i32({tokens}), "token"},
        {plan::names::lossMask, "input", build.f32({tokens}), "token"},
        {plan::names::documentStart, "input", build.i32({tokens}), "token"}};
    if (options.images)
      arguments.append(vision().arguments());
    return arguments;
  }
  VisionBuilder vision() { return VisionBuilder(build, config, options); }

  /// The loss sums of all heads.
  Results lossSums(const Forward &forward) {
    Results results = {{plan::names::lossSum, forward.loss.sum}};
    for (auto [depth, mtp] : llvm::enumerate(forward.mtp))
      results.emplace_back(plan::names::numbered(plan::names::mtpLossSum, int64_t(depth)),
                           mtp.lossSum);
    return results;
  }

  void keep(StringRef state, Value hidden) {
    ir::WriteOp::create(build.ops(), build.location(), state, hidden);
  }
  void buildLogits(const Twine &program, StringRef state, const TensorAt &head);

  ModuleBuilder &build;
  const ModelConfig &config;
  const FrontendOptions &options;
  int64_t tokens;
};

ProgramBuilder::Forward ProgramBuilder::forward() {
  DecoderBuilder decoder(build, config, options);
  Forward result;
  Value features = options.images ? vision().features() : Value();
  auto embed = [&](Value ids, int64_t ahead) {
    Value embedded = decoder.embed(ids);
    return options.images ? vision().insert(embedded, features, ahead) : embedded;
  };
  Value stream = decoder.layers(embed(build.argument(plan::names::inputIds), 0));
  result.hidden = decoder.finalNorm(stream);
  const TensorAt head = TensorId::lmHead;
  build.setPath(head.module());
  Targets targets = decoder.targets(1);
  result.loss = decoder.loss(result.hidden, head, targets);
  if (options.mtp)
    result.mtp = buildMtp(build, decoder, config, options, embed, stream, result.hidden, targets);
  return result;
}

void ProgramBuilder::buildEval() {
  build.beginProgram(plan::evaluateProgram, inputs());
  Forward result = forward();
  keep(plan::names::finalHidden, result.hidden);
  for (auto [depth, mtp] : llvm::enumerate(result.mtp))
    keep(plan::names::numbered(plan::names::mtpHidden, int64_t(depth)), mtp.hidden);
  Results results = lossSums(result);
  results.emplace_back(plan::names::tokenLoss, result.loss.ofTokens);
  build.endProgram(results);

  buildLogits(plan::logitsProgram, plan::names::finalHidden, TensorId::lmHead);
  for (size_t depth = 0; depth < result.mtp.size(); ++depth)
    buildLogits(plan::names::numbered(plan::mtpLogitsProgram, int64_t(depth)),
                plan::names::numbered(plan::names::mtpHidden, int64_t(depth)),
                mtpHead(config, options, int64_t(depth)));
}

/// A block of rows of what `eval` has kept, times an output head.
void ProgramBuilder::buildLogits(const Twine &program, StringRef state, const TensorAt &head) {
  RankedTensorType type = build.tensor({tokens, config.hidden});
  build.setPath(TensorAt(TensorId::finalNorm).module());
  ir::StateOp::create(build.ops(), build.location(), state, type, ir::StateRole::Activation,
                      FlatSymbolRefAttr(), /*partial=*/ArrayAttr(), /*slot=*/StringAttr());
  build.beginProgram(program.str(), {{plan::names::chunk, "scalar", build.i32({1})}});
  Value hidden = ir::ReadOp::create(build.ops(), build.location(), type, state);
  build.setPath(head.module());
  // A block of every batch: each is read by itself.
  int64_t rows = options.batches *
                 std::clamp<int64_t>(logitsBlockElements / config.vocab, 1, options.batchTokens());
  Value block =
      ir::TakeRowsOp::create(build.ops(), build.location(), build.tensor({rows, config.hidden}),
                             hidden, build.argument(plan::names::chunk), options.batches);
  build.setPath("");
  build.endProgram({{plan::names::logits, build.linear(block, head, /*wide=*/true)}});
}

void ProgramBuilder::buildAccumulate() {
  RankedTensorType scalar = build.f32({1});
  SmallVector<std::string> scales = {plan::names::lossScale};
  if (options.mtp)
    for (size_t depth = 0; depth < config.mtp_layers.size(); ++depth)
      scales.push_back(plan::names::numbered(plan::names::mtpLossScale, int64_t(depth)));
  SmallVector<ProgramArgument> arguments = inputs();
  for (const std::string &name : scales)
    arguments.push_back({name, "scalar", scalar});
  arguments.push_back({plan::names::accumulateBeta, "scalar", scalar});
  build.beginProgram(plan::accumulateProgram, arguments);
  Results results = lossSums(forward());
  SmallVector<Value> losses, factors;
  for (auto &[name, loss] : results)
    losses.push_back(loss);
  for (const std::string &name : scales)
    factors.push_back(build.argument(name));
  ir::ObjectiveOp::create(build.ops(), build.location(), losses, factors,
                          build.argument(plan::names::accumulateBeta));
  build.endProgram(results);
}

} // namespace

OwningOpRef<ModuleOp> buildModel(MLIRContext &context, const ModelConfig &config,
                                 const FrontendOptions &options) {
  context.loadDialect<ir::Step37Dialect, func::FuncDialect, tensor::TensorDialect>();
  ModuleBuilder build(context, options.type);
  for (const PublishedTensor &tensor : inventory(config)) {
    if (options.computes(tensor))
      build.addParameter(tensor, initialDistribution(config, tensor), options.trains(tensor));
    else
      build.addCarried(tensor);
  }
  ProgramBuilder programs(build, config, options);
  if (options.eval)
    programs.buildEval();
  if (options.train)
    programs.buildAccumulate();
  return build.take();
}

} // namespace step37
