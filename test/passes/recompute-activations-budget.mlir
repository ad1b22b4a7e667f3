// The choice by bytes: first what frees most bytes for what computing it again costs, and of equally good ones the
// first in the program. Of 9792 bytes that two blocks keep (a norm's result 512 and its statistics 32, a product
// 2048, its activation 2048; and 512 that go from block to block) as few are computed again as the budget needs.
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=9792" | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=9791" | FileCheck %s --check-prefixes=CHECK,NORM
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=8704" | FileCheck %s --check-prefixes=CHECK,NORMS
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=8703" | FileCheck %s --check-prefixes=CHECK,ACTIVATION
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=4000" | FileCheck %s --check-prefixes=CHECK,PRODUCT
// RUN: step37-opt %s "-step37-recompute-activations=mode=budget saved-bytes=0" | FileCheck %s --check-prefixes=CHECK,LEAST,ZERO
// RUN: step37-opt %s "-step37-recompute-activations=mode=full" | FileCheck %s --check-prefixes=CHECK,LEAST

step37.parameter @q : tensor<64x16xf32> trained true decay true parts [#step37.part<"q", f32, [64, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.q of @q : tensor<64x16xf32>
// CHECK-LABEL: func.func @blocks(
func.func @blocks(%x0: tensor<8x16xf32>, %n: tensor<16xf32>, %d: tensor<8x64xf32>, %e: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %q = step37.read @q : tensor<64x16xf32> loc("model.layers.0.q")
  %y0, %r0 = step37.rms_norm %x0, %n {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>) loc("model.layers.0.norm")
  %h0 = step37.matmul %y0, %q {transpose_b} : (tensor<8x16xf32>, tensor<64x16xf32>) -> tensor<8x64xf32> loc("model.layers.0.q")
  %s0 = step37.swiglu %h0, %h0 clamp after_silu {limit = 0.0 : f64} : tensor<8x64xf32> loc("model.layers.0.mlp")
  %o0 = step37.matmul %s0, %q : (tensor<8x64xf32>, tensor<64x16xf32>) -> tensor<8x16xf32> loc("model.layers.0.o")
  // CHECK: %[[X1:[^ ]*]] = step37.add %arg0,
  %x1 = step37.add %x0, %o0 : tensor<8x16xf32> loc("model.layers.0")
  %y1, %r1 = step37.rms_norm %x1, %n {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>) loc("model.layers.1.norm")
  %h1 = step37.matmul %y1, %q {transpose_b} : (tensor<8x16xf32>, tensor<64x16xf32>) -> tensor<8x64xf32> loc("model.layers.1.q")
  %s1 = step37.swiglu %h1, %h1 clamp after_silu {limit = 0.0 : f64} : tensor<8x64xf32> loc("model.layers.1.mlp")
  %o1 = step37.matmul %s1, %q : (tensor<8x64xf32>, tensor<64x16xf32>) -> tensor<8x16xf32> loc("model.layers.1.o")
  // CHECK: step37.add %[[X1]],
  %x2 = step37.add %x1, %o1 : tensor<8x16xf32> loc("model.layers.1")

  // Block 1 and then block 0, backwards.
  // ALL-NEXT: step37.matmul
  // ALL-NEXT: step37.swiglu_grad
  // ALL-NEXT: step37.matmul
  // ALL-NEXT: step37.rms_norm_grad
  // ALL-NEXT: step37.matmul
  // ALL-NEXT: step37.swiglu_grad
  // ALL-NEXT: step37.matmul
  // ALL-NEXT: step37.rms_norm_grad
  // ALL-NEXT: return

  // NORM-NEXT: step37.matmul
  // NORM-NEXT: step37.swiglu_grad
  // NORM-NEXT: step37.matmul
  // NORM-NEXT: step37.rms_norm_grad
  // NORM-NEXT: step37.matmul
  // NORM-NEXT: step37.swiglu_grad
  // NORM-NEXT: %[[Y0:.*]], %[[R0:.*]] = step37.rms_norm %arg0,
  // NORM-NEXT: step37.matmul %{{.*}}, %[[Y0]] {transpose_a}
  // NORM-NEXT: step37.rms_norm_grad %{{.*}}, %arg0, %{{.*}}, %[[R0]]

  // NORMS-NEXT: step37.matmul
  // NORMS-NEXT: step37.swiglu_grad
  // NORMS-NEXT: step37.rms_norm
  // NORMS-NEXT: step37.matmul
  // NORMS-NEXT: step37.rms_norm_grad
  // NORMS-NEXT: step37.matmul
  // NORMS-NEXT: step37.swiglu_grad
  // NORMS-NEXT: step37.rms_norm %arg0,
  // NORMS-NEXT: step37.matmul
  // NORMS-NEXT: step37.rms_norm_grad
  // NORMS-NEXT: return

  // ACTIVATION-NEXT: step37.matmul
  // ACTIVATION-NEXT: step37.swiglu_grad
  // ACTIVATION-NEXT: step37.rms_norm
  // ACTIVATION-NEXT: step37.matmul
  // ACTIVATION-NEXT: step37.rms_norm_grad
  // ACTIVATION-NEXT: %[[S0:.*]] = step37.swiglu
  // ACTIVATION-NEXT: step37.matmul %[[S0]],
  // ACTIVATION-NEXT: step37.swiglu_grad
  // ACTIVATION-NEXT: step37.rms_norm %arg0,
  // ACTIVATION-NEXT: step37.matmul
  // ACTIVATION-NEXT: step37.rms_norm_grad
  // ACTIVATION-NEXT: return

  // Both activations, and the product of the first block, which its norm is computed again for, too.
  // PRODUCT-NEXT: step37.swiglu
  // PRODUCT-NEXT: step37.matmul
  // PRODUCT-NEXT: step37.swiglu_grad
  // PRODUCT-NEXT: step37.rms_norm
  // PRODUCT-NEXT: step37.matmul
  // PRODUCT-NEXT: step37.rms_norm_grad
  // PRODUCT-NEXT: %[[Y0:.*]], %[[R0:.*]] = step37.rms_norm %arg0,
  // PRODUCT-NEXT: %[[H0:.*]] = step37.matmul %[[Y0]],
  // PRODUCT-NEXT: %[[S0:.*]] = step37.swiglu %[[H0]], %[[H0]]
  // PRODUCT-NEXT: step37.matmul %[[S0]],
  // PRODUCT-NEXT: step37.swiglu_grad %{{.*}}, %[[H0]], %[[H0]]
  // PRODUCT-NEXT: step37.matmul %{{.*}}, %[[Y0]] {transpose_a}
  // PRODUCT-NEXT: step37.rms_norm_grad %{{.*}}, %arg0, %{{.*}}, %[[R0]]
  // PRODUCT-NEXT: return

  // What the second block gets of the first is kept.
  // LEAST-NEXT: step37.rms_norm %[[X1]],
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.swiglu
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.swiglu_grad
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.rms_norm_grad %{{.*}}, %[[X1]],
  // LEAST-NEXT: step37.rms_norm %arg0,
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.swiglu
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.swiglu_grad
  // LEAST-NEXT: step37.matmul
  // LEAST-NEXT: step37.rms_norm_grad
  // LEAST-NEXT: return
  %do1 = step37.matmul %s1, %e {transpose_a} : (tensor<8x64xf32>, tensor<8x16xf32>) -> tensor<64x16xf32> loc("model.layers.1.o"("backward"))
  %dg1, %du1 = step37.swiglu_grad %d, %h1, %h1 clamp after_silu {limit = 0.0 : f64} : (tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) -> (tensor<8x64xf32>, tensor<8x64xf32>) loc("model.layers.1.mlp"("backward"))
  %dq1 = step37.matmul %dg1, %y1 {transpose_a} : (tensor<8x64xf32>, tensor<8x16xf32>) -> tensor<64x16xf32> loc("model.layers.1.q"("backward"))
  %dx1, %dn1 = step37.rms_norm_grad %e, %x1, %n, %r1 {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>) loc("model.layers.1.norm"("backward"))
  %do0 = step37.matmul %s0, %dx1 {transpose_a} : (tensor<8x64xf32>, tensor<8x16xf32>) -> tensor<64x16xf32> loc("model.layers.0.o"("backward"))
  %dg0, %du0 = step37.swiglu_grad %d, %h0, %h0 clamp after_silu {limit = 0.0 : f64} : (tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) -> (tensor<8x64xf32>, tensor<8x64xf32>) loc("model.layers.0.mlp"("backward"))
  %dq0 = step37.matmul %dg0, %y0 {transpose_a} : (tensor<8x64xf32>, tensor<8x16xf32>) -> tensor<64x16xf32> loc("model.layers.0.q"("backward"))
  %dx0, %dn0 = step37.rms_norm_grad %dx1, %x0, %n, %r0 {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>) loc("model.layers.0.norm"("backward"))
  return %x2, %dx0 : tensor<8x16xf32>, tensor<8x16xf32>
}

// What a value needs of another block and would have to be kept as well counts against it: here nothing is gained.
// CHECK-LABEL: func.func @nothing_gained(
func.func @nothing_gained(%x: tensor<8x16xf32>, %e: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: step37.add
  // CHECK-NEXT: %[[Y:.*]] = step37.add
  // CHECK-NEXT: %[[Z:.*]] = step37.add
  // ZERO-NEXT: step37.swiglu_grad %{{.*}}, %[[Y]], %[[Y]]
  %x1 = step37.add %x, %x : tensor<8x16xf32> loc("model.layers.0")
  %y = step37.add %x1, %x1 : tensor<8x16xf32> loc("model.layers.1.mlp")
  %z = step37.add %y, %x : tensor<8x16xf32> loc("model.layers.1")
  %dy, %du = step37.swiglu_grad %e, %y, %y clamp after_silu {limit = 0.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) loc("model.layers.1.mlp"("backward"))
  return %z, %dy : tensor<8x16xf32>, tensor<8x16xf32>
}
