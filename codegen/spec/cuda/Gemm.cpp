// GPU variants of gemm. Whether a product goes to the library instead is decided by kernel
// selection.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

// The variant on tensor cores: GemmParts and GemmOperand in gemm_wgmma.cuh.

constexpr SplitGemmLaunch cut; // tile and depth are the template's
constexpr int64_t mapsBytes = 512;

/// An operand as it is stored.
struct Operand {
  DType type;
  int64_t rows, cols, stride;

  bool split() const { return type == DType::f32; }
  int64_t parts() const { return split() ? 3 : 1; }
  /// Accesses of 8 elements that write its parts.
  int64_t chunks() const { return split() ? rows * ceilDiv(cols, 8) : 0; }
  /// Of its parts in the workspace.
  int64_t bytes() const { return chunks() * 8 * 2 * parts(); }
  /// Whether the copy engine takes it as it is.
  bool copied() const { return split() || (cols % 8 == 0 && stride == cols); }
};

Operand operandA(const Gemm &spec) {
  int64_t rows = spec.m, cols = spec.k;
  if (spec.transpose_a)
    std::swap(rows, cols);
  return {spec.a_type, rows, cols, spec.a_stride};
}

Operand operandB(const Gemm &spec) {
  int64_t rows = spec.k, cols = spec.n;
  if (spec.transpose_b)
    std::swap(rows, cols);
  return {spec.b_type, rows, cols, spec.b_stride};
}

int64_t tilesOf(const Gemm &spec) { return ceilDiv(spec.m, cut.tile) * ceilDiv(spec.n, cut.tile); }
int64_t stepsOf(const Gemm &spec) { return ceilDiv(spec.k, cut.depth); }

/// What the workspace must have, and what a share of the sums takes beyond it.
int64_t partsBytes(const Gemm &spec) {
  return mapsBytes + operandA(spec).bytes() + operandB(spec).bytes();
}
int64_t shareBytes(const Gemm &spec) { return 4 * spec.m * ceilDiv(spec.n, 8) * 8; }

/// Blocks that share a tile, for which the workspace has room.
int64_t sharesIn(const Gemm &spec) {
  int64_t room = (spec.workspace_bytes - partsBytes(spec)) / shareBytes(spec);
  return std::max<int64_t>(1, std::min(room, stepsOf(spec)));
}

/// The smallest number of blocks to a tile that leaves few multiprocessors without work; each has
/// enough steps that its start does not matter.
int64_t bestShares(const Gemm &spec) {
  constexpr int64_t most = 8, fewestSteps = 8;
  auto busy = [&](int64_t shares) {
    int64_t blocks = tilesOf(spec) * shares;
    return double(blocks) / double(ceilDiv(blocks, h200.multiprocessors) * h200.multiprocessors);
  };
  int64_t best = 1;
  for (int64_t shares = 2; shares <= most && stepsOf(spec) / shares >= fewestSteps; ++shares)
    if (busy(shares) > busy(best) + 0.05)
      best = shares;
  return best;
}

/// Why tensor cores do not take a spec, whatever its workspace; empty if they do.
std::string unmetByTensorCores(const Gemm &spec) {
  Operand a = operandA(spec), b = operandB(spec);
  if (!a.split() && !b.split())
    return "no operand is f32";
  if (!a.copied() || !b.copied())
    return "rows of a bf16 operand have gaps or are no multiple of 8";
  return "";
}

SplitGemmLaunch launchOf(const Gemm &spec) {
  constexpr int64_t ringBytes = 192 * 1024, alignment = 1024, elementBytes = 2;
  int64_t parts = operandA(spec).parts() + operandB(spec).parts();
  int64_t stageBytes = parts * cut.tile * cut.depth * elementBytes;
  SplitGemmLaunch config;
  config.stages = ringBytes / stageBytes;
  config.shares = sharesIn(spec);
  config.blocks = config.shares > 1 ? tilesOf(spec) : std::min(tilesOf(spec), h200.multiprocessors);
  config.shared_bytes = config.stages * stageBytes + alignment;
  return config;
}

std::vector<Stage> wgmmaStages(const Gemm &spec, const SplitGemmLaunch &config) {
  int64_t chunks = operandA(spec).chunks() + operandB(spec).chunks();
  std::vector<Stage> stages = {
      blocksStage("gemm_wgmma_parts", 1 + ceilDiv(chunks, config.part_threads),
                  config.part_threads),
      {"gemm_wgmma", {config.blocks, config.shares, 1}, config.threads, config.shared_bytes}};
  if (config.shares > 1)
    stages.push_back(blocksStage("gemm_wgmma_sum", ceilDiv(spec.m * spec.n, config.part_threads),
                                 config.part_threads));
  return stages;
}

} // namespace

int64_t productWorkspace(const Gemm &spec) {
  if (!unmetByTensorCores(spec).empty())
    return 0;
  int64_t shares = bestShares(spec);
  return partsBytes(spec) + (shares > 1 ? shares * shareBytes(spec) : 0);
}

std::vector<CudaVariant> variantsOf(const Gemm &spec) {
  std::string unmet = unmetByTensorCores(spec);
  if (unmet.empty() && spec.workspace_bytes < partsBytes(spec))
    unmet = "the workspace is too small for the parts of f32 operands";
  std::vector<SplitGemmLaunch> configs;
  if (unmet.empty()) {
    // Shorter rings keep the bits; so would fewer blocks.
    for (SplitGemmLaunch config = launchOf(spec); config.stages > 1; --config.stages) {
      configs.push_back(config);
      config.shared_bytes -= (config.shared_bytes - 1024) / config.stages;
    }
  }
  return {
      variantUnless(unmet, "wgmma", "gemm_wgmma.cuh", configs,
                    [spec](const SplitGemmLaunch &config) { return wgmmaStages(spec, config); }),
      variantWith(
          "generic", "gemm.cuh", std::vector<TileLaunch>{{}}, [spec](const TileLaunch &config) {
            Stage tiles = blocksStage("gemm_generic",
                                      ceilDiv(spec.m, config.tile) * ceilDiv(spec.n, config.tile),
                                      config.threads);
            tiles.blocksPerSm = 2; // which keeps registers below 128
            return std::vector<Stage>{tiles};
          })};
}

} // namespace step37::spec
