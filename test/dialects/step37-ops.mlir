// Every operation of the step37 dialect, in all its forms, is read, printed and read again, as text
// and as bytecode.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// CHECK: step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.000000e-02 : f64>]
step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// Rows 2 to 5 of each of 4 experts in one part, the others in the other.
// CHECK: step37.parameter @gate_up : tensor<4x6x16xbf16> trained true decay true pack "all" parts [#step37.part<"gate", bf16, [4, 2, 16], blocks = 4, begin = 0, stride = 96, init_std = 0.000000e+00 : f64>, #step37.part<"up", bf16, [4, 4, 16], blocks = 4, begin = 32, stride = 96, init_std = 0.000000e+00 : f64>]
step37.parameter @gate_up : tensor<4x6x16xbf16> trained true decay true pack "all" parts [#step37.part<"gate", bf16, [4, 2, 16], blocks = 4, begin = 0, stride = 96, init_std = 0.0 : f64>, #step37.part<"up", bf16, [4, 4, 16], blocks = 4, begin = 32, stride = 96, init_std = 0.0 : f64>]
// CHECK: step37.carried @enorm : tensor<16xbf16>
step37.carried @enorm : tensor<16xbf16>
// CHECK: step37.state gradient @gradient.w of @w : tensor<32x16xbf16>
step37.state gradient @gradient.w of @w : tensor<32x16xbf16>
// CHECK: step37.state moment1 @moment1.w of @w : tensor<32x16xf32>
step37.state moment1 @moment1.w of @w : tensor<32x16xf32>
// CHECK: step37.state moment2 @moment2.w of @w : tensor<32x16xf32>
step37.state moment2 @moment2.w of @w : tensor<32x16xf32>
// CHECK: step37.state gradient @gradient.gate_up of @gate_up : tensor<4x6x16xf32>
step37.state gradient @gradient.gate_up of @gate_up : tensor<4x6x16xf32>
// CHECK: step37.state master @master.gate_up of @gate_up : tensor<4x6x16xf32>
step37.state master @master.gate_up of @gate_up : tensor<4x6x16xf32>
step37.state moment1 @moment1.gate_up of @gate_up : tensor<4x6x16xf32>
step37.state moment2 @moment2.gate_up of @gate_up : tensor<4x6x16xf32>
// CHECK: step37.state activation @hidden : tensor<8x16xf32>
step37.state activation @hidden : tensor<8x16xf32>

// CHECK-LABEL: func.func @symbols
func.func @symbols(%x: tensor<8x16xf32>, %dw: tensor<32x16xf32>, %beta: tensor<1xf32>) {
  // CHECK: step37.read @w : tensor<32x16xf32>
  %w = step37.read @w : tensor<32x16xf32>
  // CHECK: step37.write @hidden, %{{.*}} : tensor<8x16xf32>
  step37.write @hidden, %x : tensor<8x16xf32>
  // CHECK: step37.accumulate_gradient @gradient.w, %{{.*}}, %{{.*}} : tensor<32x16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<32x16xf32>, tensor<1xf32>
  return
}

// CHECK-LABEL: func.func @dense
func.func @dense(%ids: tensor<8xi32>, %table: tensor<32x16xf32>, %x: tensor<8x16xf32>, %weight: tensor<16xf32>) {
  // CHECK: step37.embedding %{{.*}}, %{{.*}} : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  %0 = step37.embedding %ids, %table : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  // CHECK: step37.embedding_grad %{{.*}}, %{{.*}} : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xbf16>
  %1 = step37.embedding_grad %ids, %x : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xbf16>
  // CHECK: step37.rms_norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %y, %r = step37.rms_norm %x, %weight {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  // CHECK: step37.rms_norm %{{.*}}, %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>)
  %2:3 = step37.rms_norm %x, %0, %weight {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>)
  // CHECK: step37.rms_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<16xbf16>)
  %3:2 = step37.rms_norm_grad %x, %x, %weight, %r, %0 {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<16xbf16>)
  // CHECK: step37.add %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x16xf32>
  %4 = step37.add %x, %0, %y : tensor<8x16xf32>
  // CHECK: step37.matmul %{{.*}}, %{{.*}} {transpose_b} : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xbf16>
  %5 = step37.matmul %x, %table {transpose_b} : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xbf16>
  // CHECK: step37.matmul %{{.*}}, %{{.*}} {transpose_a} : (tensor<8x32xbf16>, tensor<8x16xf32>) -> tensor<32x16xf32>
  %6 = step37.matmul %5, %x {transpose_a} : (tensor<8x32xbf16>, tensor<8x16xf32>) -> tensor<32x16xf32>
  // CHECK: step37.swiglu %{{.*}}, %{{.*}} clamp after_silu {limit = 7.000000e+00 : f64} : tensor<8x16xf32>
  %7 = step37.swiglu %x, %y clamp after_silu {limit = 7.0 : f64} : tensor<8x16xf32>
  // CHECK: step37.swiglu_grad %{{.*}}, %{{.*}}, %{{.*}} clamp before_silu {limit = 0.000000e+00 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  %8:2 = step37.swiglu_grad %7, %x, %y clamp before_silu {limit = 0.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  return
}

// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %gate: tensor<8x4xf32>, %w: tensor<4xf32>, %start: tensor<8xi32>) {
  // CHECK: step37.rope_table {frequencies = array<f64: 1.000000e+00, 1.000000e-02>} : tensor<4x4xf32>
  %table = step37.rope_table {frequencies = array<f64: 1.0, 0.01>} : tensor<4x4xf32>
  // CHECK: step37.qk_norm_rope %{{.*}} {eps = 1.000000e-05 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.000000e+00 : f64}
  // CHECK-SAME: -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x6xf32>)
  %0:3 = step37.qk_norm_rope %q, %k, %w, %w, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x6xf32>)
  // CHECK: step37.qk_norm_rope %{{.*}} operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>
  // CHECK-SAME: -> (tensor<8x16xf32>, tensor<8x8xf32>)
  %1:2 = step37.qk_norm_rope %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  // CHECK: step37.qk_norm_rope %{{.*}} operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>
  %2:3 = step37.qk_norm_rope %q, %k, %w, %w, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 8 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x6xf32>)
  // CHECK: step37.qk_norm_rope_grad %{{.*}} resultSegmentSizes = array<i32: 1, 1, 1, 1>
  // CHECK-SAME: -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xbf16>, tensor<4xbf16>)
  %3:4 = step37.qk_norm_rope_grad %q, %k, %q, %k, %w, %w, %table, %start, %0#2 {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<8xi32>, tensor<8x6xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xbf16>, tensor<4xbf16>)
  // CHECK: step37.qk_norm_rope_grad %{{.*}} resultSegmentSizes = array<i32: 1, 1, 0, 0>
  %4:2 = step37.qk_norm_rope_grad %q, %k, %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 1, 1, 0>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<4x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  // CHECK: step37.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {head_dim = 4 : i64, scale = 5.000000e-01 : f64, seq_len = 4 : i64, window = 2 : i64}
  %out, %lse = step37.attention %q, %k, %v, %gate, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 2 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  // CHECK: step37.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {head_dim = 4 : i64, scale = 5.000000e-01 : f64, seq_len = 4 : i64, window = 0 : i64}
  %5:2 = step37.attention %q, %k, %v, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  // CHECK: step37.attention_grad
  // CHECK-SAME: -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>)
  %6:4 = step37.attention_grad %out, %q, %k, %v, %gate, %start, %out, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 2 : i64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>)
  // CHECK: step37.attention_grad
  // CHECK-SAME: -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  %7:3 = step37.attention_grad %out, %q, %k, %v, %start, %out, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 2 : i64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// CHECK-LABEL: func.func @experts
