// Rows and columns are split; nothing is exchanged.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,ffn=tp | FileCheck %s --check-prefixes=CHECK,BOTH
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims ffn=dp+tp | FileCheck %s --check-prefixes=CHECK,COLUMNS

// CHECK-NOT: {{all|reduce}}
// BOTH: h: [dp][tp]
// COLUMNS: h: [][dp+tp]
func.func @swiglu(%gate: tensor<8x12xf32> {step37.name = "gate", step37.class = "input", step37.dims = ["token", "ffn"]}, %up: tensor<8x12xf32> {step37.name = "up", step37.class = "input", step37.dims = ["token", "ffn"]}, %dh: tensor<8x12xf32> {step37.name = "dh", step37.class = "input", step37.dims = ["token", "ffn"]}) -> (tensor<8x12xf32> {step37.name = "h"}, tensor<8x12xf32> {step37.name = "dgate"}, tensor<8x12xf32> {step37.name = "dup"}) {
  %h = step37.swiglu %gate, %up clamp after_silu {limit = 0.5 : f64} : tensor<8x12xf32>
  %dgate, %dup = step37.swiglu_grad %dh, %gate, %up clamp after_silu {limit = 0.5 : f64} : (tensor<8x12xf32>, tensor<8x12xf32>, tensor<8x12xf32>) -> (tensor<8x12xf32>, tensor<8x12xf32>)
  return %h, %dgate, %dup : tensor<8x12xf32>, tensor<8x12xf32>, tensor<8x12xf32>
}
