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

// -----

// A part of a split parameter, a gradient that is a sum over ranks, and the way of sums over ranks.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
  step37.parameter @w : tensor<4x8xf32> trained true decay true split [["tp"], []] parts [#step37.part<"w", f32, [4, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["tp"], []], whole = [8, 8]>]
  step37.state gradient @gradient.w of @w : tensor<4x8xf32> partial ["dp"]
  func.func @accumulate(%x: tensor<4x8xf32>, %beta: tensor<1xf32>) -> tensor<4x8xf32> {
    %w = step37.read @w : tensor<4x8xf32>
    %y = step37.matmul %x, %w {step37.partial = [["tp"]], transpose_b} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %z = step37.matmul %y, %w {step37.partial = [["tp"]]} : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %sum = step37.all_reduce %z {axes = ["tp"], ranks = 2 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %dw = step37.matmul %y, %sum {step37.partial = [["dp", "tp"]]} : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %first = step37.all_reduce %dw {axes = ["tp"], ranks = 2 : i64, step37.partial = [["dp"]]} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %whole = step37.all_reduce %first {axes = ["dp"], ranks = 2 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    step37.accumulate_gradient @gradient.w, %whole, %beta : tensor<4x8xf32>, tensor<1xf32>
    return %sum : tensor<4x8xf32>
  }
}

// -----

module attributes {step37.mesh = [["tp", 2]]} {
  // expected-error @below {{breaks C4 of the local contract: part w has 4 of 6 where its split leaves another number}}
  step37.parameter @w : tensor<4x8xf32> trained false decay true split [["tp"], []] parts [#step37.part<"w", f32, [4, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["tp"], []], whole = [6, 8]>]
}

// -----

module attributes {step37.mesh = [["dp", 2]]} {
  step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
  step37.state gradient @gradient.w of @w : tensor<4xf32> partial ["dp"]
  // expected-error @below {{breaks C4 of the local contract: its elements and its axes do not make up the parameter}}
  step37.state optimizer "m" @adamw_m.w of @w : tensor<4xf32> partial ["dp"]
}

// -----

module attributes {step37.mesh = [["tp", 2]]} {
  step37.parameter @w : tensor<4x8xf32> trained false decay true parts [#step37.part<"w", f32, [4, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
  func.func @eval(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = step37.read @w : tensor<4x8xf32>
    %y = step37.matmul %x, %w {step37.partial = [["tp"]], transpose_b} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    // expected-error @below {{breaks C5 of the local contract: it uses a value that is still to be summed over tp}}
    %z = step37.matmul %y, %w : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    return %z : tensor<4x8xf32>
  }
}

// -----

// A sum over some of the axes is no sum.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
  step37.parameter @w : tensor<8x8xf32> trained false decay true parts [#step37.part<"w", f32, [8, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
  func.func @eval(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %w = step37.read @w : tensor<8x8xf32>
    %y = step37.matmul %x, %w {step37.partial = [["dp", "tp"]]} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    // expected-error @below {{breaks C5 of the local contract: it uses a value that is still to be summed over}}
    %z = step37.all_reduce %y {axes = ["tp"], ranks = 2 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %z : tensor<4x8xf32>
  }
}

// -----

// A gradient that every rank has a part of is summed before the update reads it.
module attributes {step37.mesh = [["dp", 2]]} {
  step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
  step37.state gradient @gradient.w of @w : tensor<4xf32> partial ["dp"]
  func.func @update() {
    // expected-error @below {{breaks C5 of the local contract: it uses a gradient that is still to be summed over dp}}
    %g = step37.read @gradient.w : tensor<4xf32>
    return
  }
}

// -----

module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
  func.func @eval(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    // expected-error @below {{breaks C6 of the local contract: its axes are not all of this mesh}}
    %z = step37.all_reduce %x {axes = ["ep"], ranks = 2 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %z : tensor<4x8xf32>
  }
}

// -----

module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
  func.func @eval(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    // expected-error @below {{breaks C6 of the local contract: its axes have 2 ranks}}
    %z = step37.all_reduce %x {axes = ["tp"], ranks = 4 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %z : tensor<4x8xf32>
  }
}
