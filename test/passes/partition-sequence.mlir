// Sequence parallelism is a split of the tokens over tp between the products: sums over ranks are
// scattered over rows, and gathered where a product needs all of them.
// RUN: step37-opt %s -step37-partition="token-axes=dp,tp" | FileCheck %s

module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @norm : tensor<16xf32> trained true decay false parts [#step37.part<"norm", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @q : tensor<32x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"q", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @o : tensor<16x32xf32> trained true decay true split [[], ["tp"]] parts [#step37.part<"o", f32, [16, 32], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// Every rank along tp has other tokens, so the gradient of a norm is a sum over tp as well.
// CHECK: step37.state gradient @gradient.norm of @norm : tensor<16xf32> partial ["dp", "tp"]
// CHECK: step37.state gradient @gradient.q of @q : tensor<16x16xf32> partial ["dp"]
step37.state gradient @gradient.norm of @norm : tensor<16xf32>
step37.state gradient @gradient.q of @q : tensor<32x16xf32>
// CHECK-LABEL: func.func @block(
// CHECK-SAME: %[[IN:[^:]*]]: tensor<4x16xf32>
// CHECK-SAME: -> (tensor<2x16xf32> {step37.name = "dx", step37.split = {{\[\[}}"dp", "tp"], []]})
func.func @block(%in: tensor<8x32xf32> {step37.class = "input", step37.name = "in", step37.split = [["dp"], ["tp"]]}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) -> (tensor<8x16xf32> {step37.name = "dx"}) {
  // CHECK: %[[PART:.*]] = step37.matmul %[[IN]],
  %o = step37.read @o : tensor<16x32xf32>
  %x = step37.matmul %in, %o {transpose_b} : (tensor<8x32xf32>, tensor<16x32xf32>) -> tensor<8x16xf32>
  // CHECK: %[[X:.*]] = step37.reduce_scatter %[[PART]] {axes = ["tp"], ranks = 2 : i64} : (tensor<4x16xf32>) -> tensor<2x16xf32>
  // CHECK-NEXT: %[[Y:.*]], %[[R:.*]] = step37.rms_norm %[[X]], {{.*}} -> (tensor<2x16xf32>, tensor<2xf32>)
  %n = step37.read @norm : tensor<16xf32>
  %y, %r = step37.rms_norm %x, %n {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  // CHECK: %[[ALL:.*]] = step37.all_gather %[[Y]] {axes = ["tp"], ranks = 2 : i64} : (tensor<2x16xf32>) -> tensor<4x16xf32>
  // CHECK-NEXT: %[[H:.*]] = step37.matmul %[[ALL]], %{{.*}} {transpose_b}
  %q = step37.read @q : tensor<32x16xf32>
  %h = step37.matmul %y, %q {transpose_b} : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xf32>
  // What the forward program has gathered is not kept for the backward program, but gathered again.
  // CHECK-NEXT: %[[DY:.*]] = step37.matmul %[[H]],
  // CHECK-NEXT: %[[AGAIN:.*]] = step37.all_gather %[[Y]]
  // CHECK-NEXT: step37.matmul %[[H]], %[[AGAIN]] {step37.partial = {{\[\[}}"dp"]], transpose_a}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.q
  %dy = step37.matmul %h, %q : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32> loc("q"("backward"))
  %dq = step37.matmul %h, %y {transpose_a} : (tensor<8x32xf32>, tensor<8x16xf32>) -> tensor<32x16xf32> loc("q"("backward"))
  step37.accumulate_gradient @gradient.q, %dq, %beta : tensor<32x16xf32>, tensor<1xf32>
  // CHECK-NEXT: %[[OWN:.*]] = step37.reduce_scatter %[[DY]] {axes = ["tp"], ranks = 2 : i64} : (tensor<4x16xf32>) -> tensor<2x16xf32>
  // CHECK-NEXT: step37.rms_norm_grad %[[OWN]], %[[X]], %{{.*}}, %[[R]]
  %dx, %dn = step37.rms_norm_grad %dy, %x, %n, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  step37.accumulate_gradient @gradient.norm, %dn, %beta : tensor<16xf32>, tensor<1xf32>
  return %dx : tensor<8x16xf32>
}
}
