// The mesh that was asked for, checked against the config, and as options of the sharding passes.
#pragma once

#include "frontend/config/ModelConfig.h"
#include "passes/Passes.h"
#include "runtime/plan/Plan.h"

#include <optional>
#include <string>

namespace step37 {

struct MeshOptions {
  std::optional<int64_t> dp; // if not given, the smallest that makes the experts fit
  int64_t tp = 1, ep = 1, etp = 1;
  bool sequenceParallel = false;
  bool splitState = true;              // --zero 1
  double expertRows = 2;               // --expert-rows
  std::optional<std::string> dispatch; // gather or all-to-all; if not given, what needs fewer bytes
};

/// The mesh. Throws Error "<origin>: …" where its sizes do not fit each other or the model: tp must
/// divide query heads and key/value groups, ep the experts, and with sequence parallelism tp the
/// tokens of a batch.
plan::Mesh meshFor(const MeshOptions &options, const ModelConfig &config, const std::string &origin,
                   int64_t batchTokens);

/// How tokens come to the ranks of their experts; nothing without several of these. `batchTokens`:
/// of a data-parallel rank; `type`: of activations. Throws Error "<origin>: …" where the tokens
/// cannot be split as --dispatch all-to-all asks for.
plan::ExpertDispatch dispatchFor(const MeshOptions &options, const plan::Mesh &mesh,
                                 const ModelConfig &config, const std::string &origin,
                                 int64_t batchTokens, DType type);

/// The passes' options for this mesh.
void setSharding(LocalPipelineOptions &pipeline, const plan::Mesh &mesh,
                 const plan::ExpertDispatch &dispatch, const MeshOptions &options);

} // namespace step37
