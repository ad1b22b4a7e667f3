// Every operation of VisionOps.td, in all its forms, is read, printed and read again, as text and as
// bytecode.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// CHECK: #step37.part<"gamma", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.000000e+00 : f64 init_mean = 1.000000e-01 : f64>
step37.parameter @gamma : tensor<4xf32> trained true decay false parts [#step37.part<"gamma", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64 init_mean = 0.1 : f64>]

// CHECK-LABEL: func.func @windows
func.func @windows(%images: tensor<1x3x8x8xf32>, %crops: tensor<2x3x4x4xf32>, %x: tensor<16x6xf32>,
                   %classes: tensor<17x6xbf16>) {
  // CHECK: step37.patches %{{.*}}, %{{.*}} {patch = 2 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x4x4xf32>) -> tensor<24x12xbf16>
  %0 = step37.patches %images, %crops {patch = 2} : (tensor<1x3x8x8xf32>, tensor<2x3x4x4xf32>) -> tensor<24x12xbf16>
  // CHECK: step37.patches %{{.*}} {class_token, patch = 2 : i64} : (tensor<1x3x8x8xf32>) -> tensor<17x12xf32>
  %1 = step37.patches %images {class_token, patch = 2} : (tensor<1x3x8x8xf32>) -> tensor<17x12xf32>
  // CHECK: step37.unfold %{{.*}} {grids = array<i64: 1, 4, 4>} : (tensor<16x6xf32>) -> tensor<4x54xf32>
  %2 = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<16x6xf32>) -> tensor<4x54xf32>
  // CHECK: step37.unfold %{{.*}} {class_token, grids = array<i64: 1, 4, 4>} : (tensor<17x6xbf16>) -> tensor<4x54xbf16>
  %3 = step37.unfold %classes {class_token, grids = array<i64: 1, 4, 4>} : (tensor<17x6xbf16>) -> tensor<4x54xbf16>
  // CHECK: step37.patches %{{.*}} {batches = 2 : i64, patch = 2 : i64} : (tensor<2x3x4x4xf32>) -> tensor<8x12xf32>
  %5 = step37.patches %crops {batches = 2, patch = 2} : (tensor<2x3x4x4xf32>) -> tensor<8x12xf32>
  // CHECK: step37.unfold %{{.*}} {grids = array<i64: 1, 2, 2>} : (tensor<8x12xf32>) -> tensor<2x108xf32>
  %6 = step37.unfold %5 {grids = array<i64: 1, 2, 2>} : (tensor<8x12xf32>) -> tensor<2x108xf32>
  // CHECK: step37.fold %{{.*}} {class_token, grids = array<i64: 1, 4, 4>} : (tensor<4x54xbf16>) -> tensor<17x6xbf16>
  %4 = step37.fold %3 {class_token, grids = array<i64: 1, 4, 4>} : (tensor<4x54xbf16>) -> tensor<17x6xbf16>
  return
}

// CHECK-LABEL: func.func @positions
func.func @positions(%x: tensor<18x6xf32>, %table: tensor<16x6xf32>, %classes: tensor<20x6xf32>,
                     %class_table: tensor<17x6xf32>, %class: tensor<6xf32>, %heads: tensor<18x16xf32>) {
  // CHECK: step37.add_positions %{{.*}}, %{{.*}} {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>}
  %0 = step37.add_positions %x, %table {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>}
    : (tensor<18x6xf32>, tensor<16x6xf32>) -> tensor<18x6xf32>
  // CHECK: step37.add_positions %{{.*}}, %{{.*}}, %{{.*}} {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 1>}
  %1 = step37.add_positions %classes, %class_table, %class {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<20x6xf32>, tensor<17x6xf32>, tensor<6xf32>) -> tensor<20x6xf32>
  // CHECK: step37.add_positions_grad %{{.*}} {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 1>} : (tensor<20x6xf32>) -> (tensor<17x6xf32>, tensor<6xf32>)
  %2:2 = step37.add_positions_grad %classes {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 1>}
    : (tensor<20x6xf32>) -> (tensor<17x6xf32>, tensor<6xf32>)
  // CHECK: step37.axial_rope_table {frequencies = array<f64: 1.000000e+00, 1.000000e-02>, grids = array<i64: 2, 3, 3>, row_first} : tensor<18x8xf32>
  %3 = step37.axial_rope_table {frequencies = array<f64: 1.0, 0.01>, grids = array<i64: 2, 3, 3>, row_first} : tensor<18x8xf32>
  // CHECK: step37.rotate_pairs %{{.*}}, %{{.*}} {head_dim = 8 : i64} : (tensor<18x16xf32>, tensor<18x8xf32>) -> tensor<18x16xf32>
  %4 = step37.rotate_pairs %heads, %3 {head_dim = 8} : (tensor<18x16xf32>, tensor<18x8xf32>) -> tensor<18x16xf32>
  // CHECK: step37.rotate_pairs %{{.*}}, %{{.*}} {head_dim = 8 : i64, inverse}
  %5 = step37.rotate_pairs %4, %3 {head_dim = 8, inverse} : (tensor<18x16xf32>, tensor<18x8xf32>) -> tensor<18x16xf32>
  return
}

