// A norm of rows: rows are split, the weight never; its gradient is partial over the rows' axes.
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp | FileCheck %s --check-prefix=ONE
// RUN: step37-shard-check %s --axes dp=2,tp=4 --dims token=dp+tp | FileCheck %s --check-prefix=TWO

// ONE-NOT: {{all|reduce}}
// ONE: y: [dp][]
// ONE: inverse_rms: [dp]
// ONE: gradient of w: whole partial [dp]
// TWO-NOT: {{all|reduce}}
// TWO: gradient of w: whole partial [dp+tp]
step37.parameter @w : tensor<16xf32> trained true decay false parts [#step37.part<"w", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16xf32>
func.func @norm(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %other: tensor<8x16xf32> {step37.name = "other", step37.class = "input", step37.dims = ["token", ""]}, %dy: tensor<8x16xf32> {step37.name = "dy", step37.class = "input", step37.dims = ["token", ""]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<8x16xf32> {step37.name = "y"}, tensor<8xf32> {step37.name = "inverse_rms"}, tensor<8x16xf32> {step37.name = "sum"}, tensor<8x16xf32> {step37.name = "dx"}, tensor<8x16xf32> {step37.name = "dx_frozen"}) {
  %w = step37.read @w : tensor<16xf32>
  %y, %r, %sum = step37.rms_norm %x, %other, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>)
  %dx, %dw = step37.rms_norm_grad %dy, %sum, %w, %r, %other {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<16xf32>, tensor<1xf32>
  %frozen = step37.rms_norm_grad %dy, %x, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  return %y, %r, %sum, %dx, %frozen : tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}
