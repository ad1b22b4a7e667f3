// GPU variants of what is indexed by token or position: shift_labels, take_rows and rope_table.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const ShiftLabels &spec) {
  return onlyGeneric("tokens.cuh", {threadsStage("shift_labels_generic", spec.tokens)});
}

std::vector<CudaVariant> variantsOf(const TakeRows &spec) {
  return onlyGeneric("tokens.cuh", {blocksStage("take_rows_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const CopyColumns &spec) {
  return onlyGeneric("copy_columns.cuh",
                     {packsStage("copy_columns_generic", spec.rows * spec.cols, spec.type)});
}

std::vector<CudaVariant> variantsOf(const RopeTable &spec) {
  int64_t angles = spec.positions * int64_t(spec.frequencies.size());
  return onlyGeneric("tokens.cuh", {threadsStage("rope_table_generic", angles)});
}

} // namespace step37::spec
