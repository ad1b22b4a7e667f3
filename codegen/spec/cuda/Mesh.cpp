// GPU variants of what only sharded programs have. Collectives are NCCL's and have no template.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

/// As many threads as a multiprocessor holds together, with few rows of logits in flight.
constexpr int64_t lossThreads = 1024;

} // namespace

std::vector<CudaVariant> variantsOf(const Collective &) { return {{ncclVariant, "", "", {}, {}}}; }

std::vector<CudaVariant> variantsOf(const CountedExchange &) {
  return {{ncclVariant, "", "", {}, {}}};
}

std::vector<CudaVariant> variantsOf(const ReceivedRows &spec) {
  return onlyGeneric("received_rows.cuh", {threadsStage("received_rows_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const LocalizeIds &spec) {
  return onlyGeneric("local_indices.cuh", {threadsStage("localize_ids_generic", spec.elements)});
}

std::vector<CudaVariant> variantsOf(const ExpertWindow &spec) {
  return onlyGeneric("local_indices.cuh", {threadsStage("expert_window_generic",
                                                        std::max(spec.groups + 1, spec.slots))});
}

std::vector<CudaVariant> variantsOf(const LossStats &spec) {
  return onlyGeneric("split_loss.cuh", {blocksStage("loss_stats_generic", spec.rows, lossThreads)},
                     lossThreads);
}

std::vector<CudaVariant> variantsOf(const MergeLossStats &spec) {
  return onlyGeneric("split_loss.cuh", {threadsStage("merge_loss_stats_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const LogitsGrad &spec) {
  return onlyGeneric("split_loss.cuh", {blocksStage("logits_grad_generic", spec.rows, lossThreads)},
                     lossThreads);
}

} // namespace step37::spec
