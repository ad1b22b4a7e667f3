// One optimizer program for all trained parameters: squares of every gradient in parameter order, one
// norm, one AdamW each; f32 masters except for f32 parameters.
// RUN: step37-opt %s -split-input-file -step37-build-update | FileCheck %s

// CHECK: step37.parameter @w
step37.parameter @w : tensor<300x300xf32> trained true decay true parts [#step37.part<"w", f32, [300, 300], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-NEXT: step37.state gradient @gradient.w of @w : tensor<300x300xf32>
// CHECK-NEXT: step37.state optimizer "moment1" @moment1.w of @w : tensor<300x300xf32>
// CHECK-NEXT: step37.state optimizer "moment2" @moment2.w of @w : tensor<300x300xf32>
// CHECK-NOT: @master.w
step37.state gradient @gradient.w of @w : tensor<300x300xf32>
// CHECK: step37.parameter @norm
step37.parameter @norm : tensor<16xbf16> trained true decay false parts [#step37.part<"norm", bf16, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-NEXT: step37.state gradient @gradient.norm of @norm : tensor<16xbf16>
// CHECK-NEXT: step37.state optimizer "master" @master.norm of @norm : tensor<16xf32>
// CHECK-NEXT: step37.state optimizer "moment1" @moment1.norm of @norm : tensor<16xf32>
// CHECK-NEXT: step37.state optimizer "moment2" @moment2.norm of @norm : tensor<16xf32>
step37.state gradient @gradient.norm of @norm : tensor<16xbf16>
step37.parameter @frozen : tensor<16xbf16> trained false decay false parts [#step37.part<"frozen", bf16, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-NOT: of @frozen

// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[RATE:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.learning_rate"}, %[[BETA1:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.beta1"}, %[[BETA2:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.beta2"}, %[[EPS:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.eps"}, %[[DECAY:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.weight_decay"}, %[[C1:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.correction1"}, %[[C2:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "optimizer.correction2"}, %[[MAX:[^:]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "max_norm"}
// CHECK-SAME: -> (tensor<1xf32> {step37.name = "grad_norm"})
// CHECK-NEXT: %[[G1:.*]] = step37.read @gradient.w : tensor<300x300xf32>
// CHECK-NEXT: %[[S1:.*]] = step37.sum_of_squares %[[G1]] : (tensor<300x300xf32>) -> tensor<2xf32>
// CHECK-NEXT: %[[G2:.*]] = step37.read @gradient.norm : tensor<16xbf16>
// CHECK-NEXT: %[[S2:.*]] = step37.sum_of_squares %[[G2]] : (tensor<16xbf16>) -> tensor<1xf32>
// CHECK-NEXT: %[[NORM:.*]], %[[CLIP:.*]] = step37.global_norm %[[S1]], %[[S2]], %[[MAX]] : (tensor<2xf32>, tensor<1xf32>, tensor<1xf32>)
// CHECK-NEXT: %[[G1:.*]] = step37.read @gradient.w
// CHECK-NEXT: step37.adamw @w gradient %[[G1]] moments @moment1.w, @moment2.w learning_rate %[[RATE]] beta1 %[[BETA1]] beta2 %[[BETA2]] eps %[[EPS]] weight_decay %[[DECAY]] corrections %[[C1]], %[[C2]] clip %[[CLIP]]
// CHECK-NEXT: %[[G2:.*]] = step37.read @gradient.norm
// CHECK-NEXT: step37.adamw @norm gradient %[[G2]] moments @moment1.norm, @moment2.norm master @master.norm learning_rate %[[RATE]] beta1 %[[BETA1]] beta2 %[[BETA2]] eps %[[EPS]] weight_decay %[[DECAY]] corrections %[[C1]], %[[C2]] clip %[[CLIP]]
// CHECK-NEXT: return %[[NORM]]

// -----

// Without gradients there is nothing to update.
// CHECK: step37.parameter @only_read
// CHECK-NOT: @update
step37.parameter @only_read : tensor<16xbf16> trained true decay false parts [#step37.part<"only_read", bf16, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
