// One breach of every constraint of the logical contract.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-verify-logical

step37.parameter @w : tensor<2x4xf32> trained true decay true pack "p" parts [#step37.part<"w", f32, [2, 4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @keeps_it(%x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  %w = step37.read @w : tensor<2x4xf32> loc("w")
  %y = step37.matmul %x, %w {transpose_b} : (tensor<8x4xf32>, tensor<2x4xf32>) -> tensor<8x2xf32> loc("model.w")
  return %y : tensor<8x2xf32>
}

// -----

// expected-error @below {{breaks C1 of the logical contract: 'plan.buffer' does not belong here}}
plan.buffer input io @c1 : memref<4xf32>

// -----

func.func @c2(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  // expected-error @below {{breaks C2 of the logical contract: the location is no module path}}
  %y = step37.add %x, %x : tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// expected-error @below {{breaks C3 of the logical contract: a parameter of several parts before packing}}
step37.parameter @c3 : tensor<2x4xf32> trained true decay true parts [#step37.part<"a", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>, #step37.part<"b", f32, [4], blocks = 1, begin = 4, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{breaks C4 of the logical contract: a program is one block}}
func.func @c4() {
  return
^unreachable:
  return
}

// -----

// expected-error @below {{breaks C4 of the logical contract: a program is one block}}
func.func private @c4_declaration()
