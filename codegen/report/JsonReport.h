// Everything that `show` can say about a plan as one JSON document, with plain numbers. Programs
// read its keys: where they mean the same as in the plan file they have the same names.
#pragma once

#include "bridge/TensorMap.h"
#include "runtime/plan/Plan.h"

#include <nlohmann/json.hpp>

namespace step37::report {

/// Keys: compiler_version, config_sha256, model_type, dtype, micro_batch, seq_len, vocab, mesh,
/// switches; published: {all, trained, frozen, carried: {tensors, parameters, bytes}}; tensors: one
/// object a published tensor, from `table`, the bridge's of the plan's config; activations
/// (ActivationReport.h); targets: each with arch, compiler, arena_bytes, bytes_by_kind, gap_bytes
/// (those add up to the arena), lasting, peak_program, programs and kernels.
nlohmann::ordered_json jsonReport(const plan::Plan &plan, const std::vector<MappedTensor> &table);

} // namespace step37::report
