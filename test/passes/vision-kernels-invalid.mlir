// What kernel selection cannot lower of a vision tower.
// RUN: step37-opt %s -step37-select-kernels=target=host -verify-diagnostics -split-input-file

step37.parameter @w : tensor<16xf32> trained true decay true parts [#step37.part<"w", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @b : tensor<16xf32> trained true decay true parts [#step37.part<"b", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16xf32>
step37.state gradient @gradient.b of @b : tensor<16xf32>
func.func @different_betas(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %m: tensor<8xf32> {step37.name = "m", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}, %one: tensor<1xf32> {step37.name = "one", step37.class = "scalar"}) -> (tensor<8x16xf32> {step37.name = "dx"}) {
  %w = step37.read @w : tensor<16xf32>
  // expected-error @below {{has gradients of which one is added behind another use's}}
  %dx, %dw, %db = step37.layer_norm_grad %x, %x, %w, %m, %m : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>)
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.b, %db, %one : tensor<16xf32>, tensor<1xf32>
  return %dx : tensor<8x16xf32>
}

// -----

step37.parameter @b : tensor<16xf32> trained true decay true parts [#step37.part<"b", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @not_accumulated(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}) -> (tensor<16xf32> {step37.name = "sums"}) {
  // expected-error @below {{has a parameter gradient that is not accumulated at once}}
  %sums = step37.column_sums %x : (tensor<8x16xf32>) -> tensor<16xf32>
  return %sums : tensor<16xf32>
}

// -----

// Attention reads whole rows of queries.
func.func @strided_queries(%x: tensor<4x24xf32> {step37.name = "x", step37.class = "input"}) -> (tensor<4x8xf32> {step37.name = "out"}) {
  %q = tensor.extract_slice %x[0, 0] [4, 8] [1, 1] : tensor<4x24xf32> to tensor<4x8xf32>
  // expected-error @below {{has no kernel for 'q' as a column range}}
  %out, %lse = step37.image_attention %q, %q, %q {grids = array<i64: 1, 2, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
  return %out : tensor<4x8xf32>
}
