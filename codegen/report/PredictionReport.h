// What `step37c show --cluster` says: memory against a GPU's, exchanges and where they go, seconds
// by program and kernel family, and the assumptions behind them. The arithmetic is CostModel.h.
#pragma once

#include "codegen/cost/CostModel.h"

#include <nlohmann/json.hpp>

#include <string>

namespace step37::report {

/// A plan's prediction, in sections as TextReport.h has them; a training step has `microBatches`.
std::string predictionText(const plan::Plan &plan, const plan::Target &target,
                           const Cluster &cluster, int64_t microBatches);

/// The same for programs. Keys: cluster, memory {needed, limit, fits}, exchange (as `exchange` of a
/// target, with domains, bytes_between_domains, seconds), programs {name, kernel_seconds,
/// exchange_seconds, families}, micro_batches, tokens, step_seconds and tokens_per_second (null
/// without training), overlap.
nlohmann::ordered_json predictionJson(const plan::Plan &plan, const plan::Target &target,
                                      const Cluster &cluster, int64_t microBatches);

/// The cost model in words, a line an assumption.
std::string costModelText();

} // namespace step37::report
