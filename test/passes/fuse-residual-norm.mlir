// A residual addition moves into the norm that follows, the residual's gradient into the norm's
// gradient; and each reason not to.
// RUN: step37-opt %s -step37-fuse-residual-norm | FileCheck %s

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[A:[^:]*]]: tensor<8x16xf32>, %[[B:[^:]*]]: tensor<8x16xf32>, %[[C:[^:]*]]: tensor<8x16xf32>, %[[W:[^:]*]]: tensor<16xf32>)
func.func @forward(%a: tensor<8x16xf32>, %b: tensor<8x16xf32>, %c: tensor<8x16xf32>, %w: tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %[[Y:.*]], %{{.*}}, %[[SUM:.*]] = step37.rms_norm %[[A]], %[[B]], %[[C]], %[[W]] {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64}
  // CHECK-NEXT: %[[Z:.*]] = step37.swiglu %[[SUM]], %[[Y]]
  // CHECK-NEXT: return %[[SUM]], %[[Z]]
  %sum = step37.add %a, %b, %c : tensor<8x16xf32>
  %y, %r = step37.rms_norm %sum, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %z = step37.swiglu %sum, %y clamp after_silu {limit = 0.0 : f64} : tensor<8x16xf32>
  return %sum, %z : tensor<8x16xf32>, tensor<8x16xf32>
}

// The sum is needed before the norm.
// CHECK-LABEL: func.func @used_before(
func.func @used_before(%a: tensor<8x16xf32>, %w: tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %[[SUM:.*]] = step37.add
  // CHECK-NEXT: step37.swiglu %[[SUM]], %[[SUM]]
  // CHECK-NEXT: step37.rms_norm %[[SUM]], %{{[^,]*}} {
  %sum = step37.add %a, %a : tensor<8x16xf32>
  %z = step37.swiglu %sum, %sum clamp after_silu {limit = 0.0 : f64} : tensor<8x16xf32>
  %y, %r = step37.rms_norm %sum, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return %y, %z : tensor<8x16xf32>, tensor<8x16xf32>
}

// No sum, or a sum of one.
// CHECK-LABEL: func.func @no_sum(
func.func @no_sum(%a: tensor<8x16xf32>, %w: tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %[[X:.*]] = step37.add %{{[^,]*}} : tensor
  // CHECK-NEXT: step37.rms_norm %[[X]], %{{[^,]*}} {
  // CHECK-NEXT: step37.rms_norm %{{[^,]*}}, %{{[^,]*}} {
  %x = step37.add %a : tensor<8x16xf32>
  %y, %r = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %z, %s = step37.rms_norm %a, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return %y, %z : tensor<8x16xf32>, tensor<8x16xf32>
}

// Two norms of one sum: the first makes it, the second uses it.
// CHECK-LABEL: func.func @two_norms(
func.func @two_norms(%a: tensor<8x16xf32>, %w: tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %{{.*}}, %{{.*}}, %[[SUM:.*]] = step37.rms_norm
  // CHECK-NEXT: step37.rms_norm %[[SUM]], %{{[^,]*}} {
  // CHECK-NEXT: return
  %sum = step37.add %a, %a : tensor<8x16xf32>
  %y, %r = step37.rms_norm %sum, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %z, %s = step37.rms_norm %sum, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return %y, %z : tensor<8x16xf32>, tensor<8x16xf32>
}

// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[DY:[^:]*]]: tensor<8x16xf32>, %[[RESIDUAL:[^:]*]]: tensor<8x16xf32>
func.func @backward(%dy: tensor<8x16xf32>, %residual: tensor<8x16xf32>, %w: tensor<16xf32>, %r: tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>) {
  // CHECK-NEXT: %[[DX:.*]], %[[DW:.*]] = step37.rms_norm_grad %[[DY]], %[[DY]], %{{.*}}, %{{.*}}, %[[RESIDUAL]], %[[DY]] {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64}
  // CHECK-NEXT: return %[[DX]], %[[DW]]
  %dx, %dw = step37.rms_norm_grad %dy, %dy, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  %sum = step37.add %residual, %dx, %dy : tensor<8x16xf32>
  return %sum, %dw : tensor<8x16xf32>, tensor<16xf32>
}

// The gradient of a frozen norm.
// CHECK-LABEL: func.func @frozen(
// CHECK-SAME: %[[DY:[^:]*]]: tensor<8x16xf32>, %[[RESIDUAL:[^:]*]]: tensor<8x16xf32>
func.func @frozen(%dy: tensor<8x16xf32>, %residual: tensor<8x16xf32>, %w: tensor<16xf32>, %r: tensor<8xf32>) -> tensor<8x16xf32> {
  // CHECK-NEXT: %[[DX:[^ ,]*]] = step37.rms_norm_grad %[[DY]], %[[DY]], %{{.*}}, %{{.*}}, %[[RESIDUAL]] {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64}
  // CHECK-NEXT: return %[[DX]]
  %dx = step37.rms_norm_grad %dy, %dy, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  %sum = step37.add %residual, %dx : tensor<8x16xf32>
  return %sum : tensor<8x16xf32>
}

// The other summand comes later; dx has another use; dx counts twice.
// CHECK-LABEL: func.func @backward_not(
func.func @backward_not(%dy: tensor<8x16xf32>, %w: tensor<16xf32>, %r: tensor<8xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %[[DX:.*]], %{{.*}} = step37.rms_norm_grad %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}} {
  // CHECK-NEXT: step37.swiglu
  // CHECK-NEXT: step37.add %[[DX]],
  %dx, %dw = step37.rms_norm_grad %dy, %dy, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  %later = step37.swiglu %dy, %dy clamp after_silu {limit = 0.0 : f64} : tensor<8x16xf32>
  %sum = step37.add %dx, %later : tensor<8x16xf32>
  // CHECK-NEXT: %[[DX1:.*]], %{{.*}} = step37.rms_norm_grad %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}} {
  // CHECK-NEXT: step37.add %[[DX1]],
  %dx1, %dw1 = step37.rms_norm_grad %dy, %dy, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  %sum1 = step37.add %dx1, %dy : tensor<8x16xf32>
  // CHECK-NEXT: %[[DX2:.*]], %{{.*}} = step37.rms_norm_grad %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}} {
  // CHECK-NEXT: step37.add %[[DX2]], %[[DX2]]
  %dx2, %dw2 = step37.rms_norm_grad %dy, %dy, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  %sum2 = step37.add %dx2, %dx2 : tensor<8x16xf32>
  return %sum, %sum1, %dx1, %sum2 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}
