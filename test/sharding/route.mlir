// Tokens are split, experts are not: every rank scores all of them.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp | FileCheck %s --check-prefix=TOKEN
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp+tp | FileCheck %s --check-prefix=ALL

// TOKEN: chosen: [dp][]
// ALL-NOT: {{gather|reduce}}
// ALL: dlogits: [dp+tp][]
func.func @route(%logits: tensor<8x4xf32> {step37.name = "logits", step37.class = "input", step37.dims = ["token", ""]}, %bias: tensor<4xf32> {step37.name = "bias", step37.class = "input"}, %d: tensor<8x2xf32> {step37.name = "d", step37.class = "input", step37.dims = ["token", ""]}) -> (tensor<8x2xf32> {step37.name = "weights"}, tensor<8x2xi32> {step37.name = "chosen"}, tensor<8x2xf32> {step37.name = "scores"}, tensor<8x4xf32> {step37.name = "dlogits"}, tensor<8x2xf32> {step37.name = "softmax"}) {
  %weights, %chosen, %scores = step37.route %logits, %bias {normalize, scale = 3.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  %dlogits = step37.route_grad %d, %logits, %chosen, %scores {normalize, scale = 3.0 : f64} : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xi32>, tensor<8x2xf32>) -> tensor<8x4xf32>
  %softmax, %1, %2 = step37.route %logits {scale = 1.0 : f64, softmax} : (tensor<8x4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  return %weights, %chosen, %scores, %dlogits, %softmax : tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xf32>
}
