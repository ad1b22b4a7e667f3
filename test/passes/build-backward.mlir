// Every operation's gradient, what meets at a value, and what has no gradient.
// RUN: step37-opt %s -split-input-file -step37-build-backward | FileCheck %s
// RUN: step37-opt %s -split-input-file -step37-build-backward=gradient-type=bf16 | FileCheck %s --check-prefix=BF16

// Both forms of a product: c = x·wᵀ gives dx = dc·w and dw = dcᵀ·x; c = x·w gives dx = dc·wᵀ and
// dw = xᵀ·dc. The state is behind its parameter and has the storage type that was asked for.
step37.parameter @u : tensor<16x16xf32> trained true decay true parts [#step37.part<"u", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK: step37.parameter @u
// CHECK-NEXT: step37.state gradient @gradient.u of @u : tensor<16x16xf32>
// CHECK-NEXT: step37.parameter @w
// CHECK-NEXT: step37.state gradient @gradient.w of @w : tensor<32x16xf32>
// BF16: step37.state gradient @gradient.u of @u : tensor<16x16xbf16>
// BF16: step37.state gradient @gradient.w of @w : tensor<32x16xbf16>
// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[X:[^:]*]]: tensor<8x16xf32>, %[[LABELS:[^:]*]]: tensor<8xi32>, %[[WEIGHTS:[^:]*]]: tensor<8xf32>, %[[SCALE:[^:]*]]: tensor<1xf32>, %[[BETA:[^:]*]]: tensor<1xf32>)
func.func @matmul(%x: tensor<8x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[ONE:.*]] = step37.fill {value = 1.000000e+00 : f64} : tensor<1xf32>
  // CHECK: %[[U:.*]] = step37.read @u
  %u = step37.read @u : tensor<16x16xf32>
  %w = step37.read @w : tensor<32x16xf32>
  // CHECK: %[[Y:.*]] = step37.matmul %[[X]], %[[U]] :
  %y = step37.matmul %x, %u : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  // CHECK: %[[Z:.*]] = step37.matmul %[[Y]], %[[U]] {transpose_b}
  %z = step37.matmul %y, %u {transpose_b} : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %loss, %token_loss = step37.lm_loss %z, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // The loss's gradient is the scale. The parameter @u is used twice: its second gradient is added to
  // the first, whatever the state held before.
  // CHECK: %[[LOSS:.*]], %{{.*}}, %[[DZ:.*]], %[[DW:.*]] = step37.lm_loss_grad %[[Z]], %{{.*}}, %[[LABELS]], %[[WEIGHTS]], %[[SCALE]]
  // BF16: step37.lm_loss_grad {{.*}} -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xbf16>)
  // CHECK-NEXT: step37.accumulate_gradient @gradient.w, %[[DW]], %[[BETA]]
  // CHECK-NEXT: %[[DY:.*]] = step37.matmul %[[DZ]], %[[U]] : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[DU1:.*]] = step37.matmul %[[DZ]], %[[Y]] {transpose_a}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.u, %[[DU1]], %[[BETA]]
  // %x is an argument, so it has no gradient.
  // CHECK-NEXT: %[[DU2:.*]] = step37.matmul %[[X]], %[[DY]] {transpose_a}
  // BF16: step37.matmul %{{.*}}, %{{.*}} {transpose_a} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xbf16>
  // CHECK-NEXT: step37.accumulate_gradient @gradient.u, %[[DU2]], %[[ONE]]
  // CHECK-NOT: step37.objective
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return %loss : tensor<1xf32>
}

// -----

