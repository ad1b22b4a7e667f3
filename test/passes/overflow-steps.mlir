// Steps that only work on rows of a further window are left out on ranks that get none: they name the step that
// sends these rows.
// RUN: step37-opt %s -step37-select-kernels=target=host | FileCheck %s

// CHECK: plan.program "windows" {
// CHECK: plan.launch @received_rows_{{[^}]*$}}
// CHECK: plan.launch @received_rows_{{[^}]*$}}
// CHECK: plan.collective @collective_counted_{{[^}]*$}}
// CHECK: plan.launch @dispatch_{{[^}]*$}}
// CHECK: plan.collective @collective_counted_{{.*}} {plan.rows = 0 : i64}
// CHECK: plan.launch @dispatch_{{.*}} {plan.rows_of = 0 : i64}
// CHECK: plan.launch @swiglu_{{.*}} {plan.rows_of = 0 : i64}
// What is also seen by others is there always, and so is what comes back.
// CHECK: plan.launch @swiglu_{{[^}]*$}}
// CHECK: plan.launch @add_{{[^}]*$}}
// CHECK: plan.collective @collective_counted_{{[^}]*$}}
// CHECK: plan.collective @collective_counted_{{[^}]*$}}
func.func @windows(%rows: tensor<16x8xf32> {step37.name = "rows", step37.class = "input"}, %bounds: tensor<10xi32> {step37.name = "bounds", step37.class = "input"}) -> (tensor<16x8xf32> {step37.name = "back"}, tensor<16x8xf32> {step37.name = "sum"}) {
  %c = step37.coordinate {axes = ["dp"]} : tensor<1xi32>
  %o0, %s0, %r0 = step37.received_rows %bounds, %c {first = 0 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  %o1, %s1, %r1 = step37.received_rows %bounds, %c {first = 16 : i64, ranks = 2 : i64, slots = 16 : i64, step37.overflow} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  %in0 = step37.counted_send %rows, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
  %x0 = step37.dispatch %in0, %s0, %r0 : (tensor<16x8xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x8xf32>
  %in1 = step37.counted_send %rows, %bounds {axes = ["dp"], first = 16 : i64, ranks = 2 : i64, step37.overflow} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
  %x1 = step37.dispatch %in1, %s1, %r1 {step37.overflow} : (tensor<16x8xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x8xf32>
  %y1 = step37.swiglu %x1, %x1 clamp after_silu {limit = 0.0 : f64, step37.overflow} : tensor<16x8xf32>
  %z1 = step37.swiglu %in1, %in1 clamp after_silu {limit = 0.0 : f64, step37.overflow} : tensor<16x8xf32>
  %sum = step37.add %x0, %z1 : tensor<16x8xf32>
  %back0 = step37.counted_return %x0, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
  %back1 = step37.counted_return %y1, %bounds, %back0 {axes = ["dp"], first = 16 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %back1, %sum : tensor<16x8xf32>, tensor<16x8xf32>
}
