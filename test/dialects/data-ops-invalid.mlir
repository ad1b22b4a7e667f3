// Constraints of operations that make or place values; a function is called like the operation and
// the constraint that it breaks.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

func.func @join_columns_c1_one(%u: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: two or more parts must have the rows and element type of the whole, and together its columns}}
  %0 = step37.join_columns %u : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @join_columns_c1_columns(%u: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: two or more parts}}
  %0 = step37.join_columns %u, %u : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x31xf32>
  return
}

// -----

func.func @join_columns_c1_rows(%u: tensor<8x16xf32>, %v: tensor<9x16xf32>) {
  // expected-error @below {{violates C1: two or more parts}}
  %0 = step37.join_columns %u, %v : (tensor<8x16xf32>, tensor<9x16xf32>) -> tensor<8x32xf32>
  return
}

// -----

func.func @join_columns_c1_type(%u: tensor<8x16xf32>, %v: tensor<8x16xbf16>) {
  // expected-error @below {{violates C1: two or more parts}}
  %0 = step37.join_columns %u, %v : (tensor<8x16xf32>, tensor<8x16xbf16>) -> tensor<8x32xf32>
  return
}

// -----

func.func @split_columns_c1(%uv: tensor<8x32xf32>) {
  // expected-error @below {{violates C1: two or more parts}}
  %0:2 = step37.split_columns %uv : (tensor<8x32xf32>) -> (tensor<8x16xf32>, tensor<8x15xf32>)
  return
}

// -----

func.func @qk_norm_rope_grad_c1_one_weight(%x: tensor<8x16xf32>, %ids: tensor<8xi32>, %n: tensor<4xf32>, %rn: tensor<8x8xf32>) {
  // expected-error @below {{violates C1: gradients must be like q, k and the weights, both of them or none}}
  %0:3 = step37.qk_norm_rope_grad %x, %x, %x, %x, %n, %n, %ids, %rn {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 1, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>, tensor<8x8xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>)
  return
}

// -----

func.func @rms_norm_grad_c1_dweight(%x: tensor<8x16xf32>, %weight: tensor<16xf32>, %r: tensor<8xf32>) {
  // expected-error @below {{violates C1: dy, x, dx, residuals [rows, cols], weight, dweight [cols]}}
  %0:2 = step37.rms_norm_grad %x, %x, %weight, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<15xf32>)
  return
}