func.func @experts(%x: tensor<8x16xf32>, %logits: tensor<8x4xf32>, %bias: tensor<4xf32>, %w: tensor<4x6x16xf32>) {
  // CHECK: step37.route %{{.*}}, %{{.*}} {normalize, scale = 3.000000e+00 : f64} : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  %weights, %chosen, %scores = step37.route %logits, %bias {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  // CHECK: step37.route %{{.*}} {scale = 1.000000e+00 : f64, softmax} : (tensor<8x4xf32>) -> (tensor<8x1xf32>, tensor<8x1xi32>, tensor<8x1xf32>)
  %0:3 = step37.route %logits {scale = 1.0 : f64, softmax} : (tensor<8x4xf32>) -> (tensor<8x1xf32>, tensor<8x1xi32>, tensor<8x1xf32>)
  // CHECK: step37.route_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {normalize, scale = 3.000000e+00 : f64} : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xi32>, tensor<8x2xf32>) -> tensor<8x4xf32>
  %1 = step37.route_grad %weights, %logits, %chosen, %scores {normalize, scale = 3.0 : f64} : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xi32>, tensor<8x2xf32>) -> tensor<8x4xf32>
  // CHECK: step37.sort_by_expert %{{.*}} : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  // CHECK: step37.dispatch %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  // CHECK: step37.grouped_matmul %{{.*}}, %{{.*}}, %{{.*}} {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  %h = step37.grouped_matmul %rows, %w, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  // CHECK: step37.grouped_matmul %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  %2 = step37.grouped_matmul %h, %w, %offsets : (tensor<16x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  // CHECK: step37.grouped_matmul_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  %3 = step37.grouped_matmul_grad %h, %rows, %offsets : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  // CHECK: step37.grouped_swiglu %{{.*}}, %{{.*}}, %{{.*}} clamp after_silu {limit = 7.000000e+00 : f64} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x3xf32>)
  %gate_up, %activated = step37.grouped_swiglu %rows, %w, %offsets clamp after_silu {limit = 7.0 : f64} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x3xf32>)
  // CHECK: step37.combine %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  %4 = step37.combine %rows, %row_slot, %slot_row, %weights : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  // CHECK: step37.combine %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<8x16xf32>
  %5 = step37.combine %rows, %row_slot, %slot_row : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<8x16xf32>
  // CHECK: step37.combine_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> (tensor<16x16xf32>, tensor<8x2xf32>)
  %6:2 = step37.combine_grad %x, %rows, %row_slot, %slot_row, %weights : (tensor<8x16xf32>, tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> (tensor<16x16xf32>, tensor<8x2xf32>)
  return
}

