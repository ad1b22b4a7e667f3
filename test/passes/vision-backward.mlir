// Gradients of the operations of a vision tower, and that slice_columns is nothing but slices behind
// them.
// RUN: step37-opt %s -split-input-file -step37-build-backward -canonicalize | FileCheck %s

// A layer in small: two windows of a convolution, a bias, positions, norm, scale, activation.
step37.parameter @table : tensor<4x4xf32> trained true decay true parts [#step37.part<"table", f32, [4, 4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @row : tensor<4xf32> trained true decay false parts [#step37.part<"row", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @shift : tensor<4xf32> trained true decay false parts [#step37.part<"shift", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @gamma : tensor<4xf32> trained true decay false parts [#step37.part<"gamma", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @bias : tensor<4xf32> trained true decay false parts [#step37.part<"bias", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %[[X:[^:]*]]: tensor<9x4xf32>
func.func @layer(%x: tensor<9x4xf32>, %w: tensor<8x36xf32>, %labels: tensor<4xi32>, %weights: tensor<4xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) -> tensor<1xf32> {
  %table = step37.read @table : tensor<4x4xf32>
  %gamma = step37.read @gamma : tensor<4xf32>
  %bias = step37.read @bias : tensor<4xf32>
  %row = step37.read @row : tensor<4xf32>
  %shift = step37.read @shift : tensor<4xf32>
  // CHECK: %[[GAMMA:.*]] = step37.read @gamma
  // CHECK: %[[ROW:.*]] = step37.read @row
  // CHECK: %[[A:.*]] = step37.add_positions %[[X]]
  %a = step37.add_positions %x, %table {grids = array<i64: 1, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<9x4xf32>, tensor<4x4xf32>) -> tensor<9x4xf32>
  // CHECK: %[[B:.*]] = step37.add_bias %[[A]]
  %b = step37.add_bias %a, %bias : (tensor<9x4xf32>, tensor<4xf32>) -> tensor<9x4xf32>
  // CHECK: %[[C:.*]], %[[MEAN:.*]], %[[DEVIATION:.*]] = step37.layer_norm %[[B]], %[[ROW]]
  %c, %mean, %deviation = step37.layer_norm %b, %row, %shift {eps = 1.0e-5 : f64} : (tensor<9x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<9x4xf32>, tensor<9xf32>, tensor<9xf32>)
  // CHECK: %[[D:.*]] = step37.quick_gelu %[[C]]
  %d = step37.quick_gelu %c : tensor<9x4xf32>
  %e = step37.scale_columns %d, %gamma : (tensor<9x4xf32>, tensor<4xf32>) -> tensor<9x4xf32>
  %f = step37.unfold %e {grids = array<i64: 1, 3, 3>} : (tensor<9x4xf32>) -> tensor<4x36xf32>
  // CHECK: %{{.*}}, %{{.*}}, %[[DF:.*]] = step37.lm_loss_grad
  %loss, %token_loss = step37.lm_loss %f, %w, %labels, %weights : (tensor<4x36xf32>, tensor<8x36xf32>, tensor<4xi32>, tensor<4xf32>) -> (tensor<1xf32>, tensor<4xf32>)
  // CHECK-NEXT: %[[DE:.*]] = step37.fold %[[DF]] {grids = array<i64: 1, 3, 3>}
  // CHECK-NEXT: %[[DD:.*]] = step37.scale_columns %[[DE]], %[[GAMMA]]
  // CHECK-NEXT: %[[DGAMMA:.*]] = step37.column_sums %[[DE]], %[[D]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.gamma, %[[DGAMMA]]
  // CHECK-NEXT: %[[DC:.*]] = step37.quick_gelu_grad %[[DD]], %[[C]]
  // CHECK-NEXT: %[[DB:.*]], %[[DWEIGHT:.*]], %[[DSHIFT:.*]] = step37.layer_norm_grad %[[DC]], %[[B]], %[[ROW]], %[[MEAN]], %[[DEVIATION]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.row, %[[DWEIGHT]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.shift, %[[DSHIFT]]
  // A sum's gradient is that of its addends.
  // CHECK-NEXT: %[[DBIAS:.*]] = step37.column_sums %[[DB]] :
  // CHECK-NEXT: step37.accumulate_gradient @gradient.bias, %[[DBIAS]]
  // CHECK-NEXT: %[[DTABLE:.*]] = step37.add_positions_grad %[[DB]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.table, %[[DTABLE]]
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return %loss : tensor<1xf32>
}

// -----

// Attention from one packed projection: slices forward, a concatenation backward.
step37.parameter @w : tensor<24x8xf32> trained true decay true parts [#step37.part<"w", f32, [24, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
func.func @attention(%x: tensor<4x8xf32>, %head: tensor<8x8xf32>, %labels: tensor<4xi32>, %weights: tensor<4xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[TABLE:.*]] = step37.axial_rope_table
  %table = step37.axial_rope_table {frequencies = array<f64: 1.0>, grids = array<i64: 1, 2, 2>} : tensor<4x4xf32>
  %w = step37.read @w : tensor<24x8xf32>
  %packed = step37.matmul %x, %w {transpose_b} : (tensor<4x8xf32>, tensor<24x8xf32>) -> tensor<4x24xf32>
  // CHECK-NOT: step37.slice_columns
  // CHECK-DAG: %[[Q:.*]] = tensor.extract_slice %[[PACKED:.*]][0, 0] [4, 8] [1, 1]
  // CHECK-DAG: %[[K:.*]] = tensor.extract_slice %[[PACKED]][0, 8] [4, 8] [1, 1]
  // CHECK-DAG: %[[V:.*]] = tensor.extract_slice %[[PACKED]][0, 16] [4, 8] [1, 1]
  %q, %k, %v = step37.slice_columns %packed : (tensor<4x24xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  // CHECK: %[[TURNED:.*]] = step37.rotate_pairs %[[Q]], %[[TABLE]] {head_dim = 4 : i64} :
  %turned = step37.rotate_pairs %q, %table {head_dim = 4} : (tensor<4x8xf32>, tensor<4x4xf32>) -> tensor<4x8xf32>
  // CHECK: %[[OUT:.*]], %[[LSE:.*]] = step37.image_attention %[[TURNED]], %[[K]], %[[V]]
  %out, %lse = step37.image_attention %turned, %k, %v {grids = array<i64: 1, 2, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x2xf32>)
  // CHECK: %{{.*}}, %{{.*}}, %[[DOUT:.*]] = step37.lm_loss_grad
  %loss, %token_loss = step37.lm_loss %out, %head, %labels, %weights : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<4xi32>, tensor<4xf32>) -> (tensor<1xf32>, tensor<4xf32>)
  // CHECK-NEXT: %[[DTURNED:.*]], %[[DK:.*]], %[[DV:.*]] = step37.image_attention_grad %[[DOUT]], %[[TURNED]], %[[K]], %[[V]], %[[OUT]], %[[LSE]]
  // CHECK-NEXT: %[[DQ:.*]] = step37.rotate_pairs %[[DTURNED]], %[[TABLE]] {head_dim = 4 : i64, inverse}
  // CHECK-NEXT: %[[DPACKED:.*]] = tensor.concat dim(1) %[[DQ]], %[[DK]], %[[DV]]
  // CHECK-NEXT: step37.matmul %[[DPACKED]], %[[X]] {transpose_a}
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return %loss : tensor<1xf32>
}

// -----

// Features in the place of embedded tokens: each side gets the gradient of the rows it gave.
step37.parameter @text : tensor<6x8xf32> trained true decay true parts [#step37.part<"text", f32, [6, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @features : tensor<3x8xf32> trained true decay true parts [#step37.part<"features", f32, [3, 8], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-LABEL: func.func @insertion(
// CHECK-SAME: %[[INDEX:[^:]*]]: tensor<6xi32>, %[[INVERSE:[^:]*]]: tensor<3xi32>
func.func @insertion(%index: tensor<6xi32>, %inverse: tensor<3xi32>, %head: tensor<8x8xf32>, %labels: tensor<6xi32>, %weights: tensor<6xf32>, %scale: tensor<1xf32>, %beta: tensor<1xf32>) -> tensor<1xf32> {
  %text = step37.read @text : tensor<6x8xf32>
  %features = step37.read @features : tensor<3x8xf32>
  %x = step37.merge_rows %text, %features, %index, %inverse : (tensor<6x8xf32>, tensor<3x8xf32>, tensor<6xi32>, tensor<3xi32>) -> tensor<6x8xf32>
  // CHECK: %{{.*}}, %{{.*}}, %[[DX:.*]] = step37.lm_loss_grad
  %loss, %token_loss = step37.lm_loss %x, %head, %labels, %weights : (tensor<6x8xf32>, tensor<8x8xf32>, tensor<6xi32>, tensor<6xf32>) -> (tensor<1xf32>, tensor<6xf32>)
  // CHECK-NEXT: %[[DTEXT:.*]] = step37.merge_rows %[[DX]], %[[INDEX]], %[[INVERSE]] :
  // CHECK-NEXT: %[[DFEATURES:.*]] = step37.gather_rows %[[DX]], %[[INVERSE]], %[[INDEX]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.text, %[[DTEXT]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.features, %[[DFEATURES]]
  step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return %loss : tensor<1xf32>
}
