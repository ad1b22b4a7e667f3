// The phases of a compilation in order, from a config to a plan. What a phase does is in its room.
#pragma once

#include "codegen/driver/MeshOptions.h"
#include "frontend/ModelBuilder.h"
#include "runtime/plan/Plan.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace step37 {

struct CompileOptions {
  std::filesystem::path config;     // config.json or a directory that holds one
  std::vector<std::string> targets; // empty: all that this build supports
  std::string arch = "sm_90a";      // GPU architecture of the cuda target
  bool kernelImages = true;         // compile its kernels; a GPU cannot run a plan without
  std::optional<std::string> type;  // f32 or bf16; the config's if not given
  int64_t microBatch = 1;
  std::optional<int64_t> seqLen;     // min(4096, max_position_embeddings) if not given
  std::vector<std::string> programs; // of train, eval; empty: all
  std::string gradType = "f32";
  MeshOptions mesh;
  std::optional<std::string> recompute; // none, selective or full; not given: none, or what the
                                        // budget needs
  std::optional<int64_t> memoryBudget;  // bytes of a rank that the plan must fit into
  std::vector<std::string> assignments; // --set key=value
  bool mtp = false, textOnly = false;
  FrozenParts frozen;
  ImageOptions images;           // of a vision tower that is compiled
  std::filesystem::path dumpDir; // empty: no dump
  std::string stopAfter;         // a phase, or empty
};

/// Names of the phases, in order, as `--stop-after` takes them.
const std::vector<std::string> &phaseNames();

/// Targets that this build can compile for.
const std::vector<std::string> &supportedTargets();

/// The mesh that compile() shards over. Throws Error where the options do not fit the config.
plan::Mesh meshOf(const CompileOptions &options);

/// Runs the phases. Empty if it stopped after one of them; throws Error where the input is at
/// fault.
std::optional<plan::Plan> compile(const CompileOptions &options);

} // namespace step37