// Fewer rows than slots: some slots chose experts of other ranks.
// CHECK-LABEL: func.func @some_experts
func.func @some_experts(%x: tensor<8x16xf32>, %chosen: tensor<8x2xi32>, %weights: tensor<8x2xf32>) {
  // CHECK: step37.sort_by_expert %{{.*}} : (tensor<8x2xi32>) -> (tensor<3xi32>, tensor<9xi32>, tensor<16xi32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<3xi32>, tensor<9xi32>, tensor<16xi32>)
  // CHECK: step37.dispatch %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<9xi32>, tensor<16xi32>) -> tensor<9x16xf32>
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<9xi32>, tensor<16xi32>) -> tensor<9x16xf32>
  // CHECK: step37.combine %{{.*}} : (tensor<9x16xf32>, tensor<9xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  %0 = step37.combine %rows, %row_slot, %slot_row, %weights : (tensor<9x16xf32>, tensor<9xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  // CHECK: step37.combine_grad %{{.*}} : (tensor<8x16xf32>, tensor<9x16xf32>, tensor<9xi32>, tensor<16xi32>, tensor<8x2xf32>) -> (tensor<9x16xf32>, tensor<8x2xf32>)
  %1:2 = step37.combine_grad %x, %rows, %row_slot, %slot_row, %weights : (tensor<8x16xf32>, tensor<9x16xf32>, tensor<9xi32>, tensor<16xi32>, tensor<8x2xf32>) -> (tensor<9x16xf32>, tensor<8x2xf32>)
  return
}

// CHECK-LABEL: func.func @loss
func.func @loss(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %ids: tensor<8xi32>, %mask: tensor<8xf32>, %start: tensor<8xi32>, %scale: tensor<1xf32>, %chunk: tensor<1xi32>) {
  // CHECK: step37.shift_labels %{{.*}}, %{{.*}}, %{{.*}} {by = 1 : i64, seq_len = 4 : i64} : (tensor<8xi32>, tensor<8xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xf32>)
  %labels, %weights = step37.shift_labels %ids, %mask, %start {by = 1 : i64, seq_len = 4 : i64} : (tensor<8xi32>, tensor<8xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xf32>)
  // CHECK: step37.lm_loss %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %loss, %token_loss = step37.lm_loss %x, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // CHECK: step37.lm_loss_grad %{{.*}} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xbf16>)
  %0:4 = step37.lm_loss_grad %x, %w, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xbf16>)
  // CHECK: step37.objective %{{.*}}, %{{.*}} scaled_by %{{.*}}, %{{.*}} beta %{{.*}} : (tensor<1xf32>, tensor<1xf32>), (tensor<1xf32>, tensor<1xf32>), tensor<1xf32>
  step37.objective %loss, %0#0 scaled_by %scale, %scale beta %scale : (tensor<1xf32>, tensor<1xf32>), (tensor<1xf32>, tensor<1xf32>), tensor<1xf32>
  // CHECK: step37.take_rows %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  %1 = step37.take_rows %x, %chunk : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  // CHECK: step37.take_rows %{{.*}}, %{{.*}} {parts = 2 : i64} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  %2 = step37.take_rows %x, %chunk {parts = 2 : i64} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  return
}

// CHECK-LABEL: func.func @optimizer
func.func @optimizer(%g: tensor<300x300xbf16>, %dw: tensor<32x16xbf16>, %dgate_up: tensor<4x6x16xf32>, %max_norm: tensor<1xf32>, %hyper: tensor<7xf32>) {
  // CHECK: step37.sum_of_squares %{{.*}} : (tensor<300x300xbf16>) -> tensor<2xf32>
  %partial = step37.sum_of_squares %g : (tensor<300x300xbf16>) -> tensor<2xf32>
  // CHECK: step37.global_norm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<2xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  %norm, %clip = step37.global_norm %partial, %partial, %max_norm : (tensor<2xf32>, tensor<2xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  // CHECK: step37.adamw @w gradient %{{.*}} moments @moment1.w, @moment2.w hyper %{{.*}} clip %{{.*}} : (tensor<32x16xbf16>, tensor<7xf32>, tensor<1xf32>) -> ()
  step37.adamw @w gradient %dw moments @moment1.w, @moment2.w hyper %hyper clip %clip : (tensor<32x16xbf16>, tensor<7xf32>, tensor<1xf32>) -> ()
  // CHECK: step37.adamw @gate_up gradient %{{.*}} moments @moment1.gate_up, @moment2.gate_up master @master.gate_up hyper %{{.*}} clip %{{.*}} : (tensor<4x6x16xf32>, tensor<7xf32>, tensor<1xf32>) -> ()
  step37.adamw @gate_up gradient %dgate_up moments @moment1.gate_up, @moment2.gate_up master @master.gate_up hyper %hyper clip %clip : (tensor<4x6x16xf32>, tensor<7xf32>, tensor<1xf32>) -> ()
  return
}
