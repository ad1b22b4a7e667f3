// One case for every numbered constraint of VisionOps.td; a function is called like the operation and
// the constraint that it breaks.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

func.func @patches_c1_size(%a: tensor<1x3x7x8xf32>) {
  // expected-error @below {{violates C1: there must be images, all of as many channels and of sides that are multiples of patch}}
  %0 = step37.patches %a {patch = 2} : (tensor<1x3x7x8xf32>) -> tensor<12x12xf32>
  return
}

// -----

func.func @patches_c1_channels(%a: tensor<1x3x8x8xf32>, %b: tensor<1x4x8x8xf32>) {
  // expected-error @below {{violates C1: there must be images}}
  %0 = step37.patches %a, %b {patch = 2} : (tensor<1x3x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<32x12xf32>
  return
}

// -----

func.func @patches_c1_none() {
  // expected-error @below {{violates C1: there must be images}}
  %0 = step37.patches {patch = 2} : () -> tensor<32x12xf32>
  return
}

// -----

func.func @patches_c2(%a: tensor<1x3x8x8xf32>) {
  // expected-error @below {{violates C2: out must be [tokens of all images, channels·patch²]}}
  %0 = step37.patches %a {class_token, patch = 2} : (tensor<1x3x8x8xf32>) -> tensor<16x12xf32>
  return
}

// -----

func.func @unfold_c1(%x: tensor<15x6xf32>) {
  // expected-error @below {{violates C1: x must have a row for every token of grids}}
  %0 = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<15x6xf32>) -> tensor<4x54xf32>
  return
}

// -----

func.func @unfold_c1_triples(%x: tensor<16x6xf32>) {
  // expected-error @below {{violates C1: x must have a row for every token of grids}}
  %0 = step37.unfold %x {grids = array<i64: 4, 4>} : (tensor<16x6xf32>) -> tensor<4x54xf32>
  return
}

// -----

func.func @unfold_c1_many(%x: tensor<16x6xf32>) {
  // expected-error @below {{violates C1: x must have a row for every token of grids}}
  %0 = step37.unfold %x {grids = array<i64: 4611686018427387904, 4, 4>} : (tensor<16x6xf32>) -> tensor<4x54xf32>
  return
}

// -----

func.func @unfold_c2(%x: tensor<16x6xf32>) {
  // expected-error @below {{violates C2: out must be [tokens of the halved grids, 9·channels]}}
  %0 = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<16x6xf32>) -> tensor<4x36xf32>
  return
}

// -----

