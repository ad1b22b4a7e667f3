// Products: each of the three dimensions split alone and together; a split sum is partial.
// RUN: step37-shard-check %s --axes tp=2 --dims m=tp | FileCheck %s --check-prefix=M
// RUN: step37-shard-check %s --axes tp=2 --dims n=tp | FileCheck %s --check-prefix=N
// RUN: step37-shard-check %s --axes tp=4 --dims k=tp | FileCheck %s --check-prefix=K
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims m=dp,n=tp | FileCheck %s --check-prefix=MN
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims m=dp,k=tp | FileCheck %s --check-prefix=MK

// M-NOT: all_gather
// M: nt: [tp][]
// M: gradient of w: whole partial [tp]
// N-NOT: all_gather
// N: nt: [][tp]
// N: gradient of w: [tp][] partial []
// K: all_reduce tp tensor<8x12xf32>
// K: nt: whole
// K: gradient of w: [][tp] partial []
// MN: nt: [dp][tp]
// MN: gradient of w: [tp][] partial [dp]
// MK: all_reduce tp tensor<4x12xf32>
// MK: nt: [dp][]
// MK: gradient of w: [][tp] partial [dp]
step37.parameter @w : tensor<12x16xf32> trained true decay true dims ["n", "k"] parts [#step37.part<"w", f32, [12, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<12x16xf32>
func.func @products(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["m", "k"]}, %xt: tensor<16x8xf32> {step37.name = "xt", step37.class = "input", step37.dims = ["k", "m"]}, %dy: tensor<8x12xf32> {step37.name = "dy", step37.class = "input", step37.dims = ["m", "n"]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<8x12xf32> {step37.name = "nt"}, tensor<8x12xf32> {step37.name = "tt"}, tensor<8x16xf32> {step37.name = "nn"}) {
  %w = step37.read @w : tensor<12x16xf32>
  %nt = step37.matmul %x, %w {transpose_b} : (tensor<8x16xf32>, tensor<12x16xf32>) -> tensor<8x12xf32>
  %tt = step37.matmul %xt, %w {transpose_a, transpose_b} : (tensor<16x8xf32>, tensor<12x16xf32>) -> tensor<8x12xf32>
  %nn = step37.matmul %dy, %w : (tensor<8x12xf32>, tensor<12x16xf32>) -> tensor<8x16xf32>
  %dw = step37.matmul %dy, %x {transpose_a} : (tensor<8x12xf32>, tensor<8x16xf32>) -> tensor<12x16xf32>
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<12x16xf32>, tensor<1xf32>
  return %nt, %tt, %nn : tensor<8x12xf32>, tensor<8x12xf32>, tensor<8x16xf32>
}
