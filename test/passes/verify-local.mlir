// One breach of every constraint of the local contract.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-verify-local

step37.parameter @keeps_it : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.keeps_it of @keeps_it : tensor<4xf32>
step37.parameter @frozen : tensor<4xf32> trained false decay true parts [#step37.part<"frozen", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// Without any gradient, as in a plan that only evaluates, trained parameters have none.
step37.parameter @eval_only : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{breaks C1 of the local contract: it still waits for its siblings}}
step37.parameter @c1 : tensor<4xf32> trained true decay true pack "p" parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

func.func @c2(%x: tensor<1xf32>) {
  // expected-error @below {{breaks C2 of the local contract: an objective that was not differentiated}}
  step37.objective %x scaled_by %x beta %x : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<4xf32>
// expected-error @below {{breaks C3 of the local contract: it is trained but has no gradient}}
step37.parameter @c3 : tensor<4xf32> trained true decay true parts [#step37.part<"c3", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