// Products of transposed operands: c = xᵀ·u gives du = x·dc; dx = u·dcᵀ.
step37.parameter @u : tensor<8x16xf32> trained true decay true parts [#step37.part<"u", f32, [8, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @t : tensor<8x8xf32> trained true decay true parts [#step37.part<"t", f32, [8, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @transposed(
func.func @transposed(%x: tensor<8x8xf32>, %w: tensor<32x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) {
  // CHECK-DAG: %[[U:.*]] = step37.read @u
  // CHECK-DAG: %[[T:.*]] = step37.read @t
  %u = step37.read @u : tensor<8x16xf32>
  %t = step37.read @t : tensor<8x8xf32>
  // CHECK: %[[C:.*]] = step37.matmul %[[T]], %[[U]] {transpose_a}
  %c = step37.matmul %t, %u {transpose_a} : (tensor<8x8xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  %loss, %token_loss = step37.lm_loss %c, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // CHECK: %{{.*}}, %{{.*}}, %[[DC:[^ ,]*]] = step37.lm_loss_grad
  // CHECK-NEXT: %[[DT:.*]] = step37.matmul %[[U]], %[[DC]] {transpose_b}
  // CHECK-NEXT: %[[DU:.*]] = step37.matmul %[[T]], %[[DC]] :
  // CHECK-NEXT: step37.accumulate_gradient @gradient.t, %[[DT]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.u, %[[DU]]
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// A decoder block: embedding, norm, q and k, attention with gate, residual, router, experts, head.
step37.parameter @embed : tensor<32x16xf32> trained true decay true parts [#step37.part<"embed", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @norm : tensor<16xf32> trained true decay false parts [#step37.part<"norm", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @q : tensor<16x16xf32> trained true decay true parts [#step37.part<"q", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @k : tensor<8x16xf32> trained true decay true parts [#step37.part<"k", f32, [8, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @g : tensor<4x16xf32> trained true decay true parts [#step37.part<"g", f32, [4, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @q_norm : tensor<4xf32> trained true decay false parts [#step37.part<"q_norm", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @k_norm : tensor<4xf32> trained true decay false parts [#step37.part<"k_norm", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @router : tensor<4x16xf32> trained true decay true parts [#step37.part<"router", f32, [4, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @bias : tensor<4xf32> trained false decay false parts [#step37.part<"bias", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @up : tensor<4x16x16xf32> trained true decay true parts [#step37.part<"up", f32, [4, 16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-NOT: @gradient.bias
// CHECK-LABEL: func.func @block(
// CHECK-SAME: %[[IDS:[^:]*]]: tensor<8xi32>, %[[START:[^:]*]]: tensor<8xi32>
// CHECK-SAME: %[[BETA:[^:]*]]: tensor<1xf32>) {
// CHECK-NEXT: %[[ONE:.*]] = step37.fill
func.func @block(%ids: tensor<8xi32>, %start: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) {
  // CHECK: %[[EMBED:.*]] = step37.read @embed
  %embed = step37.read @embed : tensor<32x16xf32>
  // CHECK: %[[X:.*]] = step37.embedding
  %x = step37.embedding %ids, %embed : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  // CHECK: %[[NORM:.*]] = step37.read @norm
  %norm = step37.read @norm : tensor<16xf32>
  // CHECK: %[[Y:.*]], %[[R:.*]] = step37.rms_norm
  %y, %r = step37.rms_norm %x, %norm {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %wq = step37.read @q : tensor<16x16xf32>
  %wk = step37.read @k : tensor<8x16xf32>
  %wg = step37.read @g : tensor<4x16xf32>
  // CHECK: %[[Q:.*]] = step37.matmul
  // CHECK: %[[K:.*]] = step37.matmul
  // CHECK: %[[G:.*]] = step37.matmul
  %q = step37.matmul %y, %wq {transpose_b} : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %k = step37.matmul %y, %wk {transpose_b} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x8xf32>
  %g = step37.matmul %y, %wg {transpose_b} : (tensor<8x16xf32>, tensor<4x16xf32>) -> tensor<8x4xf32>
  // CHECK: %[[TABLE:.*]] = step37.rope_table
  %table = step37.rope_table {frequencies = array<f64: 1.0, 0.01>} : tensor<4x4xf32>
  // CHECK: %[[QN:.*]] = step37.read @q_norm
  %qn = step37.read @q_norm : tensor<4xf32>
  // CHECK: %[[KN:.*]] = step37.read @k_norm
  %kn = step37.read @k_norm : tensor<4xf32>
  // CHECK: %[[Q1:.*]], %[[K1:.*]], %[[R1:.*]] = step37.qk_norm_rope
  %q1, %k1, %r1 = step37.qk_norm_rope %q, %k, %qn, %kn, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x6xf32>)
  // CHECK: %[[O:.*]], %[[LSE:.*]] = step37.attention
  %o, %lse = step37.attention %q1, %k1, %k, %g, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 2 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  // CHECK: %[[H:.*]] = step37.add %[[X]], %[[O]]
  %h = step37.add %x, %o : tensor<8x16xf32>
  %router = step37.read @router : tensor<4x16xf32>
  %bias = step37.read @bias : tensor<4xf32>
  // CHECK: %[[LOGITS:.*]] = step37.matmul %[[H]],
  %logits = step37.matmul %h, %router {transpose_b} : (tensor<8x16xf32>, tensor<4x16xf32>) -> tensor<8x4xf32>
  // CHECK: %[[RW:.*]], %[[CHOSEN:.*]], %[[SCORES:.*]] = step37.route
  %rw, %chosen, %scores = step37.route %logits, %bias {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  // CHECK: %[[OFFSETS:.*]], %[[ROWSLOT:.*]], %[[SLOTROW:.*]] = step37.sort_by_expert
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  // CHECK: %[[ROWS:.*]] = step37.dispatch
  %rows = step37.dispatch %h, %row_slot, %slot_row : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  // CHECK: %[[UP:.*]] = step37.read @up
  %wup = step37.read @up : tensor<4x16x16xf32>
  // CHECK: %[[A:.*]] = step37.grouped_matmul %[[ROWS]], %[[UP]], %[[OFFSETS]] {transpose_b}
  %a = step37.grouped_matmul %rows, %wup, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x16x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  // CHECK: %[[B:.*]] = step37.grouped_matmul %[[ROWS]], %[[UP]], %[[OFFSETS]] :
  %b = step37.grouped_matmul %rows, %wup, %offsets : (tensor<16x16xf32>, tensor<4x16x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  // CHECK: %[[S:.*]] = step37.swiglu
  %s = step37.swiglu %a, %b clamp after_silu {limit = 7.0 : f64} : tensor<16x16xf32>
  // CHECK: %[[C:.*]] = step37.combine
  %c = step37.combine %s, %row_slot, %slot_row, %rw : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
  %loss, %token_loss = step37.lm_loss %c, %embed, %ids, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // CHECK: %{{.*}}, %{{.*}}, %[[DC:.*]], %[[DHEAD:.*]] = step37.lm_loss_grad %[[C]], %[[EMBED]]
  // A table used as head and embedding gets both gradients.
  // CHECK-NEXT: step37.accumulate_gradient @gradient.embed, %[[DHEAD]], %[[BETA]]
  // CHECK-NEXT: %[[DS:.*]], %[[DRW:.*]] = step37.combine_grad %[[DC]], %[[S]], %[[ROWSLOT]], %[[SLOTROW]], %[[RW]]
  // CHECK-NEXT: %[[DA:.*]], %[[DB:.*]] = step37.swiglu_grad %[[DS]], %[[A]], %[[B]] clamp after_silu {limit = 7.000000e+00 : f64}
  // CHECK-NEXT: %[[DROWS1:.*]] = step37.grouped_matmul %[[DB]], %[[UP]], %[[OFFSETS]] {transpose_b}
  // CHECK-NEXT: %[[DUP1:.*]] = step37.grouped_matmul_grad %[[ROWS]], %[[DB]], %[[OFFSETS]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.up, %[[DUP1]], %[[BETA]]
  // CHECK-NEXT: %[[DROWS2:.*]] = step37.grouped_matmul %[[DA]], %[[UP]], %[[OFFSETS]] :
  // CHECK-NEXT: %[[DUP2:.*]] = step37.grouped_matmul_grad %[[DA]], %[[ROWS]], %[[OFFSETS]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.up, %[[DUP2]], %[[ONE]]
  // CHECK-NEXT: %[[DROWS:.*]] = step37.add %[[DROWS1]], %[[DROWS2]]
  // The gradient of dispatch is a combine without weights.
  // CHECK-NEXT: %[[DH1:.*]] = step37.combine %[[DROWS]], %[[ROWSLOT]], %[[SLOTROW]] :
  // CHECK-NEXT: %[[DLOGITS:.*]] = step37.route_grad %[[DRW]], %[[LOGITS]], %[[CHOSEN]], %[[SCORES]] {normalize, scale = 3.000000e+00 : f64}
  // CHECK-NEXT: %[[DH2:.*]] = step37.matmul %[[DLOGITS]],
  // CHECK-NEXT: %[[DROUTER:.*]] = step37.matmul %[[DLOGITS]], %[[H]] {transpose_a}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.router, %[[DROUTER]]
  // The addition hands its gradient on as it is.
  // CHECK-NEXT: %[[DH:.*]] = step37.add %[[DH1]], %[[DH2]]
  // CHECK-NEXT: %[[DQ1:.*]], %[[DK1:.*]], %[[DV:.*]], %[[DG:.*]] = step37.attention_grad %[[DH]], %[[Q1]], %[[K1]], %[[K]], %[[G]], %[[START]], %[[O]], %[[LSE]]
  // CHECK-NEXT: %[[DQ:.*]], %[[DK2:.*]], %[[DQN:.*]], %[[DKN:.*]] = step37.qk_norm_rope_grad %[[DQ1]], %[[DK1]], %[[Q]], %[[K]], %[[QN]], %[[KN]], %[[TABLE]], %[[START]], %[[R1]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.q_norm, %[[DQN]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.k_norm, %[[DKN]]
  // CHECK: step37.accumulate_gradient @gradient.g
  // CHECK: %[[DK:.*]] = step37.add %[[DV]], %[[DK2]]
  // CHECK: step37.accumulate_gradient @gradient.k
  // CHECK: step37.accumulate_gradient @gradient.q
  // CHECK: %[[DY:.*]] = step37.add %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x16xf32>
  // CHECK-NEXT: %[[DX1:.*]], %[[DNORM:.*]] = step37.rms_norm_grad %[[DY]], %[[X]], %[[NORM]], %[[R]] {eps = 1.000000e-05 : f64, weight_offset = 1.000000e+00 : f64}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.norm, %[[DNORM]]
  // CHECK-NEXT: %[[DX:.*]] = step37.add %[[DH]], %[[DX1]]
  // CHECK-NEXT: %[[DEMBED:.*]] = step37.embedding_grad %[[IDS]], %[[DX]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.embed, %[[DEMBED]], %[[ONE]]
  // CHECK-NEXT: return
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// Of a parameter that is read twice, only the first gradient starts with beta: 0 would drop it the
// second time. Two losses that share a scale; a program without an objective is left alone.
step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @frozen : tensor<16xf32> trained false decay true parts [#step37.part<"frozen", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @read_twice(
// CHECK-SAME: %[[BETA:[^:]*]]: tensor<1xf32>) {
// CHECK-NEXT: %[[ONE:.*]] = step37.fill {value = 1.000000e+00 : f64} : tensor<1xf32>
func.func @read_twice(%x: tensor<8x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) {
  %frozen = step37.read @frozen : tensor<16xf32>
  %y, %r = step37.rms_norm %x, %frozen {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %w1 = step37.read @w : tensor<32x16xf32>
  %loss1, %t1 = step37.lm_loss %y, %w1, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %w2 = step37.read @w : tensor<32x16xf32>
  %loss2, %t2 = step37.lm_loss %x, %w2, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}}, %[[DW2:.*]] = step37.lm_loss_grad
  // CHECK-NEXT: step37.accumulate_gradient @gradient.w, %[[DW2]], %[[BETA]]
  // CHECK-NEXT: %{{.*}}, %{{.*}}, %{{.*}}, %[[DW1:.*]] = step37.lm_loss_grad
  // CHECK-NEXT: step37.accumulate_gradient @gradient.w, %[[DW1]], %[[ONE]]
  // CHECK-NOT: step37.rms_norm_grad
  // CHECK-NOT: step37.accumulate_gradient
  step37.objective %loss1, %loss2 scaled_by %scale, %scale beta %beta : (tensor<1xf32>, tensor<1xf32>), (tensor<1xf32>, tensor<1xf32>), tensor<1xf32>
  return
}
// CHECK: func.func @no_objective()
// CHECK-NEXT: return
func.func @no_objective() {
  return
}
// CHECK: func.func private @declaration()
func.func private @declaration()

// -----

// Frozen weights of norms and of the head let gradients through and have none themselves; neither do
// they leave states. Columns side by side are split again.
step37.parameter @u : tensor<16x16xf32> trained true decay true parts [#step37.part<"u", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @norm : tensor<16xf32> trained false decay false parts [#step37.part<"norm", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @head_norm : tensor<4xf32> trained false decay false parts [#step37.part<"head_norm", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @head : tensor<32x32xf32> trained false decay true parts [#step37.part<"head", f32, [32, 32], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @frozen(
func.func @frozen(%x: tensor<8x16xf32>, %ids: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) {
  %u = step37.read @u : tensor<16x16xf32>
  %norm = step37.read @norm : tensor<16xf32>
  %head_norm = step37.read @head_norm : tensor<4xf32>
  %head = step37.read @head : tensor<32x32xf32>
  %a = step37.matmul %x, %u {transpose_b} : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %b, %r = step37.rms_norm %a, %norm {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %q, %k, %s = step37.qk_norm_rope %a, %b, %head_norm, %head_norm, %ids {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>)
  %qk = step37.join_columns %q, %k : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x32xf32>
  %loss, %token_loss = step37.lm_loss %qk, %head, %ids, %weights : (tensor<8x32xf32>, tensor<32x32xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  // CHECK: %{{.*}}, %{{.*}}, %[[DQK:[^ ,]*]] = step37.lm_loss_grad
  // CHECK-NEXT: %[[SPLIT:.*]]:2 = step37.split_columns %[[DQK]] : (tensor<8x32xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  // CHECK-NEXT: %[[DQ:[^ ,]*]], %[[DK:[^ ,]*]] = step37.qk_norm_rope_grad %[[SPLIT]]#0, %[[SPLIT]]#1, {{.*}} resultSegmentSizes = array<i32: 1, 1, 0, 0>
  // CHECK-NEXT: %[[DA:[^ ,]*]] = step37.rms_norm_grad %[[DK]],
  // CHECK-NEXT: %[[SUM:.*]] = step37.add %[[DQ]], %[[DA]]
  // CHECK-NEXT: %[[DU:.*]] = step37.matmul %[[SUM]], %{{.*}} {transpose_a}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.u, %[[DU]]
  // CHECK-NEXT: return
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}
