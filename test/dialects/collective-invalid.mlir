// Every constraint of the operations of cut programs: one program that breaks it, named after operation
// and constraint.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

func.func @coordinate_c1() {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.coordinate {axes = []} : tensor<1xi32>
  return
}

// -----

func.func @coordinate_c1_twice() {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.coordinate {axes = ["tp", "tp"]} : tensor<1xi32>
  return
}

// -----

func.func @coordinate_c1_size() {
  // expected-error @below {{violates C1: the index is [1]}}
  %0 = step37.coordinate {axes = ["tp"]} : tensor<2xi32>
  return
}

// -----

func.func @all_gather_c1(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.all_gather %x {axes = ["tp", "tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<16x16xf32>
  return
}

// -----

func.func @all_gather_c1_ranks(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: a group has at least two ranks}}
  %0 = step37.all_gather %x {axes = ["tp"], ranks = 1 : i64} : (tensor<8x16xf32>) -> tensor<16x16xf32>
  return
}

// -----

func.func @reduce_scatter_c1(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.reduce_scatter %x {axes = ["tp", "tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @reduce_scatter_c1_ranks(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: a group has at least two ranks}}
  %0 = step37.reduce_scatter %x {axes = ["tp"], ranks = 1 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @all_reduce_c1(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.all_reduce %x {axes = ["tp", "tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @all_reduce_c1_ranks(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: a group has at least two ranks}}
  %0 = step37.all_reduce %x {axes = ["tp"], ranks = 1 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @all_to_all_c1(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.all_to_all %x {axes = ["tp", "tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @all_to_all_c1_ranks(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C1: a group has at least two ranks}}
  %0 = step37.all_to_all %x {axes = ["tp"], ranks = 1 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @all_gather_c2(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must differ in the first dimension only, by the number of ranks}}
  %0 = step37.all_gather %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<12x16xf32>
  return
}

// -----

func.func @all_gather_c2_columns(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must differ in the first dimension only, by the number of ranks}}
  %0 = step37.all_gather %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<16x32xf32>
  return
}

// -----

func.func @all_gather_c2_type(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must differ in the first dimension only, by the number of ranks}}
  %0 = step37.all_gather %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<16x16xbf16>
  return
}

// -----

func.func @reduce_scatter_c2(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must differ in the first dimension only, by the number of ranks}}
  %0 = step37.reduce_scatter %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @reduce_scatter_c3(%ids: tensor<8xi32>) {
  // expected-error @below {{violates C3: only floating-point numbers are added}}
  %0 = step37.reduce_scatter %ids {axes = ["tp"], ranks = 2 : i64} : (tensor<8xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @all_reduce_c2(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must have one type}}
  %0 = step37.all_reduce %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xbf16>
  return
}

// -----

func.func @all_reduce_c3(%ids: tensor<8xi32>) {
  // expected-error @below {{violates C3: only floating-point numbers are added}}
  %0 = step37.all_reduce %ids {axes = ["tp"], ranks = 2 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @all_to_all_c2(%x: tensor<8x16xf32>) {
  // expected-error @below {{violates C2: in and out must have one type, with a block of rows for each rank}}
  %0 = step37.all_to_all %x {axes = ["tp"], ranks = 3 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @localize_ids_c1(%ids: tensor<8xi32>, %c: tensor<1xi32>) {
  // expected-error @below {{violates C1: ids and local must have one type, coordinate be [1] and size positive}}
  %0 = step37.localize_ids %ids, %c {size = 0 : i64} : (tensor<8xi32>, tensor<1xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @localize_ids_c1_coordinate(%ids: tensor<8xi32>) {
  // expected-error @below {{violates C1: ids and local must have one type, coordinate be [1] and size positive}}
  %0 = step37.localize_ids %ids, %ids {size = 4 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @expert_window_c1(%o: tensor<5xi32>, %s: tensor<16xi32>) {
  // expected-error @below {{violates C1: results must have the operands' types, first not be negative, rows positive}}
  %0:2 = step37.expert_window %o, %s {first = -8 : i64, rows = 8 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
  return
}

// -----

func.func @expert_window_c1_rows(%o: tensor<5xi32>, %s: tensor<16xi32>) {
  // expected-error @below {{violates C1: results must have the operands' types}}
  %0:2 = step37.expert_window %o, %s {first = 0 : i64, rows = 0 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
  return
}

// -----

func.func @expert_window_c1_types(%o: tensor<5xi32>, %s: tensor<16xi32>) {
  // expected-error @below {{violates C1: results must have the operands' types}}
  %0:2 = step37.expert_window %o, %s {first = 0 : i64, rows = 8 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<8xi32>)
  return
}

// -----

func.func @lm_loss_stats_c1(%x: tensor<8x16xf32>, %w: tensor<32x8xf32>, %l: tensor<8xi32>, %c: tensor<1xi32>) {
  // expected-error @below {{violates C1: x is [tokens, width], w [vocab, width], lists are [tokens]}}
  %0 = step37.lm_loss_stats %x, %w, %l, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x8xf32>, tensor<8xi32>, tensor<1xi32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @lm_loss_stats_c1_stats(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %l: tensor<8xi32>, %c: tensor<1xi32>) {
  // expected-error @below {{violates C1: stats must be [tokens, 3] and total_vocab positive}}
  %0 = step37.lm_loss_stats %x, %w, %l, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<1xi32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @merge_loss_stats_c1(%s: tensor<15x3xf32>, %w: tensor<8xf32>) {
  // expected-error @below {{violates C1: weights, lse and token_loss must be [tokens], stats [ranks·tokens, 3]}}
  %0:2 = step37.merge_loss_stats %s, %w : (tensor<15x3xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @lm_loss_split_grad_c1(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %l: tensor<8xi32>, %p: tensor<8xf32>, %s: tensor<1xf32>, %c: tensor<1xi32>) {
  // expected-error @below {{violates C1: dx must be like x, dw like w, scale [1] and total_vocab positive}}
  %0:2 = step37.lm_loss_split_grad %x, %w, %l, %p, %p, %s, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xi32>) -> (tensor<8x16xf32>, tensor<16x16xf32>)
  return
}

// -----

func.func @lm_loss_split_grad_c1_head(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %l: tensor<7xi32>, %p: tensor<8xf32>, %s: tensor<1xf32>, %c: tensor<1xi32>) {
  // expected-error @below {{violates C1: x is [tokens, width], w [vocab, width], lists are [tokens]}}
  %0:2 = step37.lm_loss_split_grad %x, %w, %l, %p, %p, %s, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<7xi32>, tensor<8xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xi32>) -> (tensor<8x16xf32>, tensor<32x16xf32>)
  return
}

// -----

func.func @sum_elements_c1(%x: tensor<8xf32>) {
  // expected-error @below {{violates C1: the total is [1]}}
  %0 = step37.sum_elements %x : (tensor<8xf32>) -> tensor<2xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @reduce_gradient_c1() {
  // expected-error @below {{violates C1: the symbol must be a gradient}}
  step37.reduce_gradient @w {axes = ["dp"], ranks = 2 : i64}
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @reduce_gradient_c2() {
  // expected-error @below {{violates C2: there must be at least one axis, each once}}
  step37.reduce_gradient @gradient.w {axes = [], ranks = 2 : i64}
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @reduce_gradient_c2_ranks() {
  // expected-error @below {{violates C2: a group has at least two ranks}}
  step37.reduce_gradient @gradient.w {axes = ["dp"], ranks = 1 : i64}
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @scatter_gradient_c1() {
  // expected-error @below {{violates C1: the symbol must be a gradient of the part's element type, some of whose equal parts it is}}
  %0 = step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<64xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @scatter_gradient_c1_type() {
  // expected-error @below {{violates C1: the symbol must be a gradient of the part's element type, some of whose equal parts it is}}
  %0 = step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<128xbf16>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @scatter_gradient_c2() {
  // expected-error @below {{violates C2: there must be at least one axis, each once}}
  %0 = step37.scatter_gradient @gradient.w {axes = ["dp", "dp"], ranks = 2 : i64} : tensor<128xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @gradient_part_c1(%c: tensor<1xi32>) {
  // expected-error @below {{violates C1: the symbol must be a gradient of the part's element type, some of whose equal parts it is}}
  %0 = step37.gradient_part @gradient.w, %c : tensor<1xi32> -> tensor<100xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @gradient_part_c1_symbol(%c: tensor<1xi32>) {
  // expected-error @below {{violates C1: the symbol must be a gradient of the part's element type, some of whose equal parts it is}}
  %0 = step37.gradient_part @w, %c : tensor<1xi32> -> tensor<128xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @gather_parameter_c1(%p: tensor<64xf32>) {
  // expected-error @below {{violates C1: the symbol must be a parameter of `ranks` times the part's elements}}
  step37.gather_parameter @w, %p {axes = ["dp"], ranks = 2 : i64} : tensor<64xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @gather_parameter_c1_symbol(%p: tensor<128xf32>) {
  // expected-error @below {{violates C1: the symbol must be a parameter of `ranks` times the part's elements}}
  step37.gather_parameter @gradient.w, %p {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
func.func @gather_parameter_c2(%p: tensor<256xf32>) {
  // expected-error @below {{violates C2: a group has at least two ranks}}
  step37.gather_parameter @w, %p {axes = ["dp"], ranks = 1 : i64} : tensor<256xf32>
  return
}

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// A gradient is never a list of elements.
// expected-error @below {{violates C1: `of` must name a parameter of the same shape}}
step37.state gradient @gradient.w of @w : tensor<128xf32> partial ["dp"]

// -----

step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// Nor is a moment that is not split.
// expected-error @below {{violates C1: `of` must name a parameter of the same shape}}
step37.state optimizer "moment1" @moment1.w of @w : tensor<128xf32>
