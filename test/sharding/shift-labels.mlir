// Whole sequences are split: the next token of a row's last one is never on another rank.
// RUN: step37-shard-check %s --axes dp=4 --dims token=dp | FileCheck %s --check-prefix=ROWS
// RUN: step37-shard-check %s --axes dp=8 --dims token=dp | FileCheck %s --check-prefix=FEW

// ROWS-NOT: gather
// ROWS: labels: [dp]
// FEW: all_gather dp tensor<2xi32>
func.func @labels(%ids: tensor<16xi32> {step37.name = "ids", step37.class = "input", step37.dims = ["token"], check.below = 33 : i64}, %mask: tensor<16xf32> {step37.name = "mask", step37.class = "input", step37.dims = ["token"]}, %start: tensor<16xi32> {step37.name = "start", step37.class = "input", step37.dims = ["token"], check.values = dense<[0, 0, 2, 2, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 0, 0]> : tensor<16xi32>}) -> (tensor<16xi32> {step37.name = "labels"}, tensor<16xf32> {step37.name = "weights"}) {
  %labels, %weights = step37.shift_labels %ids, %mask, %start {by = 2 : i64, seq_len = 4 : i64} : (tensor<16xi32>, tensor<16xf32>, tensor<16xi32>) -> (tensor<16xi32>, tensor<16xf32>)
  return %labels, %weights : tensor<16xi32>, tensor<16xf32>
}
