#include "codegen/driver/Compiler.h"

#include "codegen/emit/EmitActivations.h"
#include "codegen/emit/EmitPlan.h"
#ifdef STEP37_HAS_CUDA
#include "codegen/emit/EmbedKernels.h"
#endif
#include "codegen/driver/MemoryBudget.h"
#include "codegen/driver/PhaseDump.h"
#include "codegen/select/SelectPasses.h"
#include "codegen/select/TargetPolicy.h"
#include "frontend/config/BatchLimits.h"
#include "frontend/config/CanonicalConfig.h"
#include "frontend/config/Inventory.h"
#include "passes/Passes.h"
#include "runtime/base/Error.h"
#include "runtime/base/Sha256.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

#include <algorithm>

using namespace mlir;

namespace step37 {
namespace {

/// The config to compile. Plans compute and publish in f32 and bf16 only.
LoadedConfig loadConfig(const CompileOptions &options) {
  LoadedConfig loaded = loadModelConfig(options.config);
  if (loaded.config.type == DType::f16) {
    if (!options.type)
      throw Error(loaded.origin + ": torch_dtype: float16 cannot be computed with; choose "
                                  "--dtype bf16 or --dtype f32");
    loaded.config.type = *parseDType(*options.type);
  }
  return loaded;
}

/// What the losses of all depths of multi-token prediction count together, if nothing is said
/// (docs/model.md, section C.3).
constexpr double mtpFactorOfAll = 0.1;

void checkTrained(const ModelConfig &config, const FrontendOptions &options) {
  bool trains = std::ranges::any_of(inventory(config), [&](const PublishedTensor &tensor) {
    return options.computes(tensor) && options.trains(tensor);
  });
  if (options.train && !trains)
    throw Error("--freeze: leaves nothing to train; compile with --programs eval, or freeze less");
}

FrontendOptions frontendOptions(const CompileOptions &options, const LoadedConfig &loaded) {
  const ModelConfig &config = loaded.config;
  FrontendOptions frontend;
  frontend.microBatch = options.microBatch;
  frontend.seqLen = options.seqLen.value_or(std::min<int64_t>(4096, config.max_positions));
  frontend.type = options.type ? *parseDType(*options.type) : config.type;
  auto wants = [&](std::string_view program) {
    return options.programs.empty() ||
           std::count(options.programs.begin(), options.programs.end(), program);
  };
  frontend.train = wants("train");
  frontend.eval = wants("eval");
  for (const std::string &assignment : options.assignments)
    frontend.switches.set(assignment);
  frontend.mtp = options.mtp;
  frontend.frozen = options.frozen;
  const auto depths = static_cast<double>(config.mtp_layers.size());
  if (frontend.mtp && depths == 0)
    throw Error(loaded.origin + ": num_nextn_predict_layers: is 0, so that --mtp has no layers");
  if (frontend.mtp)
    frontend.switches.setDefault("mtp_factor", mtpFactorOfAll / depths);
  checkBatch(config, loaded.origin, frontend.microBatch, frontend.seqLen);
  if (config.vision && !options.textOnly)
    frontend.images =
        imageBounds(*config.vision, options.images, frontend.microBatch, frontend.seqLen);
  checkTrained(config, frontend);
  return frontend;
}

plan::Mesh meshOf(const CompileOptions &options, const LoadedConfig &loaded,
                  const FrontendOptions &frontend) {
  return meshFor(options.mesh, loaded.config, loaded.origin, frontend.microBatch * frontend.seqLen);
}

/// What the runtime has to know of images.
plan::ImageInputs imageInputs(const ModelConfig &config, const ImageBounds &bounds,
                              const SwitchValues &switches) {
  plan::ImageInputs inputs;
  inputs.images = bounds.images;
  inputs.crops = bounds.crops;
  inputs.channels = config.vision->num_channels;
  inputs.image_size = bounds.imageSize;
  inputs.crop_size = bounds.cropSize;
  inputs.image_tokens = bounds.imageTokens(*config.vision);
  inputs.crop_tokens = bounds.cropTokens(*config.vision);
  inputs.image_token = config.image_token;
  inputs.image_start = switches.integerOr("image_start_id", -1);
  inputs.patch_start = switches.integerOr("patch_start_id", -1);
  inputs.truncate = switches.word("image_mismatch") == "truncate";
  if ((inputs.image_start < 0) != (inputs.patch_start < 0))
    throw Error("--set: image_start_id and patch_start_id belong together");
  return inputs;
}

/// Runs passes; a failure that verifiers report becomes an Error with the first diagnostic.
class PassRunner {
public:
  PassRunner(MLIRContext &context, PhaseDump &dump) : context(context), dump(dump) {}

