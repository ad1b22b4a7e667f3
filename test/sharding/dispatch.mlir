// Rows of experts of a rank's own tokens: copied there and back without any exchange.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp+tp | FileCheck %s --check-prefixes=CHECK,TWO

// CHECK-NOT: {{gather|reduce}}
// ONE: y: [dp][]
// TWO: y: [dp+tp][]
func.func @there_and_back(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %chosen: tensor<8x2xi32> {step37.name = "chosen", step37.class = "input", step37.dims = ["token", ""], check.below = 4 : i64}) -> (tensor<8x16xf32> {step37.name = "y"}) {
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %y = step37.combine %rows, %row_slot, %slot_row : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}