func.func @fold_c1(%x: tensor<4x54xf32>) {
  // expected-error @below {{violates C1: out must have a row for every token of grids}}
  %0 = step37.fold %x {class_token, grids = array<i64: 1, 4, 4>} : (tensor<4x54xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @fold_c2(%x: tensor<5x54xf32>) {
  // expected-error @below {{violates C2: x must be [tokens of the halved grids, 9·channels]}}
  %0 = step37.fold %x {grids = array<i64: 1, 4, 4>} : (tensor<5x54xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @add_positions_c1(%x: tensor<17x6xf32>, %t: tensor<16x6xf32>) {
  // expected-error @below {{violates C1: x and out must have a row for every token of grids}}
  %0 = step37.add_positions %x, %t {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<17x6xf32>, tensor<16x6xf32>) -> tensor<17x6xf32>
  return
}

// -----

func.func @add_positions_c1_class(%x: tensor<20x6xf32>, %c: tensor<5xf32>) {
  // expected-error @below {{violates C1: x and out must have a row for every token of grids}}
  %0 = step37.add_positions %x, %c {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<20x6xf32>, tensor<5xf32>) -> tensor<20x6xf32>
  return
}

// -----

func.func @add_positions_c2(%x: tensor<18x6xf32>, %t: tensor<15x6xf32>) {
  // expected-error @below {{violates C2: the table must be [a square, plus 1 with a class embedding, width]}}
  %0 = step37.add_positions %x, %t {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<18x6xf32>, tensor<15x6xf32>) -> tensor<18x6xf32>
  return
}

// -----

func.func @add_positions_c2_class(%x: tensor<20x6xf32>, %t: tensor<16x6xf32>, %c: tensor<6xf32>) {
  // expected-error @below {{violates C2: the table must be}}
  %0 = step37.add_positions %x, %t, %c {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<20x6xf32>, tensor<16x6xf32>, tensor<6xf32>) -> tensor<20x6xf32>
  return
}

// -----

func.func @add_positions_c3(%x: tensor<18x6xf32>) {
  // expected-error @below {{violates C3: there must be a table or a class embedding}}
  %0 = step37.add_positions %x {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<18x6xf32>) -> tensor<18x6xf32>
  return
}

// -----

func.func @add_positions_grad_c1(%x: tensor<17x6xf32>) {
  // expected-error @below {{violates C1: dout must have a row for every token of grids}}
  %0 = step37.add_positions_grad %x {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 0>} : (tensor<17x6xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @add_positions_grad_c2(%x: tensor<18x6xf32>) {
  // expected-error @below {{violates C2: the table must be}}
  %0 = step37.add_positions_grad %x {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 0>} : (tensor<18x6xf32>) -> tensor<16x5xf32>
  return
}

// -----

func.func @add_positions_grad_c3(%x: tensor<18x6xf32>) {
  // expected-error @below {{violates C3: there must be a table or a class embedding}}
  step37.add_positions_grad %x {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 0, 0>} : (tensor<18x6xf32>) -> ()
  return
}

// -----

func.func @axial_rope_table_c1() {
  // expected-error @below {{violates C1: the table must be [tokens of grids, 4·frequencies]}}
  %0 = step37.axial_rope_table {frequencies = array<f64: 1.0, 0.01>, grids = array<i64: 2, 3, 3>} : tensor<18x4xf32>
  return
}

// -----

func.func @axial_rope_table_c1_tokens() {
  // expected-error @below {{violates C1: the table must be}}
  %0 = step37.axial_rope_table {class_token, frequencies = array<f64: 1.0>, grids = array<i64: 2, 3, 3>} : tensor<18x4xf32>
  return
}

// -----

func.func @rotate_pairs_c1(%x: tensor<18x16xf32>, %t: tensor<18x5xf32>) {
  // expected-error @below {{violates C1: x and out must be [rows, heads·head_dim] with an even head_dim}}
  %0 = step37.rotate_pairs %x, %t {head_dim = 5} : (tensor<18x16xf32>, tensor<18x5xf32>) -> tensor<18x16xf32>
  return
}

// -----

func.func @rotate_pairs_c2(%x: tensor<18x16xf32>, %t: tensor<18x4xf32>) {
  // expected-error @below {{violates C2: the table must be [rows of a batch, head_dim]}}
  %0 = step37.rotate_pairs %x, %t {head_dim = 8} : (tensor<18x16xf32>, tensor<18x4xf32>) -> tensor<18x16xf32>
  return
}

// -----

func.func @layer_norm_c1(%x: tensor<8x16xf32>, %w: tensor<16xf32>, %b: tensor<15xf32>) {
  // expected-error @below {{violates C1: y must be like x, weight and bias [cols], mean and inverse_deviation [rows]}}
  %y, %m, %d = step37.layer_norm %x, %w, %b {eps = 1.0e-5 : f64} : (tensor<8x16xf32>, tensor<16xf32>, tensor<15xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_c1_mean(%x: tensor<8x16xf32>, %w: tensor<16xf32>) {
  // expected-error @below {{violates C1: y must be like x}}
  %y, %m, %d = step37.layer_norm %x, %w, %w {eps = 1.0e-5 : f64} : (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<7xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1(%x: tensor<8x16xf32>, %w: tensor<16xf32>, %m: tensor<8xf32>) {
  // expected-error @below {{violates C1: dy, x, dx [rows, cols]}}
  %a, %b, %c = step37.layer_norm_grad %x, %x, %w, %m, %m : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>, tensor<15xf32>)
  return
}

// -----

func.func @add_bias_c1(%x: tensor<8x16xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{violates C1: out must be like x, and bias [cols] of its element type}}
  %0 = step37.add_bias %x, %b : (tensor<8x16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @scale_columns_c1(%x: tensor<8x16xf32>, %b: tensor<16xbf16>) {
  // expected-error @below {{violates C1: out must be like x, and scale [cols] of its element type}}
  %0 = step37.scale_columns %x, %b : (tensor<8x16xf32>, tensor<16xbf16>) -> tensor<8x16xf32>
  return
}

// -----

func.func @column_sums_c1(%x: tensor<8x16xf32>, %y: tensor<7x16xf32>) {
  // expected-error @below {{violates C1: b must be like a, and sums have an entry a column}}
  %0 = step37.column_sums %x, %y : (tensor<8x16xf32>, tensor<7x16xf32>) -> tensor<16xf32>
  return
}

// -----

func.func @column_sums_c1_sums(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: b must be like a}}
  %0 = step37.column_sums %x : (tensor<8x16xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @slice_columns_c1(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: the parts must have x's rows and element type, and its columns together}}
  %0:2 = step37.slice_columns %x : (tensor<8x16xf32>) -> (tensor<8x8xf32>, tensor<8x7xf32>)
  return
}

// -----

func.func @image_attention_c1(%q: tensor<18x16xf32>) {
  // expected-error @below {{violates C1: q, k, v and out must be [tokens of grids, heads·head_dim], lse [tokens, heads]}}
  %0:2 = step37.image_attention %q, %q, %q {grids = array<i64: 2, 3, 3>, head_dim = 5, scale = 0.5 : f64} : (tensor<18x16xf32>, tensor<18x16xf32>, tensor<18x16xf32>) -> (tensor<18x16xf32>, tensor<18x3xf32>)
  return
}

// -----

func.func @image_attention_c1_grids(%q: tensor<18x16xf32>) {
  // expected-error @below {{violates C1: q, k, v and out must be}}
  %0:2 = step37.image_attention %q, %q, %q {class_token, grids = array<i64: 2, 3, 3>, head_dim = 8, scale = 0.5 : f64} : (tensor<18x16xf32>, tensor<18x16xf32>, tensor<18x16xf32>) -> (tensor<18x16xf32>, tensor<18x2xf32>)
  return
}

// -----

func.func @image_attention_grad_c1(%q: tensor<9x16xf32>, %l: tensor<9x2xf32>) {
  // expected-error @below {{violates C1: q, k, v and out must be}}
  %0:3 = step37.image_attention_grad %q, %q, %q, %q, %q, %l {grids = array<i64: 1, 3, 3>, head_dim = 8, scale = 0.5 : f64} : (tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x2xf32>) -> (tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x8xf32>)
  return
}

// -----

func.func @merge_rows_c1(%x: tensor<8x16xf32>, %s: tensor<4x15xf32>, %i: tensor<8xi32>, %j: tensor<4xi32>) {
  // expected-error @below {{violates C1: out must be like x, and the source of its width and element type}}
  %0 = step37.merge_rows %x, %s, %i, %j : (tensor<8x16xf32>, tensor<4x15xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @merge_rows_c2(%x: tensor<8x16xf32>, %s: tensor<4x16xf32>, %i: tensor<8xi32>, %j: tensor<5xi32>) {
  // expected-error @below {{violates C2: index must have an entry a row of x, inverse one a row of the source}}
  %0 = step37.merge_rows %x, %s, %i, %j : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8xi32>, tensor<5xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @gather_rows_c1(%x: tensor<8x16xf32>, %i: tensor<4xi32>, %j: tensor<8xi32>) {
  // expected-error @below {{violates C1: out must have x's width and element type}}
  %0 = step37.gather_rows %x, %i, %j : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x15xf32>
  return
}

// -----

func.func @gather_rows_c2(%x: tensor<8x16xf32>, %i: tensor<4xi32>, %j: tensor<8xi32>) {
  // expected-error @below {{violates C2: index must be as long as out, inverse as x}}
  %0 = step37.gather_rows %x, %i, %j : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<5x16xf32>
  return
}

// -----

func.func @patches_c1_batches(%images: tensor<3x3x8x8xf32>) {
  // expected-error @below {{violates C1: there must be images, all of as many channels and of sides that are multiples of patch, and their number one of batches}}
  %0 = step37.patches %images {patch = 2, batches = 2} : (tensor<3x3x8x8xf32>) -> tensor<48x12xf32>
  return
}

// -----

func.func @unfold_c2_batches(%x: tensor<32x6xf32>) {
  // expected-error @below {{violates C2: out must be [tokens of the halved grids, 9·channels]}}
  %0 = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<32x6xf32>) -> tensor<4x54xf32>
  return
}

// -----

func.func @unfold_c1_half_a_batch(%x: tensor<24x6xf32>) {
  // expected-error @below {{violates C1: x must have a row for every token of grids}}
  %0 = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<24x6xf32>) -> tensor<4x54xf32>
  return
}

// -----

func.func @axial_rope_table_c1_batches() {
  // expected-error @below {{violates C1: the table must be [tokens of grids, 4·frequencies]}}
  %0 = step37.axial_rope_table {frequencies = array<f64: 1.0, 0.01>, grids = array<i64: 2, 3, 3>} : tensor<36x8xf32>
  return
}

// -----

func.func @rotate_pairs_c2_batches(%x: tensor<27x16xf32>, %t: tensor<18x8xf32>) {
  // expected-error @below {{violates C2: the table must be [rows of a batch, head_dim]}}
  %0 = step37.rotate_pairs %x, %t {head_dim = 8} : (tensor<27x16xf32>, tensor<18x8xf32>) -> tensor<27x16xf32>
  return
}

// -----

func.func @merge_rows_c3(%x: tensor<8x16xf32>, %source: tensor<3x16xf32>, %index: tensor<8xi32>, %inverse: tensor<3xi32>) {
  // expected-error @below {{violates C3: batches must divide the rows of x and of the source}}
  %0 = step37.merge_rows %x, %source, %index, %inverse {batches = 2} : (tensor<8x16xf32>, tensor<3x16xf32>, tensor<8xi32>, tensor<3xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @gather_rows_c3(%x: tensor<8x16xf32>, %index: tensor<4xi32>, %inverse: tensor<8xi32>) {
  // expected-error @below {{violates C3: batches must divide the rows of x and of out}}
  %0 = step37.gather_rows %x, %index, %inverse {batches = 0} : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x16xf32>
  return
}