  void run(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build) {
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
        message = diagnostic.str();
      return success();
    });
    PassManager manager(&context);
    manager.addInstrumentation(dump.instrumentation());
    build(manager);
    if (failed(manager.run(module)))
      throw Error("internal error of the compiler: " + message);
  }

private:
  MLIRContext &context;
  PhaseDump &dump;
};

const std::vector<std::string> &targetsOf(const CompileOptions &options) {
  return options.targets.empty() ? supportedTargets() : options.targets;
}

/// Steps on buffers of a target, of a local module, which is not changed.
OwningOpRef<ModuleOp> lowered(PassRunner &passes, ModuleOp local, const std::string &target) {
  OwningOpRef<ModuleOp> module = local.clone();
  passes.run(*module, [&](OpPassManager &manager) {
    manager.addPass(createSelectKernelsPass(SelectKernelsPassOptions{target}));
  });
  return module;
}

/// What a rank needs if so much of a sharded module, which is not changed, is computed again.
MemoryNeed needOf(MLIRContext &context, const CompileOptions &options, ModuleOp sharded,
                  LocalPipelineOptions pipeline, const Recomputation &recomputation) {
  PhaseDump noDump(std::filesystem::path{});
  PassRunner passes(context, noDump);
  pipeline.recompute = recomputation.mode;
  pipeline.savedBytes = recomputation.savedBytes;
  OwningOpRef<ModuleOp> local = sharded.clone();
  passes.run(*local, [&](OpPassManager &manager) { buildFusePipeline(manager, pipeline); });
  MemoryNeed need;
  for (const plan::SavedActivation &tensor : emitActivations(*local).saved)
    need.saved += tensor.bytes();
  for (const std::string &target : targetsOf(options)) {
    OwningOpRef<ModuleOp> planned = lowered(passes, *local, target);
    passes.run(*planned, buildMemoryPipeline);
    need.add(emitTarget(*planned, target));
  }
  return need;
}

} // namespace

const std::vector<std::string> &phaseNames() {
  static const std::vector<std::string> names = {"frontend", "local", "select", "planned"};
  return names;
}

const std::vector<std::string> &supportedTargets() {
  static const std::vector<std::string> names = selectableTargets();
  return names;
}

plan::Mesh meshOf(const CompileOptions &options) {
  const LoadedConfig loaded = loadConfig(options);
  return meshOf(options, loaded, frontendOptions(options, loaded));
}

