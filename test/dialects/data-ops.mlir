// Operations that make or place values without arithmetic, and gradients of operations whose weights
// are frozen, as text and as bytecode.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// CHECK-LABEL: func.func @places
func.func @places(%u: tensor<8x16xbf16>, %v: tensor<8x4xbf16>) {
  // CHECK: step37.join_columns %{{.*}}, %{{.*}} : (tensor<8x16xbf16>, tensor<8x4xbf16>) -> tensor<8x20xbf16>
  %uv = step37.join_columns %u, %v : (tensor<8x16xbf16>, tensor<8x4xbf16>) -> tensor<8x20xbf16>
  // CHECK: step37.split_columns %{{.*}} : (tensor<8x20xbf16>) -> (tensor<8x16xbf16>, tensor<8x4xbf16>)
  %0:2 = step37.split_columns %uv : (tensor<8x20xbf16>) -> (tensor<8x16xbf16>, tensor<8x4xbf16>)
  // CHECK: step37.fill {value = 1.000000e+00 : f64} : tensor<1xf32>
  %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
  return
}

// CHECK-LABEL: func.func @frozen
func.func @frozen(%x: tensor<8x16xf32>, %weight: tensor<16xf32>, %r: tensor<8xf32>, %head: tensor<32x16xf32>, %ids: tensor<8xi32>, %scale: tensor<1xf32>, %n: tensor<4xf32>, %rn: tensor<8x8xf32>) {
  // CHECK: step37.rms_norm_grad {{.*}} (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  %dx = step37.rms_norm_grad %x, %x, %weight, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  // CHECK: step37.qk_norm_rope_grad {{.*}} -> (tensor<8x16xf32>, tensor<8x16xf32>)
  %dq, %dk = step37.qk_norm_rope_grad %x, %x, %x, %x, %n, %n, %ids, %rn {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>, tensor<8x8xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  // CHECK: step37.lm_loss_grad {{.*}} -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>)
  %0:3 = step37.lm_loss_grad %x, %head, %ids, %r, %scale : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>)
  return
}
