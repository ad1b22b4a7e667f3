// One case for every numbered constraint of the step37 dialect; a function is called like the
// operation and the constraint that it breaks.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

// expected-error @below {{violates C1: part w must lie inside the parameter}}
step37.parameter @parameter_c1_outside : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f32, [4, 4], blocks = 1, begin = 4, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C1: the parts must cover the parameter}}
step37.parameter @parameter_c1_uncovered : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f32, [2, 4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// A stride that overflows when it is multiplied.
// expected-error @below {{violates C1: part w must lie inside the parameter}}
step37.parameter @parameter_c1_overflow : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f32, [4, 4], blocks = 4, begin = 0, stride = 6148914691236517205, init_std = 0.0 : f64>]

// -----

// Sizes whose product is that of the parameter, and yet no shape.
// expected-error @below {{violates C1: part w must lie inside the parameter}}
step37.parameter @parameter_c1_negative : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f32, [-4, -4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C2: blocks must divide the elements of part w}}
step37.parameter @parameter_c2 : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f32, [4, 4], blocks = 3, begin = 0, stride = 8, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C3: part w must be published in f32 or bf16}}
step37.parameter @parameter_c3 : tensor<4x4xf32> trained true decay true parts [#step37.part<"w", f64, [4, 4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C1: `of` belongs to every role but activation}}
step37.state gradient @state_c1_without : tensor<4xf32>

// -----

// expected-error @below {{violates C1: `of` must name a parameter of the same shape}}
step37.state gradient @state_c1_shape of @w : tensor<5xf32>
step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C2: an optimizer's state is f32}}
step37.state optimizer "moment1" @state_c2 of @w : tensor<4xbf16>
step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

// expected-error @below {{violates C3: `slot` belongs to the role optimizer alone}}
step37.state optimizer @state_c3 of @w : tensor<4xf32>
step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// -----

step37.carried @w : tensor<4xf32>
func.func @read_c1() {
  // expected-error @below {{violates C1: the symbol must be a parameter or state of the result's type}}
  %0 = step37.read @w : tensor<4xf32>
  return
}

// -----

step37.state activation @x : tensor<4xf32>
func.func @read_c1_type() {
  // expected-error @below {{violates C1: the symbol must be a parameter or state of the result's type}}
  %0 = step37.read @x : tensor<4xbf16>
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
func.func @write_c1(%x: tensor<4xf32>) {
  // expected-error @below {{violates C1: the symbol must be a state of the value's type}}
  step37.write @w, %x : tensor<4xf32>
  return
}

// -----

step37.state activation @x : tensor<4xf32>
func.func @accumulate_gradient_c1(%x: tensor<4xf32>, %beta: tensor<1xf32>) {
  // expected-error @below {{violates C1: the symbol must be a gradient of the value's shape}}
  step37.accumulate_gradient @x, %x, %beta : tensor<4xf32>, tensor<1xf32>
  return
}

// -----

func.func @embedding_c1(%ids: tensor<8xi32>, %table: tensor<32x16xf32>) {
  // expected-error @below {{violates C1: out must be [tokens, width] of the table's type}}
  %0 = step37.embedding %ids, %table : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xbf16>
  return
}

// -----

func.func @embedding_grad_c1(%ids: tensor<8xi32>, %x: tensor<7x16xf32>) {
  // expected-error @below {{violates C1: dtable must have dout's width}}
  %0 = step37.embedding_grad %ids, %x : (tensor<8xi32>, tensor<7x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<8x16xf32>, %w: tensor<16xbf16>) {
  // expected-error @below {{violates C1: addends and y}}
  %0:2 = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xbf16>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_c1_none(%w: tensor<16xf32>) {
  // expected-error @below {{violates C1: addends and y}}
  %0:2 = step37.rms_norm %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_c2(%x: tensor<8x16xf32>, %w: tensor<16xf32>) {
  // expected-error @below {{violates C2: `sum` belongs to more than one addend}}
  %0:2 = step37.rms_norm %x, %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_grad_c1(%x: tensor<8x16xf32>, %w: tensor<16xbf16>, %r: tensor<8xf32>) {
  // expected-error @below {{violates C1: dy, x, dx, residuals [rows, cols]}}
  %0:2 = step37.rms_norm_grad %x, %x, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xbf16>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  return
}

// -----

func.func @add_c1() {
  // expected-error @below {{expected 1 or more operands, but found 0}}
  %0 = "step37.add"() : () -> tensor<8xf32>
  return
}

// -----

func.func @matmul_c1(%a: tensor<8x16xf32>, %b: tensor<32x16xf32>) {
  // expected-error @below {{violates C1: op(a) [m, k] times op(b) [k, n] must give c [m, n]}}
  %0 = step37.matmul %a, %b : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xf32>
  return
}

// -----

func.func @rope_table_c1() {
  // expected-error @below {{violates C1: the table must have a cosine and a sine for every frequency}}
  %0 = step37.rope_table {frequencies = array<f64: 1.0, 0.01>} : tensor<4x2xf32>
  return
}

// -----

func.func @qk_norm_rope_c1(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>, %start: tensor<8xi32>) {
  // Four heads do not share three groups.
  // expected-error @below {{violates C1: q and k must be}}
  %0:2 = step37.qk_norm_rope %q, %k, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x12xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x12xf32>)
  return
}

// -----

func.func @qk_norm_rope_c1_results(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C1: results must be like q and k}}
  %0:2 = step37.qk_norm_rope %q, %k, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  return
}

// -----

func.func @qk_norm_rope_c2(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %w: tensor<4xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C2: q_weight, k_weight [head_dim] and inverse_rms}}
  %0:2 = step37.qk_norm_rope %q, %k, %w, %w, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_c2_type(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %w: tensor<4xbf16>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C2: q_weight, k_weight [head_dim] and inverse_rms}}
  %0:3 = step37.qk_norm_rope %q, %k, %w, %w, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xbf16>, tensor<4xbf16>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x6xf32>)
  return
}