// CHECK-LABEL: func.func @layers
func.func @layers(%x: tensor<8x24xf32>, %row: tensor<24xf32>) {
  // CHECK: step37.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64}
  %y, %m, %d = step37.layer_norm %x, %row, %row {eps = 1.0e-5 : f64}
    : (tensor<8x24xf32>, tensor<24xf32>, tensor<24xf32>) -> (tensor<8x24xf32>, tensor<8xf32>, tensor<8xf32>)
  // CHECK: step37.layer_norm_grad
  %dx, %dw, %db = step37.layer_norm_grad %y, %x, %row, %m, %d
    : (tensor<8x24xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<8xf32>, tensor<8xf32>)
    -> (tensor<8x24xf32>, tensor<24xf32>, tensor<24xf32>)
  // CHECK: step37.add_bias %{{.*}}, %{{.*}} : (tensor<8x24xf32>, tensor<24xf32>) -> tensor<8x24xf32>
  %0 = step37.add_bias %x, %row : (tensor<8x24xf32>, tensor<24xf32>) -> tensor<8x24xf32>
  // CHECK: step37.scale_columns %{{.*}}, %{{.*}} : (tensor<8x24xf32>, tensor<24xf32>) -> tensor<8x24xf32>
  %1 = step37.scale_columns %x, %row : (tensor<8x24xf32>, tensor<24xf32>) -> tensor<8x24xf32>
  // CHECK: step37.column_sums %{{.*}} : (tensor<8x24xf32>) -> tensor<24xf32>
  %2 = step37.column_sums %x : (tensor<8x24xf32>) -> tensor<24xf32>
  // CHECK: step37.column_sums %{{.*}}, %{{.*}} : (tensor<8x24xf32>, tensor<8x24xf32>) -> tensor<24xbf16>
  %3 = step37.column_sums %x, %0 : (tensor<8x24xf32>, tensor<8x24xf32>) -> tensor<24xbf16>
  // CHECK: step37.quick_gelu %{{.*}} : tensor<8x24xf32>
  %4 = step37.quick_gelu %x : tensor<8x24xf32>
  // CHECK: step37.quick_gelu_grad %{{.*}}, %{{.*}} : tensor<8x24xf32>
  %5 = step37.quick_gelu_grad %4, %x : tensor<8x24xf32>
  // CHECK: step37.slice_columns %{{.*}} : (tensor<8x24xf32>) -> (tensor<8x8xf32>, tensor<8x16xf32>)
  %6:2 = step37.slice_columns %x : (tensor<8x24xf32>) -> (tensor<8x8xf32>, tensor<8x16xf32>)
  return
}

// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<20x16xf32>) {
  // CHECK: step37.image_attention %{{.*}}, %{{.*}}, %{{.*}} {class_token, grids = array<i64: 2, 3, 3>, head_dim = 8 : i64, scale = 5.000000e-01 : f64}
  %out, %lse = step37.image_attention %q, %q, %q {class_token, grids = array<i64: 2, 3, 3>, head_dim = 8, scale = 0.5 : f64}
    : (tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x16xf32>) -> (tensor<20x16xf32>, tensor<20x2xf32>)
  // CHECK: step37.image_attention_grad
  %0:3 = step37.image_attention_grad %q, %q, %q, %q, %out, %lse {class_token, grids = array<i64: 2, 3, 3>, head_dim = 8, scale = 0.5 : f64}
    : (tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x2xf32>)
    -> (tensor<20x16xf32>, tensor<20x16xf32>, tensor<20x16xf32>)
  return
}

// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<8x16xf32>, %source: tensor<4x16xf32>, %index: tensor<8xi32>, %inverse: tensor<4xi32>) {
  // CHECK: step37.merge_rows %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  %0 = step37.merge_rows %x, %source, %index, %inverse
    : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  // CHECK: step37.merge_rows %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  %1 = step37.merge_rows %x, %index, %inverse : (tensor<8x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  // CHECK: step37.merge_rows %{{.*}} {batches = 2 : i64}
  %3 = step37.merge_rows %x, %index, %inverse {batches = 2} : (tensor<8x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  // CHECK: step37.gather_rows %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x16xf32>
  %2 = step37.gather_rows %x, %inverse, %index : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x16xf32>
  return
}
