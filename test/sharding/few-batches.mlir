// Four ranks cannot share two batches of images: rows are gathered, and all ranks do the same.
// RUN: step37-shard-check %s --axes dp=4 --dims image=dp | FileCheck %s

// CHECK: all_gather dp tensor<12x6xf32>
// CHECK: windows: whole
func.func @few(%x: tensor<48x6xf32> {step37.name = "x", step37.class = "input", step37.dims = ["image", ""]}) -> (tensor<12x54xf32> {step37.name = "windows"}) {
  %windows = step37.unfold %x {grids = array<i64: 1, 4, 4, 2, 2, 2>} : (tensor<48x6xf32>) -> tensor<12x54xf32>
  return %windows : tensor<12x54xf32>
}
