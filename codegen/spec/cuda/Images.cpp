// GPU variants of the families that look at rows and columns of images: patches, unfold, fold, and
// what positions add.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Patches &spec) {
  return onlyGeneric("image_windows.cuh",
                     {blocksStage("patches_generic", spec.images * spec.tokensOfImage())});
}

std::vector<CudaVariant> variantsOf(const Unfold &spec) {
  int64_t windows = gridTokens(halvedGrids(spec.grids), false);
  return onlyGeneric("image_windows.cuh", {blocksStage("unfold_generic", windows)});
}

std::vector<CudaVariant> variantsOf(const Fold &spec) {
  int64_t tokens = gridTokens(spec.grids, spec.class_token);
  return onlyGeneric("image_windows.cuh", {blocksStage("fold_generic", tokens)});
}

std::vector<CudaVariant> variantsOf(const AddPositions &spec) {
  int64_t tokens = gridTokens(spec.grids, spec.class_token);
  return onlyGeneric("image_positions.cuh", {blocksStage("add_positions_generic", tokens)});
}

std::vector<CudaVariant> variantsOf(const AddPositionsGrad &spec) {
  int64_t classes = spec.class_token ? 1 : 0, side = spec.table_side;
  int64_t rows = (side > 0 ? side * side + classes : 0) + classes;
  return onlyGeneric("image_positions.cuh", {blocksStage("add_positions_grad_generic", rows)});
}

std::vector<CudaVariant> variantsOf(const AxialRopeTable &spec) {
  int64_t angles = gridTokens(spec.grids, spec.class_token) * 2 * int64_t(spec.frequencies.size());
  return onlyGeneric("image_positions.cuh", {threadsStage("axial_rope_table_generic", angles)});
}

std::vector<CudaVariant> variantsOf(const RotatePairs &spec) {
  return onlyGeneric(
      "rotate_pairs.cuh",
      {packsStage("rotate_pairs_generic", spec.rows * spec.heads * spec.head_dim, spec.type)});
}

std::vector<CudaVariant> variantsOf(const MergeRows &spec) {
  return onlyGeneric("merge_rows.cuh", {blocksStage("merge_rows_generic", spec.rows)});
}

} // namespace step37::spec