// -----

func.func @qk_norm_rope_c3(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %table: tensor<4x6xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C3: the table must be [seq_len, rotary_dim]}}
  %0:2 = step37.qk_norm_rope %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4x6xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_c4(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C4: seq_len must divide the tokens}}
  %0:2 = step37.qk_norm_rope %q, %k, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 1>, seq_len = 3 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_c4_start(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<4xi32>) {
  // expected-error @below {{violates C4: seq_len must divide the tokens and document_start have one entry a token}}
  %0:2 = step37.qk_norm_rope %q, %k, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_grad_c1(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %w: tensor<4xf32>, %start: tensor<8xi32>, %r: tensor<8x6xf32>) {
  // expected-error @below {{violates C1: gradients must be like q, k and the weights}}
  %0:4 = step37.qk_norm_rope_grad %q, %k, %q, %k, %w, %w, %start, %r {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 1, 1>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>, tensor<8x6xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4xf32>, tensor<8xf32>)
  return
}

// -----

func.func @qk_norm_rope_grad_c2(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>, %r: tensor<8x6xf32>) {
  // expected-error @below {{violates C2: q_weight, k_weight [head_dim] and inverse_rms}}
  %0:2 = step37.qk_norm_rope_grad %q, %k, %q, %k, %start, %r {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x6xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_grad_c3(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %table: tensor<8x4xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C3: the table must be [seq_len, rotary_dim]}}
  %0:2 = step37.qk_norm_rope_grad %q, %k, %q, %k, %table, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 1, 1, 0>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @qk_norm_rope_grad_c4(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C4: seq_len must divide the tokens}}
  %0:2 = step37.qk_norm_rope_grad %q, %k, %q, %k, %start {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 0 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_c1(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C1: v must be like k and out like q}}
  %0:2 = step37.attention %q, %k, %q, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_c1_head_dim(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C1: q and k must be}}
  %0:2 = step37.attention %q, %k, %k, %start {head_dim = 0 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_c2(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %gate: tensor<8x2xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C2: gate, of q's element type, and lse must be [tokens, heads]}}
  %0:2 = step37.attention %q, %k, %k, %gate, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x2xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_c2_type(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %gate: tensor<8x4xbf16>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C2: gate, of q's element type, and lse must be [tokens, heads]}}
  %0:2 = step37.attention %q, %k, %k, %gate, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xbf16>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_c3(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C3: window must not be negative}}
  %0:2 = step37.attention %q, %k, %k, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = -1 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_c3_rows(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C3: seq_len must divide the tokens}}
  %0:2 = step37.attention %q, %k, %k, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 5 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_grad_c1(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %gate: tensor<8x4xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C1: gradients must be like their operands}}
  %0:3 = step37.attention_grad %q, %q, %k, %k, %gate, %start, %q, %gate {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_c2(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %lse: tensor<8x2xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C2: gate, of q's element type, and lse must be [tokens, heads]}}
  %0:3 = step37.attention_grad %q, %q, %k, %k, %start, %q, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x2xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_c3(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %lse: tensor<8x4xf32>, %start: tensor<8xi32>) {
  // expected-error @below {{violates C3: window must not be negative}}
  %0:3 = step37.attention_grad %q, %q, %k, %k, %start, %q, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = -2 : i64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @swiglu_c1(%x: tensor<8x6xf32>) {
  // expected-error @below {{violates C1: limit must not be negative}}
  %0 = step37.swiglu %x, %x clamp after_silu {limit = -1.0 : f64} : tensor<8x6xf32>
  return
}

// -----

func.func @swiglu_grad_c1(%x: tensor<8x6xf32>, %y: tensor<8x6xbf16>) {
  // expected-error @below {{violates C1: limit must not be negative and operands and results must have one type}}
  %0:2 = step37.swiglu_grad %y, %x, %x clamp after_silu {limit = 1.0 : f64} : (tensor<8x6xbf16>, tensor<8x6xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
  return
}

// -----

func.func @route_c1(%logits: tensor<8x4xf32>, %bias: tensor<5xf32>) {
  // expected-error @below {{violates C1: logits [tokens, experts], bias [experts]}}
  %0:3 = step37.route %logits, %bias {scale = 1.0 : f64} : (tensor<8x4xf32>, tensor<5xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
  return
}

// -----

func.func @route_c2(%logits: tensor<8x4xf32>) {
  // expected-error @below {{violates C2: top_k must be between 1 and the number of experts}}
  %0:3 = step37.route %logits {scale = 1.0 : f64} : (tensor<8x4xf32>) -> (tensor<8x5xf32>, tensor<8x5xi32>, tensor<8x5xf32>)
  return
}

// -----

func.func @route_grad_c1(%logits: tensor<8x4xf32>, %w: tensor<8x2xf32>, %chosen: tensor<8x3xi32>) {
  // expected-error @below {{violates C1: dlogits must be like logits, dweights and scores like chosen}}
  %0 = step37.route_grad %w, %logits, %chosen, %w {scale = 1.0 : f64} : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x3xi32>, tensor<8x2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @sort_by_expert_c1(%chosen: tensor<8x2xi32>) {
  // expected-error @below {{violates C1: slot_row must be [tokens·top_k], row_slot at most as long, offsets [experts+1]}}
  %0:3 = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<8xi32>)
  return
}

// -----

func.func @sort_by_expert_c1_rows(%chosen: tensor<8x2xi32>) {
  // expected-error @below {{violates C1: slot_row must be [tokens·top_k], row_slot at most as long}}
  %0:3 = step37.sort_by_expert %chosen : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<17xi32>, tensor<16xi32>)
  return
}

// -----

func.func @dispatch_c1(%x: tensor<8x16xf32>, %slots: tensor<16xi32>) {
  // expected-error @below {{violates C1: rows and row_slot must have one length, at most that of slot_row}}
  %0 = step37.dispatch %x, %slots, %slots : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x8xf32>
  return
}

// -----

func.func @combine_c1(%rows: tensor<16x16xf32>, %slots: tensor<15xi32>) {
  // expected-error @below {{violates C1: rows and row_slot must have one length, at most that of slot_row}}
  %0 = step37.combine %rows, %slots, %slots : (tensor<16x16xf32>, tensor<15xi32>, tensor<15xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @combine_c1_weights(%rows: tensor<16x16xf32>, %slots: tensor<16xi32>, %weights: tensor<4x4xf32>) {
  // expected-error @below {{violates C1: weights must be [tokens, top_k]}}
  %0 = step37.combine %rows, %slots, %slots, %weights : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<4x4xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @combine_grad_c1(%x: tensor<8x16xf32>, %rows: tensor<16x16xf32>, %slots: tensor<16xi32>, %weights: tensor<4x4xf32>) {
  // expected-error @below {{violates C1: drows must be like rows, dweights like weights [tokens, top_k]}}
  %0:2 = step37.combine_grad %x, %rows, %slots, %slots, %weights : (tensor<8x16xf32>, tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<4x4xf32>) -> (tensor<16x16xf32>, tensor<4x4xf32>)
  return
}

// -----

func.func @grouped_matmul_c1(%x: tensor<16x16xf32>, %w: tensor<4x6x16xf32>, %offsets: tensor<4xi32>) {
  // expected-error @below {{violates C1: x [rows, k], w [experts, n, k]}}
  %0 = step37.grouped_matmul %x, %w, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<4xi32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @grouped_matmul_grad_c1(%a: tensor<16x6xf32>, %b: tensor<16x16xbf16>, %offsets: tensor<5xi32>) {
  // expected-error @below {{violates C1: a [rows, m], b [rows, n], offsets [experts+1] give dw}}
  %0 = step37.grouped_matmul_grad %a, %b, %offsets : (tensor<16x6xf32>, tensor<16x16xbf16>, tensor<5xi32>) -> tensor<4x6x16xf32>
  return
}

// -----

func.func @grouped_swiglu_c1(%x: tensor<16x16xf32>, %w: tensor<4x6x16xf32>, %offsets: tensor<5xi32>) {
  // expected-error @below {{violates C1: x [rows, k], w [experts, 2·n, k], offsets [experts+1], gate_up [rows, 2·n], out [rows, n]}}
  %0:2 = step37.grouped_swiglu %x, %w, %offsets clamp after_silu {limit = 1.0 : f64} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x6xf32>)
  return
}

// -----

func.func @grouped_swiglu_c2(%x: tensor<16x16xf32>, %w: tensor<4x6x16xf32>, %offsets: tensor<5xi32>) {
  // expected-error @below {{violates C2: limit must not be negative}}
  %0:2 = step37.grouped_swiglu %x, %w, %offsets clamp after_silu {limit = -1.0 : f64} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> (tensor<16x6xf32>, tensor<16x3xf32>)
  return
}

// -----

func.func @shift_labels_c1(%ids: tensor<8xi32>, %mask: tensor<8xf32>) {
  // expected-error @below {{violates C1: operands and results must be [tokens], seq_len divide tokens, and `by` be positive}}
  %0:2 = step37.shift_labels %ids, %mask, %ids {by = -1 : i64, seq_len = 4 : i64} : (tensor<8xi32>, tensor<8xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xf32>)
  return
}

// -----

func.func @lm_loss_c1(%x: tensor<8x16xf32>, %w: tensor<32x15xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>) {
  // expected-error @below {{violates C1: x [tokens, width], w [vocab, width]}}
  %0:2 = step37.lm_loss %x, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x15xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  return
}

// -----

func.func @lm_loss_grad_c1(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>) {
  // expected-error @below {{violates C1: dx must be like x, dw like w, and scale [1]}}
  %0:4 = step37.lm_loss_grad %x, %w, %labels, %weights, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xf32>)
  return
}

// -----

func.func @objective_c1(%loss: tensor<1xf32>) {
  // expected-error @below {{violates C1: there must be as many scales as losses}}
  step37.objective %loss, %loss scaled_by %loss beta %loss : (tensor<1xf32>, tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
  return
}

// -----

func.func @objective_c1_size(%loss: tensor<1xf32>, %scale: tensor<2xf32>) {
  // expected-error @below {{all of them and beta [1]}}
  step37.objective %loss scaled_by %scale beta %loss : (tensor<1xf32>), (tensor<2xf32>), tensor<1xf32>
  return
}

// -----

func.func @take_rows_c1(%x: tensor<8x16xf32>, %chunk: tensor<1xi32>) {
  // expected-error @below {{violates C1: out must be rows of x, and chunk [1]}}
  %0 = step37.take_rows %x, %chunk : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<9x16xf32>
  return
}

// -----

func.func @take_rows_c1_rank(%x: tensor<8x16xf32>, %chunk: tensor<1xi32>) {
  // expected-error @below {{violates C1: out must be rows of x, and chunk [1]}}
  %0 = step37.take_rows %x, %chunk : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @take_rows_c2(%x: tensor<8x16xf32>, %chunk: tensor<1xi32>) {
  // expected-error @below {{violates C2}}
  %0 = step37.take_rows %x, %chunk {parts = 3 : i64} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<6x16xf32>
  return
}

// -----

func.func @sum_of_squares_c1(%x: tensor<300x300xf32>) {
  // expected-error @below {{violates C1: partial must have one entry a block}}
  %0 = step37.sum_of_squares %x : (tensor<300x300xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @global_norm_c1(%max_norm: tensor<1xf32>) {
  // expected-error @below {{violates C1: there must be a partial}}
  %0:2 = step37.global_norm %max_norm : (tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained false decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
func.func @adamw_c1(%dw: tensor<4xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C1: the symbols must be a trained parameter and its states}}
  step37.adamw @w gradient %dw moments @m, @v learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
func.func @adamw_c1_roles(%dw: tensor<4xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C1: the symbols must be a trained parameter and its states}}
  step37.adamw @w gradient %dw moments @v, @m learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xbf16> trained true decay true parts [#step37.part<"w", bf16, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
func.func @adamw_c2(%dw: tensor<4xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C2: a master belongs to a parameter that is not f32 or updated in parts}}
  step37.adamw @w gradient %dw moments @m, @v learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xbf16> trained true decay true parts [#step37.part<"w", bf16, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
step37.state optimizer "momentum" @master of @w : tensor<4xf32>
func.func @adamw_c1_master(%dw: tensor<4xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C1: the symbols must be a trained parameter and its states}}
  step37.adamw @w gradient %dw moments @m, @v master @master learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
step37.state optimizer "master" @master of @w : tensor<4xf32>
func.func @adamw_c2_own(%dw: tensor<4xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C2: a master belongs to a parameter that is not f32 or updated in parts}}
  step37.adamw @w gradient %dw moments @m, @v master @master learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
func.func @adamw_c3(%dw: tensor<4xf32>, %hyper: tensor<2xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C3: hyperparameters and clip must have one element}}
  step37.adamw @w gradient %dw moments @m, @v learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<4xf32>
step37.state optimizer "moment2" @v of @w : tensor<4xf32>
func.func @adamw_c1_elements(%dw: tensor<2xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C1: states and gradient must have the elements that are updated}}
  step37.adamw @w gradient %dw moments @m, @v learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return
}

// -----

step37.parameter @w : tensor<4xf32> trained true decay true parts [#step37.part<"w", f32, [4], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state optimizer "moment1" @m of @w : tensor<2xf32> partial ["dp"]
step37.state optimizer "moment2" @v of @w : tensor<2xf32> partial ["dp"]
func.func @adamw_c2_part(%dw: tensor<2xf32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // expected-error @below {{violates C2: a master belongs to a parameter that is not f32 or updated in parts}}
  %part = step37.adamw @w gradient %dw moments @m, @v learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
  return
}

// -----

// Shapes that are valid tensors, and nothing that the passes could divide or plan.
func.func @dynamic(%a: tensor<?x16xf32>) {
  // expected-error @below {{operand #0 must be variadic of tensor of static sizes}}
  %0 = step37.add %a, %a : tensor<?x16xf32>
  return
}

// -----

func.func @empty(%a: tensor<0x16xf32>) {
  // expected-error @below {{operand #0 must be variadic of tensor of static sizes}}
  %0 = step37.add %a, %a : tensor<0x16xf32>
  return
}

// -----

func.func @huge(%a: tensor<4294967296x4294967296xf32>) {
  // expected-error @below {{operand #0 must be variadic of tensor of static sizes}}
  %0 = step37.add %a, %a : tensor<4294967296x4294967296xf32>
  return
}

// -----

// expected-error @below {{attribute 'type' failed to satisfy constraint: type attribute of tensor of static sizes}}
step37.state activation @dynamic_state : tensor<?xf32>

// -----

func.func @fill_c1() {
  // expected-error @below {{violates C1: the value must be finite}}
  %x = step37.fill {value = 0x7FF0000000000000 : f64} : tensor<1xf32>
  return
}
