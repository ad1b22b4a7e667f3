// Tables of 33 rows over two and over four ranks, where the last one's are partly padding.
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp | FileCheck %s --check-prefix=TOKEN
// RUN: step37-shard-check %s --axes tp=2 --dims vocab=tp | FileCheck %s --check-prefix=VOCAB
// RUN: step37-shard-check %s --axes dp=2,tp=4 --dims token=dp,vocab=tp | FileCheck %s --check-prefix=BOTH
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,vocab=dp+tp | FileCheck %s --check-prefix=SHARED

// TOKEN-NOT: {{all|reduce}}
// TOKEN: x: [dp][]
// TOKEN: gradient of table: whole partial [dp]
// VOCAB: all_reduce tp tensor<8x16xf32>
// VOCAB: gradient of table: [tp][] partial []
// BOTH: all_reduce tp tensor<4x16xf32>
// BOTH: gradient of table: [tp][] partial [dp]
// A table over dp as well needs the ids of all ranks.
// SHARED: all_gather dp tensor<4xi32>
// SHARED: x: whole
// SHARED: gradient of table: [dp+tp][] partial []
step37.parameter @table : tensor<33x16xf32> trained true decay true dims ["vocab", ""] parts [#step37.part<"table", f32, [33, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.table of @table : tensor<33x16xf32>
func.func @embedding(%ids: tensor<8xi32> {step37.name = "ids", step37.class = "input", step37.dims = ["token"], check.below = 33 : i64}, %dout: tensor<8x16xf32> {step37.name = "dout", step37.class = "input", step37.dims = ["token", ""]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<8x16xf32> {step37.name = "x"}) {
  %t = step37.read @table : tensor<33x16xf32>
  %x = step37.embedding %ids, %t : (tensor<8xi32>, tensor<33x16xf32>) -> tensor<8x16xf32>
  %dt = step37.embedding_grad %ids, %dout : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<33x16xf32>
  step37.accumulate_gradient @gradient.table, %dt, %beta : tensor<33x16xf32>, tensor<1xf32>
  return %x : tensor<8x16xf32>
}
