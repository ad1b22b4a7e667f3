// Rows go to the ranks of their experts and back: what the pass puts around them, and what a rank does.
// RUN: step37-opt %s -step37-exchange-experts | FileCheck %s --check-prefix=WHOLE
// RUN: step37-opt %s -step37-exchange-experts -step37-partition="token-axes=dp expert-rows=4.0" | FileCheck %s
// RUN: step37-opt %s -step37-exchange-experts -step37-partition="token-axes=dp expert-rows=1.0" | FileCheck %s --check-prefix=WINDOW

// The rows of the product come back once for both of their users, and only products see the others.
// WHOLE-LABEL: func.func @experts(
// WHOLE: %[[SLOTS:[^,]*]], %[[ROWS:[^,]*]], %[[BOUNDS:[^,]*]], %[[OFFSETS:[^,]*]], %[[SOURCE:[^,]*]], %[[RECEIVED:.*]] = step37.place_rows
// WHOLE-NEXT: %[[X:.*]] = step37.dispatch %{{[^,]*}}, %[[SLOTS]], %[[ROWS]]
// WHOLE-NEXT: %[[SENT:.*]] = step37.send_rows %[[X]], %[[BOUNDS]], %[[SOURCE]], %[[RECEIVED]]
// WHOLE-NEXT: step37.read @up
// WHOLE-NEXT: %[[H:.*]] = step37.grouped_matmul %[[SENT]], %{{[^,]*}}, %[[OFFSETS]]
// WHOLE-NEXT: %[[BACK:.*]] = step37.return_rows %[[H]], %[[BOUNDS]], %[[SOURCE]], %[[RECEIVED]]
// WHOLE-NEXT: step37.combine %[[BACK]], %[[SLOTS]], %[[ROWS]]
// WHOLE-NEXT: %[[DH:.*]], %{{.*}} = step37.combine_grad %{{[^,]*}}, %[[BACK]], %[[SLOTS]], %[[ROWS]]
// WHOLE-NEXT: %[[DSENT:.*]] = step37.send_rows %[[DH]], %[[BOUNDS]], %[[SOURCE]], %[[RECEIVED]]
// WHOLE-NEXT: step37.grouped_matmul_grad %[[DSENT]], %[[SENT]], %[[OFFSETS]]

// Four experts on four ranks, dp and tp together: tokens of a rank along dp are divided along tp as well, and
// each sorts its own by all experts.
// CHECK-LABEL: func.func @experts(
// CHECK-SAME: %[[XIN:[^:]*]]: tensor<4x16xf32>
// CHECK-DAG: %[[ALL:.*]] = step37.coordinate {axes = ["dp", "tp"]}
// CHECK: %[[CHOSEN:.*]] = step37.take_rows %{{.*}}, %{{.*}} : (tensor<4x2xi32>, tensor<1xi32>) -> tensor<2x2xi32>
// CHECK-NEXT: %[[OWN:.*]], %[[SLOTS:.*]], %[[ROWS:.*]] = step37.sort_by_expert %[[CHOSEN]] : (tensor<2x2xi32>) -> (tensor<5xi32>, tensor<4xi32>, tensor<4xi32>)
// CHECK-NEXT: %[[BOUNDS:.*]] = step37.all_gather %[[OWN]] {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<5xi32>) -> tensor<20xi32>
// CHECK-NEXT: %[[OFFSETS:.*]], %[[SOURCE:.*]], %[[RECEIVED:.*]] = step37.received_rows %[[BOUNDS]], %[[ALL]] {first = 0 : i64, ranks = 4 : i64, slots = 4 : i64} : {{.*}} -> (tensor<2xi32>, tensor<16xi32>, tensor<16xi32>)
// CHECK: %[[OWNX:.*]] = step37.take_rows %[[XIN]], %{{.*}} -> tensor<2x16xf32>
// CHECK-NEXT: %[[X:.*]] = step37.dispatch %[[OWNX]], %[[SLOTS]], %[[ROWS]] {{.*}} -> tensor<4x16xf32>
// CHECK-NEXT: %[[SENT:.*]] = step37.counted_send %[[X]], %[[BOUNDS]] {axes = ["dp", "tp"], first = 0 : i64, ranks = 4 : i64} : (tensor<4x16xf32>, tensor<20xi32>) -> tensor<16x16xf32>
// CHECK-NEXT: %[[IN:.*]] = step37.dispatch %[[SENT]], %[[SOURCE]], %[[RECEIVED]]
// CHECK-NEXT: step37.read @up
// CHECK-NEXT: %[[H:.*]] = step37.grouped_matmul %[[IN]], %{{.*}}, %[[OFFSETS]]
// CHECK-NEXT: %[[OUT:.*]] = step37.dispatch %[[H]], %[[RECEIVED]], %[[SOURCE]]
// CHECK-NEXT: %[[BACK:.*]] = step37.counted_return %[[OUT]], %[[BOUNDS]] {axes = ["dp", "tp"], first = 0 : i64, ranks = 4 : i64} : (tensor<16x16xf32>, tensor<20xi32>) -> tensor<4x16xf32>
// CHECK-NOT: step37.overflow
// CHECK: return

