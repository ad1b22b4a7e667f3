// Experts on ranks: tokens, choices and weights of the ranks that share experts are gathered, each rank
// computes the rows of its own experts, and what it adds to the tokens is a sum over ranks.
// RUN: step37-opt %s -split-input-file -step37-partition="token-axes=dp expert-rows=4.0" | FileCheck %s
// RUN: step37-opt %s -split-input-file -step37-partition="token-axes=dp expert-rows=1.0" | FileCheck %s --check-prefix=WINDOW

// Four experts on four ranks, dp and tp together. With four times the mean a rank has room for all rows.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
// CHECK: step37.parameter @up : tensor<1x6x16xf32>
step37.parameter @up : tensor<4x6x16xf32> trained true decay true split [["dp", "tp"], [], []] parts [#step37.part<"up", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// The rows of all tokens have been here, so the gradient is whole.
// CHECK: step37.state gradient @gradient.up of @up : tensor<1x6x16xf32> partial []
step37.state gradient @gradient.up of @up : tensor<4x6x16xf32>
// CHECK-LABEL: func.func @experts(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x16xf32>
// CHECK-SAME: %[[LOGITS:[^:]*]]: tensor<4x4xf32>
// CHECK-NEXT: %[[C:.*]] = step37.coordinate {axes = ["dp", "tp"]}
// Routing needs no exchange: every token's logits are on its rank.
// CHECK-NEXT: %[[WEIGHTS:.*]], %[[CHOSEN:.*]], %{{.*}} = step37.route %[[LOGITS]]
// CHECK-NEXT: %[[ALLCHOSEN:.*]] = step37.all_gather %[[CHOSEN]] {axes = ["dp"], ranks = 2 : i64} : (tensor<4x2xi32>) -> tensor<8x2xi32>
// CHECK-NEXT: %[[OWN:.*]] = step37.localize_ids %[[ALLCHOSEN]], %[[C]] {size = 1 : i64}
// CHECK-NEXT: %[[OFFSETS:.*]], %[[ROWSLOT:.*]], %[[SLOTROW:.*]] = step37.sort_by_expert %[[OWN]] : (tensor<8x2xi32>) -> (tensor<2xi32>, tensor<16xi32>, tensor<16xi32>)
// CHECK-NEXT: %[[TOKENS:.*]] = step37.all_gather %[[X]] {axes = ["dp"], ranks = 2 : i64}
// CHECK-NEXT: %[[ROWS:.*]] = step37.dispatch %[[TOKENS]], %[[ROWSLOT]], %[[SLOTROW]]
// CHECK-NEXT: %[[UP:.*]] = step37.read @up : tensor<1x6x16xf32>
// CHECK-NEXT: %[[H:.*]] = step37.grouped_matmul %[[ROWS]], %[[UP]], %[[OFFSETS]] {transpose_b} : (tensor<16x16xf32>, tensor<1x6x16xf32>, tensor<2xi32>)
// CHECK-NEXT: %[[ALLWEIGHTS:.*]] = step37.all_gather %[[WEIGHTS]] {axes = ["dp"], ranks = 2 : i64}
// CHECK-NEXT: %[[Y:.*]] = step37.combine %[[H]], %[[ROWSLOT]], %[[SLOTROW]], %[[ALLWEIGHTS]]
// CHECK-NEXT: %[[DW:.*]] = step37.grouped_matmul_grad %[[H]], %[[ROWS]], %[[OFFSETS]]
// CHECK-NEXT: step37.accumulate_gradient @gradient.up, %[[DW]]
// CHECK-NEXT: %[[SUM:.*]] = step37.all_reduce %[[Y]] {axes = ["dp", "tp"], ranks = 4 : i64}
// CHECK-NEXT: return %[[SUM]]

// With the mean, 16/4 rows in whole eights, there are two windows of eight; what is behind the first is
// marked, and its gradient is added to the first one's.
// WINDOW-LABEL: func.func @experts(
// WINDOW-SAME: %[[BETA:[^: ]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}
// WINDOW: %[[ONE:.*]] = step37.fill {value = 1.000000e+00 : f64}
// WINDOW: %[[OFFSETS:.*]], %[[ROWSLOT:.*]], %[[SLOTROW:.*]] = step37.sort_by_expert
// WINDOW-NEXT: %[[O0:.*]], %[[S0:.*]] = step37.expert_window %[[OFFSETS]], %[[SLOTROW]] {first = 0 : i64, rows = 8 : i64}
// WINDOW-NEXT: %[[R0:.*]] = tensor.extract_slice %[[ROWSLOT]][0] [8] [1]
// WINDOW-NEXT: %[[O1:.*]], %[[S1:.*]] = step37.expert_window %[[OFFSETS]], %[[SLOTROW]] {first = 8 : i64, rows = 8 : i64}
// WINDOW-NEXT: %[[R1:.*]] = tensor.extract_slice %[[ROWSLOT]][8] [8] [1]
// WINDOW-NEXT: %[[TOKENS:.*]] = step37.all_gather
// WINDOW-NEXT: %[[ROWS0:.*]] = step37.dispatch %[[TOKENS]], %[[R0]], %[[S0]] :
// WINDOW-NEXT: %[[ROWS1:.*]] = step37.dispatch %[[TOKENS]], %[[R1]], %[[S1]] {step37.overflow} :
// WINDOW-NEXT: %[[UP:.*]] = step37.read @up
// WINDOW-NEXT: %[[H0:.*]] = step37.grouped_matmul %[[ROWS0]], %[[UP]], %[[O0]] {transpose_b}
// WINDOW-NEXT: %[[H1:.*]] = step37.grouped_matmul %[[ROWS1]], %[[UP]], %[[O1]] {step37.overflow, transpose_b}
// WINDOW-NEXT: step37.all_gather
// WINDOW-NEXT: %[[Y0:.*]] = step37.combine %[[H0]], %[[R0]], %[[S0]]
// WINDOW-NEXT: %[[Y1:.*]] = step37.combine %[[H1]], %[[R1]], %[[S1]], %{{.*}} {step37.overflow, step37.partial = {{\[\[}}"dp", "tp"]]}
// WINDOW-NEXT: %[[DW0:.*]] = step37.grouped_matmul_grad %[[H0]], %[[ROWS0]], %[[O0]]
// WINDOW-NEXT: %[[DW1:.*]] = step37.grouped_matmul_grad %[[H1]], %[[ROWS1]], %[[O1]] {step37.overflow}
// WINDOW-NEXT: step37.accumulate_gradient @gradient.up, %[[DW0]], %[[BETA]]
// WINDOW-NEXT: step37.accumulate_gradient @gradient.up, %[[DW1]], %[[ONE]]
// WINDOW-NEXT: %[[Y:.*]] = step37.add %[[Y0]], %[[Y1]]
// WINDOW-NEXT: step37.all_reduce %[[Y]]
func.func @experts(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %logits: tensor<8x4xf32> {step37.class = "input", step37.name = "logits", step37.split = [["dp"], []]}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) -> (tensor<8x6xf32> {step37.name = "y"}) {
  %weights, %chosen, %scores = step37.route %logits {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %up = step37.read @up : tensor<4x6x16xf32>
  %h = step37.grouped_matmul %rows, %up, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  %y = step37.combine %h, %row_slot, %slot_row, %weights : (tensor<16x6xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x6xf32>
  %dw = step37.grouped_matmul_grad %h, %rows, %offsets : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.up, %dw, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  return %y : tensor<8x6xf32>
}
}

// -----

// Experts over dp, their columns over tp: the product of columns is a sum over tp already before the rows
// go back to their tokens, which is linear, so that it is exchanged once, with the sum over the experts.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
// CHECK: step37.parameter @up : tensor<2x3x16xf32>
step37.parameter @up : tensor<4x6x16xf32> trained true decay true split [["dp"], ["tp"], []] parts [#step37.part<"up", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK: step37.parameter @down : tensor<2x16x3xf32>
step37.parameter @down : tensor<4x16x6xf32> trained true decay true split [["dp"], [], ["tp"]] parts [#step37.part<"down", f32, [4, 16, 6], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @columns_of_experts(
// CHECK-NEXT: %[[C:.*]] = step37.coordinate {axes = ["dp"]}
// CHECK: step37.localize_ids %{{.*}}, %[[C]] {size = 2 : i64}
// CHECK: step37.grouped_matmul {{.*}} -> tensor<16x3xf32>
// CHECK: %[[DOWN:.*]] = step37.grouped_matmul {{.*}} (tensor<16x3xf32>, tensor<2x16x3xf32>, tensor<3xi32>) -> tensor<16x16xf32>
// CHECK-NEXT: step37.all_gather
// CHECK-NEXT: %[[Y:.*]] = step37.combine %[[DOWN]],
// CHECK-NEXT: step37.all_reduce %[[Y]] {axes = ["dp", "tp"], ranks = 4 : i64}
func.func @columns_of_experts(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %logits: tensor<8x4xf32> {step37.class = "input", step37.name = "logits", step37.split = [["dp"], []]}) -> (tensor<8x16xf32> {step37.name = "y"}) {
  %weights, %chosen, %scores = step37.route %logits {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %up = step37.read @up : tensor<4x6x16xf32>
  %h = step37.grouped_matmul %rows, %up, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  %down = step37.read @down : tensor<4x16x6xf32>
  %d = step37.grouped_matmul %h, %down, %offsets {transpose_b} : (tensor<16x6xf32>, tensor<4x16x6xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  %y = step37.combine %d, %row_slot, %slot_row, %weights : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}
}

// -----

// Experts over tp only: ranks along dp have their own tokens, and the experts' gradients stay sums over dp.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @up : tensor<4x6x16xf32> trained true decay true split [["tp"], [], []] parts [#step37.part<"up", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK: step37.state gradient @gradient.up of @up : tensor<2x6x16xf32> partial ["dp"]
step37.state gradient @gradient.up of @up : tensor<4x6x16xf32>
// CHECK-LABEL: func.func @experts_within(
// CHECK-NOT: all_gather
// CHECK: step37.sort_by_expert %{{.*}} : (tensor<4x2xi32>) -> (tensor<3xi32>, tensor<8xi32>, tensor<8xi32>)
// CHECK: step37.grouped_matmul {{.*}} : (tensor<8x16xf32>, tensor<2x6x16xf32>, tensor<3xi32>) -> tensor<8x6xf32>
// CHECK: step37.all_reduce %{{.*}} {axes = ["tp"], ranks = 2 : i64} : (tensor<4x6xf32>)
// CHECK-NEXT: return
func.func @experts_within(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %logits: tensor<8x4xf32> {step37.class = "input", step37.name = "logits", step37.split = [["dp"], []]}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) -> (tensor<8x6xf32> {step37.name = "y"}) {
  %weights, %chosen, %scores = step37.route %logits {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %up = step37.read @up : tensor<4x6x16xf32>
  %h = step37.grouped_matmul %rows, %up, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  %y = step37.combine %h, %row_slot, %slot_row, %weights : (tensor<16x6xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x6xf32>
  %dw = step37.grouped_matmul_grad %h, %rows, %offsets : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.up, %dw, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  return %y : tensor<8x6xf32>
}
}
