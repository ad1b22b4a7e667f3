// RUN: step37-opt %s -step37-fuse-expert-activation -canonicalize | FileCheck %s

// The product's result stays for the gradient.
// CHECK-LABEL: func.func @fused
// CHECK-SAME: (%[[X:.*]]: tensor<16x16xf32>, %[[W:.*]]: tensor<4x12x16xf32>, %[[OFFSETS:.*]]: tensor<5xi32>)
func.func @fused(%x: tensor<16x16xf32>, %w: tensor<4x12x16xf32>, %offsets: tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x6xf32>) {
  // CHECK-NEXT: %[[P:.*]], %[[H:.*]] = step37.grouped_swiglu %[[X]], %[[W]], %[[OFFSETS]] clamp before_silu {limit = 7.000000e+00 : f64} : (tensor<16x16xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> (tensor<16x12xf32>, tensor<16x6xf32>)
  // CHECK-NEXT: %[[G:.*]] = tensor.extract_slice %[[P]][0, 0] [16, 6] [1, 1]
  // CHECK-NEXT: return %[[G]], %[[H]]
  %p = step37.grouped_matmul %x, %w, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> tensor<16x12xf32>
  %g = tensor.extract_slice %p[0, 0] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %u = tensor.extract_slice %p[0, 6] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %h = step37.swiglu %g, %u clamp before_silu {limit = 7.0 : f64} : tensor<16x6xf32>
  return %g, %h : tensor<16x6xf32>, tensor<16x6xf32>
}

// Gate and up are not the other way round, nor two different products, nor halves of a dense one.
// CHECK-LABEL: func.func @not_fused
// CHECK-NOT: grouped_swiglu
// CHECK: return
func.func @not_fused(%x: tensor<16x16xf32>, %w: tensor<4x12x16xf32>, %d: tensor<12x16xf32>, %v: tensor<4x16x12xf32>, %offsets: tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>) {
  %p = step37.grouped_matmul %x, %w, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> tensor<16x12xf32>
  %q = step37.grouped_matmul %x, %v, %offsets : (tensor<16x16xf32>, tensor<4x16x12xf32>, tensor<5xi32>) -> tensor<16x12xf32>
  %m = step37.matmul %x, %d {transpose_b} : (tensor<16x16xf32>, tensor<12x16xf32>) -> tensor<16x12xf32>
  %p0 = tensor.extract_slice %p[0, 0] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %p1 = tensor.extract_slice %p[0, 6] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %q0 = tensor.extract_slice %q[0, 0] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %q1 = tensor.extract_slice %q[0, 6] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %m0 = tensor.extract_slice %m[0, 0] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %m1 = tensor.extract_slice %m[0, 6] [16, 6] [1, 1] : tensor<16x12xf32> to tensor<16x6xf32>
  %0 = step37.swiglu %p1, %p0 clamp after_silu {limit = 7.0 : f64} : tensor<16x6xf32>
  %1 = step37.swiglu %p0, %q1 clamp after_silu {limit = 7.0 : f64} : tensor<16x6xf32>
  %2 = step37.swiglu %q0, %q1 clamp after_silu {limit = 7.0 : f64} : tensor<16x6xf32>
  %3 = step37.swiglu %m0, %m1 clamp after_silu {limit = 7.0 : f64} : tensor<16x6xf32>
  return %0, %1, %2, %3 : tensor<16x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>
}
