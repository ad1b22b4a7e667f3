// Training with some parameters frozen: gradients go through them and are those of the golden
// model, they themselves have neither gradient nor state in the plan, and training leaves their
// bits.
#include "codegen/emit/EmitPlan.h"
#include "codegen/select/SelectPasses.h"
#include "frontend/ModelBuilder.h"
#include "frontend/config/CanonicalConfig.h"
#include "passes/Passes.h"
#include "runtime/train/InitialWeights.h"
#include "runtime/train/Probe.h"
#include "test/golden/Golden.h"

#include "mlir/Pass/PassManager.h"
#include "runtime/plan/Names.h"
#include "runtime/train/Hyperparameters.h"

#include <functional>

namespace step37::test {
namespace {

/// Whether a parameter, by its published name, is trained.
using Trains = std::function<bool(llvm::StringRef)>;

class Frozen : public GoldenModel {
protected:
  /// The golden text model in float32 for a micro-batch of both rows.
  plan::Plan compileFrozen(const Trains &trains) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    ModelConfig config = loadModelConfig(goldenFile("config.json")).config;
    FrontendOptions options;
    options.microBatch = rows;
    options.seqLen = seqLen;
    options.type = DType::f32;
    mlir::OwningOpRef<mlir::ModuleOp> module = buildModel(context, config, options);
    for (auto parameter : module->getOps<ir::ParameterOp>())
      parameter.setTrained(parameter.getTrained() && trains(parameter.getSymName()));
    mlir::PassManager manager(&context);
    buildLocalPipeline(manager, {});
    manager.addPass(createSelectKernelsPass(SelectKernelsPassOptions{"host"}));
    buildMemoryPipeline(manager);
    EXPECT_TRUE(succeeded(manager.run(*module)));

    plan::Plan plan;
    plan.type = options.type;
    plan.micro_batch = rows;
    plan.seq_len = seqLen;
    plan.vocab = vocab;
    plan.targets.push_back(emitTarget(*module, "host"));
    plan.parameters = emitParameters(*module);
    return plan;
  }

  void initialize(Model &model) {
    std::ostringstream text;
    RunLog log(text, RunLog::Style::quiet);
    initializeWeights(model, goldenFile(""), defaultSeed, log);
  }

  static std::vector<std::byte> bytesOf(Model &model, const std::string &buffer) {
    int index = model.buffer(buffer);
    std::vector<std::byte> bytes(static_cast<size_t>(model.bufferOf(index).bytes()));
    model.executor().read(0, index, 0, bytes);
    return bytes;
  }

  static int64_t arenaBytes(const plan::Plan &plan) { return plan.targets[0].arena_bytes; }

  /// Everything this file is about, for one choice.
  void check(const Trains &trains) {
    const plan::Plan plan = compileFrozen(trains);
    Model model(plan, {.device = "host"});
    initialize(model);
    const fs::path input = goldenFile("text_case.safetensors");
    step37::probe(model, {.weights = {}, .input = input, .output = scratch / "out", .grads = true});

    safetensors::File probed(scratch / "out"), golden(goldenFile("text_grads.safetensors"));
    EXPECT_LE(distance(floatsOf(probed, "logits"), floatsOf(safetensors::File(input), "logits")),
              1e-5);
    size_t trained = 0;
    for (const safetensors::Tensor &tensor : golden.tensors()) {
      const safetensors::Tensor *found = probed.find("grad." + tensor.name);
      ASSERT_EQ(found != nullptr, trains(tensor.name)) << tensor.name;
      if (!found)
        continue;
      ++trained;
      EXPECT_LE(distance(floatsOf(probed, found->name), floatsOf(golden, tensor.name)), 1e-4)
          << tensor.name;
    }
    EXPECT_GT(trained, 0u);
    checkUpdate(model);
  }

  /// A step of the optimizer on the gradients that the probe has left.
  void checkUpdate(Model &model) {
    std::map<std::string, std::vector<std::byte>> before;
    for (const plan::Parameter &parameter : model.plan().parameters)
      before[parameter.name] = bytesOf(model, parameter.buffer);
    Hyperparameters(model).write(model, OptimizerOptions(), /*learningRate=*/1e-3, /*number=*/2);
    model.writeScalar(plan::names::maxNorm, 1.0f);
    model.run(plan::updateProgram);
    for (const plan::Parameter &parameter : model.plan().parameters) {
      EXPECT_EQ(bytesOf(model, parameter.buffer) == before[parameter.name], !parameter.trained)
          << parameter.name;
      EXPECT_TRUE(parameter.trained || parameter.gradient.empty()) << parameter.gradient;
      EXPECT_TRUE(parameter.trained || parameter.states.empty()) << parameter.name;
    }
  }
};

TEST_F(Frozen, allButTheEmbedding) {
  check([](llvm::StringRef name) { return name.contains("embed_tokens"); });
}

TEST_F(Frozen, allButTheFirstLayer) {
  check([](llvm::StringRef name) { return name.contains("layers.0."); });
}

TEST_F(Frozen, allButTheHeadAndExperts) {
  check([](llvm::StringRef name) { return name.contains("lm_head") || name.contains(".moe."); });
}

TEST_F(Frozen, norms) {
  check([](llvm::StringRef name) { return !name.contains("norm"); });
}

TEST_F(Frozen, theEmbeddingAndTheHead) {
  check([](llvm::StringRef name) {
    return !name.contains("embed_tokens") && !name.contains("lm_head");
  });
}

/// What is frozen costs neither gradients nor optimizer state, and below the first trained layer no
/// activation is kept.
TEST_F(Frozen, planningShowsWhatIsSaved) {
  auto bytes = [](const plan::Plan &plan, auto counts) {
    int64_t sum = 0;
    for (const plan::Buffer &buffer : plan.targets[0].buffers)
      sum += counts(buffer) ? buffer.bytes() : 0;
    return sum;
  };
  const plan::Plan all = compileFrozen([](llvm::StringRef) { return true; });
  const plan::Plan head =
      compileFrozen([](llvm::StringRef name) { return name.contains("lm_head"); });
  const int64_t headBytes = 320 * 64 * 4;
  auto gradients = [](const plan::Buffer &buffer) {
    return buffer.kind == plan::BufferKind::gradients;
  };
  auto optimizer = [](const plan::Buffer &buffer) {
    return buffer.kind == plan::BufferKind::optimizer;
  };
  EXPECT_EQ(bytes(head, gradients), headBytes);
  EXPECT_EQ(bytes(head, optimizer), 2 * headBytes);
  EXPECT_LT(arenaBytes(head), arenaBytes(all) - bytes(all, gradients) - bytes(all, optimizer));
}

} // namespace
} // namespace step37::test
