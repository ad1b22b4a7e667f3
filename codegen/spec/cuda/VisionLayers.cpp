// GPU variants of what a layer of the vision tower has beside attention and products: layer norm,
// biases and scales with their gradients, and the activation.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {
std::vector<CudaVariant> variantsOf(const LayerNorm &spec) {
  return onlyGeneric("layer_norm.cuh", {blocksStage("layer_norm_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const LayerNormGrad &spec) {
  return onlyGeneric("layer_norm.cuh", PartSumsLaunch{.rows_per_part = spec.rowsPerBlock},
                     [spec](const PartSumsLaunch &config) {
                       return partSumsStages("layer_norm_grad_generic_rows", spec.rows,
                                             "layer_norm_grad_generic_weights", 2 * spec.cols,
                                             config);
                     });
}

std::vector<CudaVariant> variantsOf(const BroadcastRow &spec) {
  return onlyGeneric("columns.cuh",
                     {packsStage("broadcast_row_generic", spec.rows * spec.cols, spec.type)});
}

std::vector<CudaVariant> variantsOf(const ColumnSums &spec) {
  return onlyGeneric("columns.cuh", PartSumsLaunch{.rows_per_part = spec.rowsPerBlock},
                     [spec](const PartSumsLaunch &config) {
                       std::vector<Stage> stages =
                           partSumsStages("column_sums_generic_rows", spec.rows,
                                          "column_sums_generic_sum", spec.cols, config);
                       // A thread for each access of the template, at least one element wide.
                       int64_t width = 16 / byteSize(spec.type);
                       while (spec.cols % width != 0)
                         width /= 2;
                       stages[0].grid[1] = ceilDiv(spec.cols, width * config.row_threads);
                       return stages;
                     });
}

std::vector<CudaVariant> variantsOf(const QuickGelu &spec) {
  return onlyGeneric("quick_gelu.cuh",
                     {packsStage("quick_gelu_generic", spec.elements, spec.type)});
}

std::vector<CudaVariant> variantsOf(const QuickGeluGrad &spec) {
  return onlyGeneric("quick_gelu.cuh",
                     {packsStage("quick_gelu_grad_generic", spec.elements, spec.type)});
}

} // namespace step37::spec
