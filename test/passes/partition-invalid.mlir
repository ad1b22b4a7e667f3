// What cannot be cut, or would have to be exchanged in a way that no collective has.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-partition="token-axes=dp"

module attributes {step37.mesh = [["dp", 2]]} {
func.func @no_rule(%x: tensor<8x6xf32> {step37.class = "input", step37.name = "x"}) {
  // expected-error @below {{'tensor.cast' op has no sharding rule}}
  %0 = tensor.cast %x : tensor<8x6xf32> to tensor<?x6xf32>
  return
}
}

// -----

module attributes {step37.mesh = [["dp", 2]]} {
step37.state activation @hidden : tensor<8x6xf32>
func.func @nobody_wrote() {
  // expected-error @below {{'step37.read' op reads a state that no program before this one has written}}
  %0 = step37.read @hidden : tensor<8x6xf32>
  return
}
}

// -----

// A norm is over whole rows; columns are never exchanged.
module attributes {step37.mesh = [["dp", 2]]} {
func.func @columns(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [[], ["dp"]]}, %w: tensor<16xf32> {step37.class = "input", step37.name = "w"}) {
  // expected-error @below {{dimension 1 of 'tensor<8x8xf32>' would have to be exchanged between ranks}}
  %y, %r = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return
}
}

// -----

// A gradient is over the same axes wherever it is accumulated.
module attributes {step37.mesh = [["dp", 2]]} {
step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32>
func.func @two_sums(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %dw: tensor<16x16xf32> {step37.class = "input", step37.name = "dw"}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) {
  %0 = step37.matmul %x, %x {transpose_a} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  step37.accumulate_gradient @gradient.w, %0, %beta : tensor<16x16xf32>, tensor<1xf32>
  // expected-error @below {{'step37.accumulate_gradient' op is a sum over other axes than before}}
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<16x16xf32>, tensor<1xf32>
  return
}
}
