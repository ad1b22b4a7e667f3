// Heads and whole sequences are split; more ranks than sequences gather the tokens first.
// RUN: step37-shard-check %s --axes tp=2 --dims head=tp | FileCheck %s --check-prefix=HEAD
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,head=tp | FileCheck %s --check-prefix=BOTH
// RUN: step37-shard-check %s --axes dp=8 --dims token=dp | FileCheck %s --check-prefix=FEW

// HEAD-NOT: {{all|reduce}}
// HEAD: q_out: [][tp]
// HEAD: gradient of qw: whole partial [tp]
// BOTH-NOT: {{all|reduce}}
// BOTH: gradient of kw: whole partial [dp+tp]
// Four sequences on eight ranks: every rank does all of them, and has the whole gradient.
// FEW: all_gather dp tensor<2x16xf32>
// FEW: gradient of qw: whole partial []
step37.parameter @qw : tensor<4xf32> trained true decay false parts [#step37.part<"qw", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @kw : tensor<4xf32> trained true decay false parts [#step37.part<"kw", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.qw of @qw : tensor<4xf32>
step37.state gradient @gradient.kw of @kw : tensor<4xf32>
func.func @rotate(%q: tensor<16x16xf32> {step37.name = "q", step37.class = "input", step37.dims = ["token", "head"]}, %k: tensor<16x8xf32> {step37.name = "k", step37.class = "input", step37.dims = ["token", "head"]}, %dq: tensor<16x16xf32> {step37.name = "dq", step37.class = "input", step37.dims = ["token", "head"]}, %dk: tensor<16x8xf32> {step37.name = "dk", step37.class = "input", step37.dims = ["token", "head"]}, %start: tensor<16xi32> {step37.name = "start", step37.class = "input", step37.dims = ["token"], check.values = dense<[0, 0, 2, 2, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 0, 0]> : tensor<16xi32>}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<16x16xf32> {step37.name = "q_out"}, tensor<16x8xf32> {step37.name = "k_out"}, tensor<16x16xf32> {step37.name = "dq_out"}, tensor<16x8xf32> {step37.name = "dk_out"}, tensor<16x16xf32> {step37.name = "q_rotated"}, tensor<16x8xf32> {step37.name = "dk_rotated"}, tensor<16x16xf32> {step37.name = "q_normed"}, tensor<16x16xf32> {step37.name = "dq_frozen"}) {
  %table = step37.rope_table {frequencies = array<f64: 1.0, 0.1>} : tensor<4x4xf32>
  %qw = step37.read @qw : tensor<4xf32>
  %kw = step37.read @kw : tensor<4xf32>
  %q1, %k1, %r = step37.qk_norm_rope %q, %k, %qw, %kw, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x6xf32>)
  %d:4 = step37.qk_norm_rope_grad %dq, %dk, %q, %k, %qw, %kw, %table, %start, %r {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<16xi32>, tensor<16x6xf32>) -> (tensor<16x16xf32>, tensor<16x8xf32>, tensor<4xf32>, tensor<4xf32>)
  step37.accumulate_gradient @gradient.qw, %d#2, %beta : tensor<4xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.kw, %d#3, %beta : tensor<4xf32>, tensor<1xf32>
  // Without norm, without rotation, and with weights that are not trained.
  %q2, %k2 = step37.qk_norm_rope %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<4x4xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x8xf32>)
  %dq2, %dk2 = step37.qk_norm_rope_grad %dq, %dk, %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 1, 1, 0>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<4x4xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x8xf32>)
  %q3, %k3, %r3 = step37.qk_norm_rope %q, %k, %qw, %kw, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x6xf32>)
  %dq4, %dk4 = step37.qk_norm_rope_grad %dq, %dk, %q, %k, %qw, %kw, %start, %r3 {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<16xi32>, tensor<16x6xf32>) -> (tensor<16x16xf32>, tensor<16x8xf32>)
  return %q1, %k1, %d#0, %d#1, %q2, %dk2, %q3, %dq4 : tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x16xf32>
}