// Two windows of eight rows: what is behind the first is marked, but for what comes back, which is whole when
// all windows have.
// WINDOW-LABEL: func.func @experts(
// WINDOW: %[[BOUNDS:.*]] = step37.all_gather
// WINDOW-NEXT: %[[O0:.*]], %[[S0:.*]], %[[R0:.*]] = step37.received_rows %[[BOUNDS]], %{{.*}} {first = 0 : i64, ranks = 4 : i64, slots = 4 : i64}
// WINDOW-NEXT: %[[O1:.*]], %[[S1:.*]], %[[R1:.*]] = step37.received_rows %[[BOUNDS]], %{{.*}} {first = 8 : i64, ranks = 4 : i64, slots = 4 : i64, step37.overflow}
// WINDOW: %[[X0:.*]] = step37.counted_send %[[X:.*]], %[[BOUNDS]] {axes = ["dp", "tp"], first = 0 : i64, ranks = 4 : i64} : (tensor<4x16xf32>, tensor<20xi32>) -> tensor<8x16xf32>
// WINDOW-NEXT: step37.dispatch %[[X0]], %[[S0]], %[[R0]] :
// WINDOW-NEXT: %[[X1:.*]] = step37.counted_send %[[X]], %[[BOUNDS]] {axes = ["dp", "tp"], first = 8 : i64, ranks = 4 : i64, step37.overflow}
// WINDOW-NEXT: step37.dispatch %[[X1]], %[[S1]], %[[R1]] {step37.overflow} :
// WINDOW: %[[FIRST:.*]] = step37.counted_return %{{[^,]*}}, %[[BOUNDS]] {axes = ["dp", "tp"], first = 0 : i64, ranks = 4 : i64} : (tensor<8x16xf32>, tensor<20xi32>)
// WINDOW-NEXT: %[[SECOND:.*]] = step37.dispatch %{{[^,]*}}, %[[R1]], %[[S1]] {step37.overflow} :
// WINDOW-NEXT: %[[BACK:.*]] = step37.counted_return %[[SECOND]], %[[BOUNDS]], %[[FIRST]] {axes = ["dp", "tp"], first = 8 : i64, ranks = 4 : i64} :
// WINDOW: step37.combine %[[BACK]],
// WINDOW: step37.combine_grad %{{[^,]*}}, %[[BACK]],
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @up : tensor<4x16x16xf32> trained true decay true split [["dp", "tp"], [], []] parts [#step37.part<"up", f32, [4, 16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.up of @up : tensor<4x16x16xf32>
func.func @experts(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %chosen: tensor<8x2xi32> {step37.class = "input", step37.name = "chosen", step37.split = [["dp"], []]}, %weights: tensor<8x2xf32> {step37.class = "input", step37.name = "weights", step37.split = [["dp"], []]}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) -> (tensor<8x16xf32> {step37.name = "y"}) {
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %up = step37.read @up : tensor<4x16x16xf32>
  %h = step37.grouped_matmul %rows, %up, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x16x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  %y = step37.combine %h, %row_slot, %slot_row, %weights : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  %dh, %dweights = step37.combine_grad %x, %h, %row_slot, %slot_row, %weights : (tensor<8x16xf32>, tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> (tensor<16x16xf32>, tensor<8x2xf32>)
  %dw = step37.grouped_matmul_grad %dh, %rows, %offsets : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x16x16xf32>
  step37.accumulate_gradient @gradient.up, %dw, %beta : tensor<4x16x16xf32>, tensor<1xf32>
  return %y : tensor<8x16xf32>
}
}
