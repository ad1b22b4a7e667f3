// What the backward program computes again: nothing; wide results that contract nothing; everything that
// stays in its own block. Clones stand before their first use.
// RUN: step37-opt %s -split-input-file -step37-recompute-activations=mode=none | FileCheck %s --check-prefixes=CHECK,NONE
// RUN: step37-opt %s -split-input-file -step37-recompute-activations=mode=selective | FileCheck %s --check-prefixes=CHECK,SELECTIVE
// RUN: step37-opt %s -split-input-file -step37-recompute-activations=mode=full | FileCheck %s --check-prefixes=CHECK,FULL
// RUN: not step37-opt %s -split-input-file -step37-recompute-activations=mode=some 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: mode must be none, selective, full or budget, not 'some'

step37.parameter @q : tensor<16x16xf32> trained true decay true parts [#step37.part<"q", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.q of @q : tensor<16x16xf32>
// CHECK-LABEL: func.func @block(
func.func @block(%x: tensor<8x16xf32>, %n: tensor<16xf32>, %d: tensor<8x16xf32>, %beta: tensor<1xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  // CHECK-NEXT: %[[Y:.*]], %[[R:.*]] = step37.rms_norm
  // CHECK-NEXT: %[[Q:.*]] = step37.read @q
  // CHECK-NEXT: %[[H:.*]] = step37.matmul %[[Y]], %[[Q]] {transpose_b}
  // CHECK-NEXT: %[[S:.*]] = step37.swiglu %[[H]], %[[H]]
  // CHECK-NEXT: %[[O:.*]] = step37.matmul %[[S]], %[[Q]]
  %y, %r = step37.rms_norm %x, %n {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>) loc("model.layers.3.norm")
  %q = step37.read @q : tensor<16x16xf32> loc("model.layers.3.q")
  %h = step37.matmul %y, %q {transpose_b} : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32> loc("model.layers.3.q")
  %s = step37.swiglu %h, %h clamp after_silu {limit = 0.0 : f64} : tensor<8x16xf32> loc("model.layers.3.mlp")
  %o = step37.matmul %s, %q : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32> loc("model.layers.3.o")
  // Another block reads this result: it is kept by every mode.
  // CHECK-NEXT: %[[NEXT:.*]] = step37.add %[[O]], %[[O]]
  %next = step37.add %o, %o : tensor<8x16xf32> loc("model.layers.4")

  // NONE-NEXT: step37.swiglu_grad %{{.*}}, %[[H]], %[[H]]
  // NONE-NEXT: step37.matmul %{{.*}}, %[[S]] {transpose_a}
  // NONE-NEXT: step37.matmul %[[O]], %[[Y]] {transpose_a}
  // NONE-NEXT: return

  // The product is kept; what follows from it with little work is not.
  // SELECTIVE-NEXT: step37.swiglu_grad %{{.*}}, %[[H]], %[[H]]
  // SELECTIVE-NEXT: %[[S2:.*]] = step37.swiglu %[[H]], %[[H]]
  // SELECTIVE-NEXT: step37.matmul %{{.*}}, %[[S2]] {transpose_a}
  // SELECTIVE-NEXT: %[[Y2:.*]], %{{.*}} = step37.rms_norm
  // SELECTIVE-NEXT: step37.matmul %[[O]], %[[Y2]] {transpose_a}
  // SELECTIVE-NEXT: return

  // Each once: the norm that the product needs is there for the last product.
  // FULL-NEXT: %[[Y2:.*]], %{{.*}} = step37.rms_norm
  // FULL-NEXT: %[[H2:.*]] = step37.matmul %[[Y2]], %[[Q]] {transpose_b}
  // FULL-NEXT: step37.swiglu_grad %{{.*}}, %[[H2]], %[[H2]]
  // FULL-NEXT: %[[S2:.*]] = step37.swiglu %[[H2]], %[[H2]]
  // FULL-NEXT: step37.matmul %{{.*}}, %[[S2]] {transpose_a}
  // FULL-NEXT: step37.matmul %[[O]], %[[Y2]] {transpose_a}
  // FULL-NEXT: return
  %dg, %du = step37.swiglu_grad %d, %h, %h clamp after_silu {limit = 0.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) loc("model.layers.3.mlp"("backward"))
  %ds = step37.matmul %d, %s {transpose_a} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32> loc("model.layers.3.o"("backward"))
  %dq = step37.matmul %o, %y {transpose_a} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32> loc("model.layers.3.q"("backward"))
  return %next, %dg : tensor<8x16xf32>, tensor<8x16xf32>
}

// -----

// Small results (statistics, choices) are kept; what only a second window of experts gives never is.
// CHECK-LABEL: func.func @experts(
func.func @experts(%x: tensor<8x16xf32>, %logits: tensor<8x4xf32>, %d: tensor<16x16xf32>, %w: tensor<4x16x16xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[WEIGHTS:.*]], %[[CHOSEN:.*]], %[[SCORES:.*]] = step37.route
  %weights, %chosen, %scores = step37.route %logits {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>) loc("model.layers.3.gate")
  // CHECK-NEXT: %[[OFFSETS:.*]], %[[ROWSLOT:.*]], %[[SLOTROW:.*]] = step37.sort_by_expert
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) loc("model.layers.3.sort")
  // CHECK-NEXT: step37.dispatch %{{.*}} {step37.overflow}
  %rows = step37.dispatch %x, %row_slot, %slot_row {step37.overflow} : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32> loc("model.layers.3.moe")
  // CHECK-NEXT: step37.grouped_matmul %{{.*}} {step37.overflow, transpose_b}
  %h = step37.grouped_matmul %rows, %w, %offsets {step37.overflow, transpose_b} : (tensor<16x16xf32>, tensor<4x16x16xf32>, tensor<5xi32>) -> tensor<16x16xf32> loc("model.layers.3.moe")
  // NONE-NEXT: %[[ROWS2:.*]] = step37.dispatch %{{.*}}, %[[ROWSLOT]], %[[SLOTROW]] {step37.overflow}
  // NONE-NEXT: %[[H2:.*]] = step37.grouped_matmul %[[ROWS2]], %{{.*}}, %[[OFFSETS]] {step37.overflow, transpose_b}
  // NONE-NEXT: step37.grouped_matmul_grad %[[H2]], %[[ROWS2]], %[[OFFSETS]]
  // NONE-NEXT: step37.route_grad %[[WEIGHTS]], %{{.*}}, %[[CHOSEN]], %[[SCORES]]
  // SELECTIVE-NOT: step37.sort_by_expert
  // SELECTIVE: step37.route_grad %[[WEIGHTS]], %{{.*}}, %[[CHOSEN]], %[[SCORES]]
  %dw = step37.grouped_matmul_grad %h, %rows, %offsets : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x16x16xf32> loc("model.layers.3.moe"("backward"))
  %dlogits = step37.route_grad %weights, %logits, %chosen, %scores {normalize, scale = 3.0 : f64} : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xi32>, tensor<8x2xf32>) -> tensor<8x4xf32> loc("model.layers.3.gate"("backward"))
  return %weights : tensor<8x2xf32>
}

