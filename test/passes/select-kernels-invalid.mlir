// What kernel selection asks of a program (P1 to P5), and operations that have no kernel.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-select-kernels=target=host

// expected-error @below {{violates P1 of kernel selection: a program is one block}}
func.func private @p1_declaration()

// -----

// expected-error @below {{violates P1 of kernel selection: argument 0 has no step37.class input or scalar}}
func.func @p1_class(%x: tensor<8xf32> {step37.name = "x"}) {
  return
}

// -----

// expected-error @below {{violates P1 of kernel selection: an argument or result has no step37.name}}
func.func @p1_name(%x: tensor<8xf32> {step37.class = "input"}) {
  return
}

// -----

// expected-error @below {{violates P1 of kernel selection: 'n' is no tensor}}
func.func @p1_type(%x: index {step37.name = "n", step37.class = "input"}) {
  return
}

// -----

// expected-error @below {{violates P1 of kernel selection: 'x' is no tensor}}
func.func @p1_sizes(%x: tensor<?xf32> {step37.name = "x", step37.class = "input"}) {
  return
}

// -----

func.func @p2_first(%x: tensor<8xf32> {step37.name = "x", step37.class = "input"}) {
  return
}
// expected-error @below {{violates P2 of kernel selection: 'x' already names another buffer}}
func.func @p2(%x: tensor<9xf32> {step37.name = "x", step37.class = "input"}) {
  return
}

// -----

step37.state activation @hidden : tensor<8xf32>
// expected-error @below {{violates P2 of kernel selection: 'hidden' already names another buffer}}
func.func @p2_symbol(%x: tensor<8xf32> {step37.name = "hidden", step37.class = "input"}) {
  return
}

// -----

func.func @p3_rows(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  // expected-error @below {{violates P3 of kernel selection: only lists, and whole columns of matrices, are sliced}}
  %0 = tensor.extract_slice %x[4, 0] [4, 6] [1, 1] : tensor<8x6xf32> to tensor<4x6xf32>
  return
}

// -----

func.func @p3_stride(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  // expected-error @below {{violates P3 of kernel selection: only lists, and whole columns of matrices, are sliced}}
  %0 = tensor.extract_slice %x[0, 0] [8, 3] [1, 2] : tensor<8x6xf32> to tensor<8x3xf32>
  return
}

// -----

func.func @p3_concat(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  %y = step37.add %x, %x : tensor<8x6xf32>
  // expected-error @below {{violates P3 of kernel selection: only lists, and columns of matrices, are joined}}
  %0 = tensor.concat dim(0) %y : (tensor<8x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

// expected-error @below {{violates P4 of kernel selection}}
func.func @p4_argument(%x: tensor<8xf32> {step37.name = "x", step37.class = "input"}) -> (tensor<8xf32> {step37.name = "y"}) {
  return %x : tensor<8xf32>
}

// -----

func.func @p4_two_places(%x: tensor<8xf32> {step37.name = "x", step37.class = "input"}) -> (tensor<8xf32> {step37.name = "y"}, tensor<8xf32> {step37.name = "z"}) {
  // expected-error @below {{violates P4 of kernel selection}}
  %0 = step37.add %x, %x : tensor<8xf32>
  return %0, %0 : tensor<8xf32>, tensor<8xf32>
}

// -----

step37.state activation @hidden : tensor<8xf32>
func.func @p4_read() -> (tensor<8xf32> {step37.name = "y"}) {
  // expected-error @below {{violates P4 of kernel selection}}
  %0 = step37.read @hidden : tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

step37.state activation @hidden : tensor<8xf32>
func.func @p5(%x: tensor<8xf32> {step37.name = "x", step37.class = "input"}) {
  // expected-error @below {{violates P5 of kernel selection: the program changes what it reads}}
  %0 = step37.read @hidden : tensor<8xf32>
  %1 = step37.add %0, %x : tensor<8xf32>
  step37.write @hidden, %1 : tensor<8xf32>
  return
}

// -----

// A kernel without a stride for an operand cannot take a column range of it.
func.func @column_range(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  %0 = tensor.extract_slice %x[0, 0] [8, 3] [1, 1] : tensor<8x6xf32> to tensor<8x3xf32>
  // expected-error @below {{'step37.add' op has no kernel for 'addend0' as a column range}}
  %1 = step37.add %0, %0 : tensor<8x3xf32>
  return
}

// -----

func.func @no_kernel(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  // expected-error @below {{'tensor.empty' op has no kernel}}
  %0 = tensor.empty() : tensor<8x6xf32>
  return
}

// -----

// A gradient of a weight that is used for something else than its accumulation.
func.func @not_accumulated(%ids: tensor<8xi32> {step37.name = "ids", step37.class = "input"}, %x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}) {
  // expected-error @below {{'step37.embedding_grad' op has a parameter gradient that is not accumulated at once}}
  %0 = step37.embedding_grad %ids, %x : (tensor<8xi32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

// Parts that no mesh has divided.
func.func @several_parts(%x: tensor<8x6xf32> {step37.name = "x", step37.class = "input"}, %chunk: tensor<1xi32> {step37.name = "chunk", step37.class = "scalar"}) -> (tensor<4x6xf32> {step37.name = "y"}) {
  // expected-error @below {{'step37.take_rows' op has no kernel for several parts}}
  %0 = step37.take_rows %x, %chunk {parts = 2 : i64} : (tensor<8x6xf32>, tensor<1xi32>) -> tensor<4x6xf32>
  return %0 : tensor<4x6xf32>
}

// -----

// Two gradients in one kernel, of which only one is the first of its state.
step37.parameter @w : tensor<4xf32> trained true decay false parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<4xf32>
func.func @two_betas(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %ids: tensor<8xi32> {step37.name = "ids", step37.class = "input"}, %n: tensor<4xf32> {step37.name = "n", step37.class = "input"}, %rn: tensor<8x8xf32> {step37.name = "rn", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) {
  %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
  // expected-error @below {{'step37.qk_norm_rope_grad' op has gradients of which one is added behind another use's}}
  %0:4 = step37.qk_norm_rope_grad %x, %x, %x, %x, %n, %n, %ids, %rn {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>, tensor<8x8xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>)
  step37.accumulate_gradient @gradient.w, %0#2, %beta : tensor<4xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.w, %0#3, %one : tensor<4xf32>, tensor<1xf32>
  return
}

// -----

func.func @weight_offset(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %w: tensor<16xf32> {step37.name = "w", step37.class = "input"}) -> (tensor<8x16xf32> {step37.name = "y"}) {
  // expected-error @below {{'step37.rms_norm' op has no kernel for another weight_offset than 1}}
  %y, %r = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 0.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return %y : tensor<8x16xf32>
}
