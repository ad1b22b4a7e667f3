// What cannot be differentiated is an error at the operation, never a wrong gradient.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-build-backward

step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @no_gradient(%chunk: tensor<1xi32>, %x: tensor<8x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>) {
  %w = step37.read @w : tensor<32x16xf32>
  // expected-error @below {{'step37.take_rows' op is on the way from a trained parameter to the objective, but has no gradient}}
  %rows = step37.take_rows %w, %chunk : (tensor<32x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  %loss, %token_loss = step37.lm_loss %x, %rows, %labels, %weights : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  step37.objective %loss scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// The result that holds the inverse RMS has no gradient.
step37.parameter @w : tensor<16xf32> trained true decay true parts [#step37.part<"w", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @residual(%x: tensor<1x16xf32>, %scale: tensor<1xf32>) {
  %w = step37.read @w : tensor<16xf32>
  // expected-error @below {{'step37.rms_norm' op needs a gradient of its result #0}}
  %y, %r = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<1x16xf32>, tensor<16xf32>) -> (tensor<1x16xf32>, tensor<1xf32>)
  step37.objective %r scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

step37.parameter @w : tensor<1x16xf32> trained true decay true parts [#step37.part<"w", f32, [1, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @token_loss(%x: tensor<1x16xf32>, %labels: tensor<1xi32>, %weights: tensor<1xf32>, %scale: tensor<1xf32>) {
  %w = step37.read @w : tensor<1x16xf32>
  // expected-error @below {{'step37.lm_loss' op has no gradient for its result #1}}
  %loss, %token_loss = step37.lm_loss %x, %w, %labels, %weights : (tensor<1x16xf32>, tensor<1x16xf32>, tensor<1xi32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  step37.objective %loss, %token_loss scaled_by %scale, %scale beta %scale : (tensor<1xf32>, tensor<1xf32>), (tensor<1xf32>, tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// Only the query is used: the formula wants both gradients.
step37.parameter @w : tensor<8x16xf32> trained true decay true parts [#step37.part<"w", f32, [8, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @query_only(%k: tensor<8x8xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %head: tensor<32x16xf32>, %scale: tensor<1xf32>) {
  %q = step37.read @w : tensor<8x16xf32>
  // expected-error @below {{'step37.qk_norm_rope' op needs a gradient of its result #1}}
  %q1, %k1 = step37.qk_norm_rope %q, %k, %labels {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  %loss, %token_loss = step37.lm_loss %q1, %head, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  step37.objective %loss scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// The two norms of the heads are frozen together.
step37.parameter @w : tensor<4xf32> trained true decay false parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @one_norm_frozen(%q: tensor<8x16xf32>, %k: tensor<8x16xf32>, %v: tensor<4xf32>, %ids: tensor<8xi32>, %weights: tensor<8xf32>, %head: tensor<32x16xf32>, %scale: tensor<1xf32>) {
  %w = step37.read @w : tensor<4xf32>
  // expected-error @below {{'step37.qk_norm_rope' op has gradients of both weights or of none}}
  %q1, %k1, %r = step37.qk_norm_rope %q, %k, %w, %v, %ids {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>)
  %sum = step37.add %q1, %k1 : tensor<8x16xf32>
  %loss, %token_loss = step37.lm_loss %sum, %head, %ids, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  step37.objective %loss scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

// A norm that is fused with its addition comes from a later pass.
step37.parameter @w : tensor<16xf32> trained true decay true parts [#step37.part<"w", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @fused(%x: tensor<8x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %head: tensor<32x16xf32>, %scale: tensor<1xf32>) {
  %w = step37.read @w : tensor<16xf32>
  // expected-error @below {{'step37.rms_norm' op has a gradient only with one addend}}
  %y, %r, %sum = step37.rms_norm %x, %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>)
  %loss, %token_loss = step37.lm_loss %y, %head, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  step37.objective %loss scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

func.func @two_objectives(%scale: tensor<1xf32>) {
  step37.objective %scale scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  // expected-error @below {{'step37.objective' op is the program's second objective}}
  step37.objective %scale scaled_by %scale beta %scale : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}