// -----

// Rows that are sent in a second window only are not kept for it: they are copies of tokens, which are.
// CHECK-LABEL: func.func @windows(
func.func @windows(%x: tensor<8x16xf32>, %slot: tensor<16xi32>, %row: tensor<16xi32>, %bounds: tensor<10xi32>, %d: tensor<16x16xf32>, %offsets: tensor<3xi32>) -> tensor<16x16xf32> {
  // CHECK-NEXT: %[[OWN:.*]] = step37.dispatch %[[X:.*]], %{{.*}}, %{{.*}} :
  %own = step37.dispatch %x, %slot, %row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32> loc("model.layers.3.moe")
  // CHECK-NEXT: %[[FIRST:.*]] = step37.counted_send %[[OWN]]
  %first = step37.counted_send %own, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x16xf32>, tensor<10xi32>) -> tensor<16x16xf32> loc("model.layers.3.moe")
  // CHECK-NEXT: step37.counted_send %[[OWN]]
  %second = step37.counted_send %own, %bounds {axes = ["dp"], first = 16 : i64, ranks = 2 : i64, step37.overflow} : (tensor<16x16xf32>, tensor<10xi32>) -> tensor<16x16xf32> loc("model.layers.3.moe")
  // NONE-NEXT: step37.grouped_matmul_grad %{{.*}}, %[[FIRST]]
  // NONE-NEXT: %[[OWN2:.*]] = step37.dispatch %[[X]]
  // NONE-NEXT: %[[SECOND2:.*]] = step37.counted_send %[[OWN2]], {{.*}}first = 16
  // NONE-NEXT: step37.grouped_matmul_grad %{{.*}}, %[[SECOND2]]
  %dw0 = step37.grouped_matmul_grad %d, %first, %offsets : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<3xi32>) -> tensor<2x16x16xf32> loc("model.layers.3.moe"("backward"))
  %dw1 = step37.grouped_matmul_grad %d, %second, %offsets : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<3xi32>) -> tensor<2x16x16xf32> loc("model.layers.3.moe"("backward"))
  return %first : tensor<16x16xf32>
}
