// What is not like its siblings, or is used in another way, cannot be packed.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-pack-projections

// Width.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<6x8xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 8], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// Element type.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<6x16xbf16> trained true decay true pack "p" parts [#step37.part<"b", bf16, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// Trained or not.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<6x16xf32> trained false decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// Weight decay.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<6x16xf32> trained true decay false pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// Rank.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<2x6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [2, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// Number of experts.
step37.parameter @a : tensor<4x6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'step37.parameter' op cannot be packed into 'p' with its siblings}}
step37.parameter @b : tensor<3x6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [3, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// A vector has no rows to join.
// expected-error @below {{'step37.parameter' op cannot be packed: it is neither a matrix nor a stack of them}}
step37.parameter @a : tensor<16xf32> trained true decay false pack "p" parts [#step37.part<"a", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]

// -----

// One sibling is not read.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
// expected-error @below {{'func.func' op reads only some of the siblings packed into 'p'}}
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  %a = step37.read @a : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  return
}

// -----

// Another input.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  // expected-error @below {{'step37.matmul' op is packed with siblings that have another input}}
  %xb = step37.matmul %y, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  return
}

// -----

// A use that is no product.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  // expected-error @below {{'step37.read' op has a use that packing does not know: step37.add}}
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %s = step37.add %a, %a : tensor<6x16xf32>
  %xb = step37.matmul %x, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  return
}

// -----

// One of them has a second product, as for a second window of rows.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  // expected-error @below {{'step37.read' op is packed with siblings that are used differently}}
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %xa2 = step37.matmul %y, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %xb = step37.matmul %x, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  return
}

// -----

// Only one goes backward.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  // expected-error @below {{'step37.read' op is packed with siblings that are used differently}}
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %xb = step37.matmul %x, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %dx = step37.matmul %d, %a : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

// The gradients of the input do not meet.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %xb = step37.matmul %x, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  // expected-error @below {{'step37.matmul' op is packed with siblings whose gradients do not meet in a sum}}
  %dxa = step37.matmul %d, %a : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  %dxb = step37.matmul %d, %b : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

// A gradient that is no product.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.a of @a : tensor<6x16xf32>
step37.state gradient @gradient.b of @b : tensor<6x16xf32>
func.func @f(%x: tensor<8x16xf32>, %w: tensor<6x16xf32>, %beta: tensor<1xf32>) {
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %xa = step37.matmul %x, %a {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  %xb = step37.matmul %x, %b {transpose_b} : (tensor<8x16xf32>, tensor<6x16xf32>) -> tensor<8x6xf32>
  // expected-error @below {{'step37.accumulate_gradient' op accumulates something else than a product}}
  step37.accumulate_gradient @gradient.a, %w, %beta : tensor<6x16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.b, %w, %beta : tensor<6x16xf32>, tensor<1xf32>
  return
}

// -----

// Nothing reads a gradient before it is packed; what does has lost it.
step37.parameter @a : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained true decay true pack "p" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.a of @a : tensor<6x16xf32>
step37.state gradient @gradient.b of @b : tensor<6x16xf32>
func.func @f(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %d: tensor<8x6xf32>, %beta: tensor<1xf32>) {
  // expected-error @below {{'step37.read' op violates C1: the symbol must be a parameter or state of the result's type}}
  %g = step37.read @gradient.a : tensor<6x16xf32>
  %s = step37.add %g, %g : tensor<6x16xf32>
  return
}
