// Sums of what lies alike, of sums over ranks (added before they are exchanged, once), and of both.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,col=tp | FileCheck %s --check-prefix=SPLIT
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,k=tp | FileCheck %s --check-prefix=PARTIAL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,k=tp --token-axes dp,tp | FileCheck %s --check-prefix=SCATTER

// SPLIT: alike: [dp][tp]
// PARTIAL: all_reduce tp tensor<4x8xf32>
// PARTIAL-NOT: all_reduce
// PARTIAL: mixed: [dp][]
// SCATTER: reduce_scatter tp tensor<4x8xf32>
// SCATTER-NOT: reduce
// SCATTER: mixed: [dp+tp][]
func.func @sums(%a: tensor<8x8xf32> {step37.name = "a", step37.class = "input", step37.dims = ["token", "col"]}, %b: tensor<8x8xf32> {step37.name = "b", step37.class = "input", step37.dims = ["token", "col"]}, %u: tensor<8x16xf32> {step37.name = "u", step37.class = "input", step37.dims = ["token", "k"]}, %v: tensor<8x16xf32> {step37.name = "v", step37.class = "input", step37.dims = ["col", "k"]}) -> (tensor<8x8xf32> {step37.name = "alike"}, tensor<8x8xf32> {step37.name = "mixed"}) {
  %alike = step37.add %a, %b, %a : tensor<8x8xf32>
  %p = step37.matmul %u, %v {transpose_b} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x8xf32>
  %q = step37.matmul %u, %v {transpose_b} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x8xf32>
  %mixed = step37.add %p, %a, %q : tensor<8x8xf32>
  return %alike, %mixed : tensor<8x8xf32>, tensor<8x8xf32>
}
