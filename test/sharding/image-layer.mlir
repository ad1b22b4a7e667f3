// What else a layer of the vision tower has: rows are split, the rows that all rows share are not, and their
// gradients are sums over the ranks' rows. Columns can be split too, but for those of a norm.
// RUN: step37-shard-check %s --axes dp=2 --dims image=dp | FileCheck %s --check-prefixes=CHECK,IMAGE
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims image=dp+tp | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims image=dp,col=tp | FileCheck %s --check-prefixes=CHECK,COL

// CHECK-NOT: {{all|reduce}}
// IMAGE: y: [dp][]
// IMAGE: mean: [dp]
// IMAGE: gradient of weight: whole partial [dp]
// IMAGE: gradient of gamma: whole partial [dp]
// ALL: dx: [dp+tp][]
// ALL: gradient of shift: whole partial [dp+tp]
// ALL: gradient of bias: whole partial [dp+tp]
// COL: active: [dp][tp]
// COL: dactive: [dp][tp]
// COL: biased: [dp][tp]
step37.parameter @weight : tensor<16xf32> trained true decay false parts [#step37.part<"weight", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.weight of @weight : tensor<16xf32>
step37.parameter @shift : tensor<16xf32> trained true decay false parts [#step37.part<"shift", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.shift of @shift : tensor<16xf32>
step37.parameter @bias : tensor<6xf32> trained true decay false parts [#step37.part<"bias", f32, [6], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.bias of @bias : tensor<6xf32>
step37.parameter @gamma : tensor<6xf32> trained true decay false parts [#step37.part<"gamma", f32, [6], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.gamma of @gamma : tensor<6xf32>
func.func @layer(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["image", ""]}, %dy: tensor<8x16xf32> {step37.name = "dy", step37.class = "input", step37.dims = ["image", ""]}, %c: tensor<8x6xf32> {step37.name = "c", step37.class = "input", step37.dims = ["image", "col"]}, %dc: tensor<8x6xf32> {step37.name = "dc", step37.class = "input", step37.dims = ["image", "col"]}, %e: tensor<8x6xf32> {step37.name = "e", step37.class = "input", step37.dims = ["image", ""]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<8x16xf32> {step37.name = "y"}, tensor<8xf32> {step37.name = "mean"}, tensor<8x16xf32> {step37.name = "dx"}, tensor<8x6xf32> {step37.name = "active"}, tensor<8x6xf32> {step37.name = "dactive"}, tensor<8x6xf32> {step37.name = "biased"}, tensor<8x6xf32> {step37.name = "scaled"}) {
  %weight = step37.read @weight : tensor<16xf32>
  %shift = step37.read @shift : tensor<16xf32>
  %bias = step37.read @bias : tensor<6xf32>
  %gamma = step37.read @gamma : tensor<6xf32>
  %y, %mean, %deviation = step37.layer_norm %x, %weight, %shift {eps = 1.0e-5 : f64} : (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>)
  %dx, %dweight, %dshift = step37.layer_norm_grad %dy, %x, %weight, %mean, %deviation : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>)
  step37.accumulate_gradient @gradient.weight, %dweight, %beta : tensor<16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.shift, %dshift, %beta : tensor<16xf32>, tensor<1xf32>
  %active = step37.quick_gelu %c : tensor<8x6xf32>
  %dactive = step37.quick_gelu_grad %dc, %c : tensor<8x6xf32>
  %biased = step37.add_bias %c, %bias : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<8x6xf32>
  %scaled = step37.scale_columns %biased, %gamma : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<8x6xf32>
  %dbias = step37.column_sums %e : (tensor<8x6xf32>) -> tensor<6xf32>
  step37.accumulate_gradient @gradient.bias, %dbias, %beta : tensor<6xf32>, tensor<1xf32>
  %e2 = step37.scale_columns %e, %gamma : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<8x6xf32>
  %dgamma = step37.column_sums %e, %e2 : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<6xf32>
  step37.accumulate_gradient @gradient.gamma, %dgamma, %beta : tensor<6xf32>, tensor<1xf32>
  return %y, %mean, %dx, %active, %dactive, %biased, %scaled : tensor<8x16xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>
}
