// A head of 33 rows: tokens split, rows split (the last rank's partly padding), and both.
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp | FileCheck %s --check-prefix=TOKEN
// RUN: step37-shard-check %s --axes tp=2 --dims vocab=tp | FileCheck %s --check-prefix=VOCAB
// RUN: step37-shard-check %s --axes dp=2,tp=4 --dims token=dp,vocab=tp | FileCheck %s --check-prefix=BOTH

// TOKEN: all_reduce dp tensor<1xf32>
// TOKEN: token_loss: [dp]
// TOKEN: gradient of w: whole partial [dp]
// VOCAB: all_gather tp tensor<8x3xf32>
// VOCAB: loss: whole
// VOCAB: gradient of w: [tp][] partial []
// BOTH: gradient of w: [tp][] partial [dp]
step37.parameter @w : tensor<33x16xf32> trained true decay true dims ["vocab", ""] parts [#step37.part<"w", f32, [33, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<33x16xf32>
func.func @loss(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %labels: tensor<8xi32> {step37.name = "labels", step37.class = "input", step37.dims = ["token"], check.below = 33 : i64}, %weights: tensor<8xf32> {step37.name = "weights", step37.class = "input", step37.dims = ["token"]}, %scale: tensor<1xf32> {step37.name = "scale", step37.class = "scalar", check.values = dense<0.5> : tensor<1xf32>}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<1xf32> {step37.name = "loss"}, tensor<8xf32> {step37.name = "token_loss"}, tensor<1xf32> {step37.name = "loss_again"}, tensor<8x16xf32> {step37.name = "dx"}, tensor<8x16xf32> {step37.name = "dx_frozen"}) {
  %w = step37.read @w : tensor<33x16xf32>
  %loss, %token_loss = step37.lm_loss %x, %w, %labels, %weights : (tensor<8x16xf32>, tensor<33x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %again, %tokens, %dx, %dw = step37.lm_loss_grad %x, %w, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<33x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<33x16xf32>)
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<33x16xf32>, tensor<1xf32>
  %third, %thirds, %frozen = step37.lm_loss_grad %x, %w, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<33x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>)
  return %loss, %token_loss, %again, %dx, %frozen : tensor<1xf32>, tensor<8xf32>, tensor<1xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}
