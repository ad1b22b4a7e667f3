// Columns side by side and apart again: rows are split, columns are not.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp+tp | FileCheck %s

// CHECK-NOT: gather
// CHECK: u: [dp+tp][]
// CHECK: v: [dp+tp][]
func.func @columns(%a: tensor<8x6xf32> {step37.name = "a", step37.class = "input", step37.dims = ["token", ""]}, %b: tensor<8x10xf32> {step37.name = "b", step37.class = "input", step37.dims = ["token", ""]}) -> (tensor<8x4xf32> {step37.name = "u"}, tensor<8x12xf32> {step37.name = "v"}) {
  %ab = step37.join_columns %a, %b : (tensor<8x6xf32>, tensor<8x10xf32>) -> tensor<8x16xf32>
  %u, %v = step37.split_columns %ab : (tensor<8x16xf32>) -> (tensor<8x4xf32>, tensor<8x12xf32>)
  return %u, %v : tensor<8x4xf32>, tensor<8x12xf32>
}
