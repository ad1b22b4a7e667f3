// Images to rows and back, in two batches of a view of 4x4 patches and two crops of 2x2: a rank has whole
// batches, so that its rows are those of its own images.
// RUN: step37-shard-check %s --axes dp=2 --dims image=dp | FileCheck %s --check-prefixes=CHECK,SPLIT
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims image=dp | FileCheck %s --check-prefixes=CHECK,SPLIT

// CHECK-NOT: {{all|reduce}}
// SPLIT: rows: [dp][]
// SPLIT: windows: [dp][]
// SPLIT: folded: [dp][]
// SPLIT: classes: [dp][]
// SPLIT: class_windows: [dp][]
func.func @images(%views: tensor<2x3x8x8xf32> {step37.name = "views", step37.class = "input", step37.dims = ["image", "", "", ""]}, %crops: tensor<4x3x4x4xf32> {step37.name = "crops", step37.class = "input", step37.dims = ["image", "", "", ""]}, %x: tensor<48x6xf32> {step37.name = "x", step37.class = "input", step37.dims = ["image", ""]}, %d: tensor<12x54xf32> {step37.name = "d", step37.class = "input", step37.dims = ["image", ""]}) -> (tensor<48x12xf32> {step37.name = "rows"}, tensor<12x54xf32> {step37.name = "windows"}, tensor<48x6xf32> {step37.name = "folded"}, tensor<54x12xf32> {step37.name = "classes"}, tensor<12x108xf32> {step37.name = "class_windows"}) {
  %rows = step37.patches %views, %crops {patch = 2, batches = 2} : (tensor<2x3x8x8xf32>, tensor<4x3x4x4xf32>) -> tensor<48x12xf32>
  %windows = step37.unfold %x {grids = array<i64: 1, 4, 4, 2, 2, 2>} : (tensor<48x6xf32>) -> tensor<12x54xf32>
  %folded = step37.fold %d {grids = array<i64: 1, 4, 4, 2, 2, 2>} : (tensor<12x54xf32>) -> tensor<48x6xf32>
  %classes = step37.patches %views, %crops {class_token, patch = 2, batches = 2} : (tensor<2x3x8x8xf32>, tensor<4x3x4x4xf32>) -> tensor<54x12xf32>
  %class_windows = step37.unfold %classes {class_token, grids = array<i64: 1, 4, 4, 2, 2, 2>} : (tensor<54x12xf32>) -> tensor<12x108xf32>
  return %rows, %windows, %folded, %classes, %class_windows : tensor<48x12xf32>, tensor<12x54xf32>, tensor<48x6xf32>, tensor<54x12xf32>, tensor<12x108xf32>
}