namespace {

/// `imageBytes`: of the memory budget what kernel images may take, which are known last.
std::optional<plan::Plan> compileBeside(const CompileOptions &options, int64_t imageBytes) {
  LoadedConfig loaded = loadConfig(options);
  FrontendOptions frontend = frontendOptions(options, loaded);

  // One thread: a plan's bytes must not depend on scheduling, and modules are small.
  MLIRContext context(MLIRContext::Threading::DISABLED);
  PhaseDump dump(options.dumpDir);
  PassRunner passes(context, dump);
  auto stopsAfter = [&](std::string_view phase) { return options.stopAfter == phase; };

  plan::Mesh mesh = meshOf(options, loaded, frontend);
  frontend.batches = mesh.dp;
  LocalPipelineOptions local;
  local.gradientType = options.gradType;
  local.recompute = options.recompute.value_or("none");
  const plan::ExpertDispatch dispatch =
      dispatchFor(options.mesh, mesh, loaded.config, loaded.origin,
                  frontend.microBatch * frontend.seqLen, frontend.type);
  setSharding(local, mesh, dispatch, options.mesh);

  OwningOpRef<ModuleOp> module = buildModel(context, loaded.config, frontend);
  dump.write(*module, "frontend");
  if (stopsAfter("frontend"))
    return std::nullopt;
  passes.run(*module, [&](OpPassManager &manager) { buildShardPipeline(manager, local); });
  if (options.memoryBudget && !options.recompute) {
    const int64_t budget = *options.memoryBudget - imageBytes;
    const auto [chosen, need] = fitMemory(budget, [&](const Recomputation &recomputation) {
      return needOf(context, options, *module, local, recomputation);
    });
    if (need.arena > budget)
      failBudget(options, loaded.origin, need, need.arena + imageBytes);
    local.recompute = chosen.mode;
    local.savedBytes = chosen.savedBytes;
  }
  passes.run(*module, [&](OpPassManager &manager) { buildFusePipeline(manager, local); });
  if (stopsAfter("local"))
    return std::nullopt;

  plan::Plan plan;
  plan.compiler_version = STEP37_VERSION;
  plan.blobs.push_back({"config.json", canonicalConfig(loaded.config)});
  plan.config_sha256 = sha256Hex(plan.blobs.back().bytes);
  plan.model_type = loaded.config.model_type;
  plan.type = frontend.type;
  plan.micro_batch = frontend.microBatch;
  plan.seq_len = frontend.seqLen;
  plan.vocab = loaded.config.vocab;
  plan.mesh = mesh;
  plan.dispatch = dispatch;
  if (frontend.images)
    plan.images = imageInputs(loaded.config, *frontend.images, frontend.switches);
  plan.switches.insert(frontend.switches.all().begin(), frontend.switches.all().end());
  for (const PublishedTensor &tensor : inventory(loaded.config))
    if (!frontend.computes(tensor))
      plan.carried.push_back({tensor.name, tensor.type, tensor.shape});
  plan.activations = emitActivations(*module);
  plan.activations.recompute = local.recompute;
  plan.activations.memory_budget = options.memoryBudget.value_or(0);

  for (const std::string &target : targetsOf(options)) {
    OwningOpRef<ModuleOp> planned = lowered(passes, *module, target);
    if (stopsAfter("select"))
      continue;
    passes.run(*planned, buildMemoryPipeline);
    plan.targets.push_back(emitTarget(*planned, target));
    MemoryNeed need;
    need.add(plan.targets.back());
    if (options.memoryBudget && need.arena > *options.memoryBudget)
      failBudget(options, loaded.origin, need, need.arena);
#ifdef STEP37_HAS_CUDA
    if (target == "cuda" && options.kernelImages)
      for (const KernelDump &kernel : embedKernels(plan, plan.targets.back(), options.arch))
        dump.writeKernel(kernel.name, kernel.source, kernel.report);
#endif
    const int64_t images = plan.imageBytes(plan.targets.back());
    if (options.memoryBudget && need.arena + images > *options.memoryBudget) {
      if (!options.recompute && images > imageBytes)
        return compileBeside(options, images);
      failBudget(options, loaded.origin, need, need.arena + images);
    }
    if (plan.parameters.empty())
      plan.parameters = emitParameters(*planned);
  }
  if (!options.stopAfter.empty())
    return std::nullopt;
  return plan;
}

} // namespace

std::optional<plan::Plan> compile(const CompileOptions &options) {
  return compileBeside(options, 0);
}

} // namespace step37
