// Positions of three batches of images, of another grid than the table's square: what is learned is whole
// on every rank, its gradient a sum over the ranks' images; columns and heads can be split.
// RUN: step37-shard-check %s --axes dp=3 --dims image=dp | FileCheck %s --check-prefixes=CHECK,IMAGE
// RUN: step37-shard-check %s --axes dp=3,tp=2 --dims image=dp,col=tp | FileCheck %s --check-prefixes=BOTH

// CHECK-NOT: {{all|reduce}}
// IMAGE: out: [dp][]
// IMAGE: classes_out: [dp][]
// IMAGE: turned: [dp][]
// IMAGE: gradient of table: whole partial [dp]
// IMAGE: gradient of class_table: whole partial [dp]
// IMAGE: gradient of class_embedding: whole partial [dp]
// BOTH: out: [dp][tp]
// BOTH: turned: [dp][tp]
// BOTH: gradient of table: [][tp] partial [dp]
// BOTH: gradient of class_embedding: [tp] partial [dp]
step37.parameter @table : tensor<16x8xf32> trained true decay true dims ["", "col"] parts [#step37.part<"table", f32, [16, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.table of @table : tensor<16x8xf32>
step37.parameter @class_table : tensor<17x8xf32> trained true decay true dims ["", "col"] parts [#step37.part<"class_table", f32, [17, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.class_table of @class_table : tensor<17x8xf32>
step37.parameter @class_embedding : tensor<8xf32> trained true decay false dims ["col"] parts [#step37.part<"class_embedding", f32, [8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.class_embedding of @class_embedding : tensor<8xf32>
func.func @positions(%x: tensor<54x8xf32> {step37.name = "x", step37.class = "input", step37.dims = ["image", "col"]}, %classes: tensor<60x8xf32> {step37.name = "classes", step37.class = "input", step37.dims = ["image", "col"]}, %d: tensor<54x8xf32> {step37.name = "d", step37.class = "input", step37.dims = ["image", "col"]}, %class_d: tensor<60x8xf32> {step37.name = "class_d", step37.class = "input", step37.dims = ["image", "col"]}, %q: tensor<54x16xf32> {step37.name = "q", step37.class = "input", step37.dims = ["image", "col"]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<54x8xf32> {step37.name = "out"}, tensor<60x8xf32> {step37.name = "classes_out"}, tensor<54x16xf32> {step37.name = "turned"}) {
  %table = step37.read @table : tensor<16x8xf32>
  %class_table = step37.read @class_table : tensor<17x8xf32>
  %class_embedding = step37.read @class_embedding : tensor<8xf32>
  %out = step37.add_positions %x, %table {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<54x8xf32>, tensor<16x8xf32>) -> tensor<54x8xf32>
  %classes_out = step37.add_positions %classes, %class_table, %class_embedding {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<60x8xf32>, tensor<17x8xf32>, tensor<8xf32>) -> tensor<60x8xf32>
  %dtable = step37.add_positions_grad %d {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 0>} : (tensor<54x8xf32>) -> tensor<16x8xf32>
  step37.accumulate_gradient @gradient.table, %dtable, %beta : tensor<16x8xf32>, tensor<1xf32>
  %dclass_table, %dclass = step37.add_positions_grad %class_d {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 1>} : (tensor<60x8xf32>) -> (tensor<17x8xf32>, tensor<8xf32>)
  step37.accumulate_gradient @gradient.class_table, %dclass_table, %beta : tensor<17x8xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.class_embedding, %dclass, %beta : tensor<8xf32>, tensor<1xf32>
  %angles = step37.axial_rope_table {frequencies = array<f64: 1.0, 0.1>, grids = array<i64: 2, 3, 3>} : tensor<18x8xf32>
  %turned = step37.rotate_pairs %q, %angles {head_dim = 8} : (tensor<54x16xf32>, tensor<18x8xf32>) -> tensor<54x16xf32>
  return %out, %classes_out, %turned : tensor<54x8xf32>, tensor<60x8xf32>, tensor<54x16xf32>
}
