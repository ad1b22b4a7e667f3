// Features of a batch in the place of its tokens, and the gradients of both. Places count within a batch; the
// features are those of a rank's own images. Where tokens are a sum over ranks, or split further, they are
// whole where features are inserted and are split again behind it.
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp,image=dp | FileCheck %s --check-prefixes=CHECK,DATA
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,image=dp,col=tp | FileCheck %s --check-prefixes=CHECK,COL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,image=dp,k=tp | FileCheck %s --check-prefixes=SUM
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,image=dp,k=tp,sequence=dp+tp --token-axes dp,tp | FileCheck %s --check-prefixes=SEQUENCE

// CHECK-NOT: {{all|reduce}}
// DATA: merged: [dp][]
// DATA: rest: [dp][]
// DATA: dfeatures: [dp][]
// COL: columns: [dp][tp]
// SUM: all_reduce tp tensor<4x8xf32>
// SUM: from_sum: [dp][]
// SEQUENCE: all_gather tp tensor<2x8xf32>
// SEQUENCE: all_reduce tp tensor<4x8xf32>
// SEQUENCE-NOT: all_gather
// SEQUENCE: rest: [dp][]
// SEQUENCE: dfeatures: [dp][]
// SEQUENCE: stream: [dp+tp][]
func.func @insertion(%x: tensor<8x8xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %f: tensor<6x8xf32> {step37.name = "f", step37.class = "input", step37.dims = ["image", ""]}, %index: tensor<8xi32> {step37.name = "index", step37.class = "input", step37.dims = ["token"], check.values = dense<[-1, 2, 0, -1, 1, -1, -1, 2]> : tensor<8xi32>}, %inverse: tensor<6xi32> {step37.name = "inverse", step37.class = "input", step37.dims = ["image"], check.values = dense<[2, -1, 1, -1, 0, 3]> : tensor<6xi32>}, %dout: tensor<8x8xf32> {step37.name = "dout", step37.class = "input", step37.dims = ["sequence", ""]}, %xc: tensor<8x4xf32> {step37.name = "xc", step37.class = "input", step37.dims = ["token", "col"]}, %fc: tensor<6x4xf32> {step37.name = "fc", step37.class = "input", step37.dims = ["image", "col"]}, %u: tensor<8x16xf32> {step37.name = "u", step37.class = "input", step37.dims = ["token", "k"]}, %w: tensor<8x16xf32> {step37.name = "w", step37.class = "input", step37.dims = ["", "k"]}, %s: tensor<8x8xf32> {step37.name = "s", step37.class = "input", step37.dims = ["sequence", ""]}) -> (tensor<8x8xf32> {step37.name = "merged"}, tensor<8x8xf32> {step37.name = "rest"}, tensor<6x8xf32> {step37.name = "dfeatures"}, tensor<8x4xf32> {step37.name = "columns"}, tensor<8x8xf32> {step37.name = "from_sum"}, tensor<8x8xf32> {step37.name = "stream"}) {
  %merged = step37.merge_rows %x, %f, %index, %inverse {batches = 2} : (tensor<8x8xf32>, tensor<6x8xf32>, tensor<8xi32>, tensor<6xi32>) -> tensor<8x8xf32>
  %rest = step37.merge_rows %dout, %index, %inverse {batches = 2} : (tensor<8x8xf32>, tensor<8xi32>, tensor<6xi32>) -> tensor<8x8xf32>
  %dfeatures = step37.gather_rows %dout, %inverse, %index {batches = 2} : (tensor<8x8xf32>, tensor<6xi32>, tensor<8xi32>) -> tensor<6x8xf32>
  %columns = step37.merge_rows %xc, %fc, %index, %inverse {batches = 2} : (tensor<8x4xf32>, tensor<6x4xf32>, tensor<8xi32>, tensor<6xi32>) -> tensor<8x4xf32>
  %sum = step37.matmul %u, %w {transpose_b} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x8xf32>
  %from_sum = step37.merge_rows %sum, %f, %index, %inverse {batches = 2} : (tensor<8x8xf32>, tensor<6x8xf32>, tensor<8xi32>, tensor<6xi32>) -> tensor<8x8xf32>
  %stream = step37.add %from_sum, %s : tensor<8x8xf32>
  return %merged, %rest, %dfeatures, %columns, %from_sum, %stream : tensor<8x8xf32>, tensor<8x8xf32>, tensor<6x8xf32>, tensor<8x4xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}
