// A layer of experts and its gradient: experts on all or some ranks, their columns split, tokens split or
// not, and rows in one or several windows, of which the mean fills only some.
// RUN: step37-shard-check %s --axes tp=2 --dims expert=tp | FileCheck %s --check-prefix=TP
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp,expert=dp | FileCheck %s --check-prefix=DP
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=tp | FileCheck %s --check-prefix=WITHIN
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp | FileCheck %s --check-prefix=ALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --expert-rows 1 | FileCheck %s --check-prefix=ALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --expert-rows 0.5 | FileCheck %s --check-prefix=ALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp,expert_ffn=tp | FileCheck %s --check-prefix=ETP
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp,expert_ffn=tp --expert-rows 0.5 | FileCheck %s --check-prefix=ETP
// RUN: step37-shard-check %s --axes tp=2 --dims expert_ffn=tp | FileCheck %s --check-prefix=COLUMNS
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --token-axes dp,tp | FileCheck %s --check-prefix=SEQUENCE

// The same with rows that go to the ranks of their experts, for which a pass puts there
// step37.place_rows and step37.send_rows and step37.return_rows with them: tokens are not gathered.
// RUN: step37-shard-check %s --axes tp=2 --dims expert=tp --exchange-experts | FileCheck %s --check-prefix=EXTP
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp,expert=dp --exchange-experts | FileCheck %s --check-prefix=EXDP
// RUN: step37-shard-check %s --axes dp=2 --dims token=dp,expert=dp --exchange-experts --expert-rows 0.25 | FileCheck %s --check-prefix=EXDP
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=tp --exchange-experts | FileCheck %s --check-prefix=EXWITHIN
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --exchange-experts | FileCheck %s --check-prefix=EXALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --exchange-experts --expert-rows 1 | FileCheck %s --check-prefix=EXALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --exchange-experts --expert-rows 0.5 | FileCheck %s --check-prefix=EXALL
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp,expert_ffn=tp --exchange-experts | FileCheck %s --check-prefix=EXETP
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp,expert_ffn=tp --exchange-experts --expert-rows 0.5 | FileCheck %s --check-prefix=EXETP
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp,expert=dp+tp --token-axes dp,tp --exchange-experts | FileCheck %s --check-prefix=EXSEQUENCE

// TP: all_reduce tp tensor<16x16xf32>
// TP: gradient of up: [tp][][] partial []
// DP: all_gather dp tensor<8x2xi32>
// DP: reduce_scatter dp tensor<16x16xf32>
// DP: out: [dp][]
// DP: gradient of up: [dp][][] partial []
// WITHIN-NOT: gather
// WITHIN: gradient of up: [tp][][] partial [dp]
// ALL: all_gather dp tensor<8x2xi32>
// ALL: gradient of down: [dp+tp][][] partial []
// ETP: gradient of up: [dp][tp][] partial []
// ETP: gradient of down: [dp][][tp] partial []
// COLUMNS: gradient of up: [][tp][] partial []
// SEQUENCE: reduce_scatter dp+tp tensor<16x16xf32>
// SEQUENCE: out: [dp+tp][]
// EXTP: all_gather tp tensor<5xi32>
// EXTP: counted_send tp tensor<16x16xf32>
// EXTP: counted_return tp tensor<{{.*}}x16xf32>
// EXTP: gradient of up: [tp][][] partial []
// EXDP-NOT: all_gather dp tensor<{{.*}}x16xf32>
// EXDP: counted_send dp tensor<16x16xf32>
// EXDP-NOT: reduce
// EXDP: out: [dp][]
// EXDP: gradient of up: [dp][][] partial []
// EXWITHIN: counted_send tp tensor<8x16xf32>
// EXWITHIN: gradient of up: [tp][][] partial [dp]
// EXALL: all_gather dp+tp tensor<5xi32>
// EXALL: counted_send dp+tp tensor<8x16xf32>
// EXALL: out: [dp+tp][]
// EXALL: gradient of down: [dp+tp][][] partial []
// EXETP: counted_send dp tensor<16x16xf32>
// EXETP: gradient of up: [dp][tp][] partial []
// EXETP: gradient of down: [dp][][tp] partial []
// EXSEQUENCE: counted_send dp+tp tensor<8x16xf32>
// EXSEQUENCE-NOT: reduce
// EXSEQUENCE: out: [dp+tp][]
step37.parameter @up : tensor<4x6x16xf32> trained true decay true dims ["expert", "expert_ffn", ""] parts [#step37.part<"up", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @gate : tensor<4x6x16xf32> trained true decay true dims ["expert", "expert_ffn", ""] parts [#step37.part<"gate", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @down : tensor<4x16x6xf32> trained true decay true dims ["expert", "", "expert_ffn"] parts [#step37.part<"down", f32, [4, 16, 6], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.up of @up : tensor<4x6x16xf32>
step37.state gradient @gradient.gate of @gate : tensor<4x6x16xf32>
step37.state gradient @gradient.down of @down : tensor<4x16x6xf32>
func.func @experts(%x: tensor<16x16xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %logits: tensor<16x4xf32> {step37.name = "logits", step37.class = "input", step37.dims = ["token", ""]}, %dy: tensor<16x16xf32> {step37.name = "dy", step37.class = "input", step37.dims = ["token", ""]}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar", check.values = dense<0.0> : tensor<1xf32>}) -> (tensor<16x16xf32> {step37.name = "out"}, tensor<16x16xf32> {step37.name = "dx"}, tensor<16x4xf32> {step37.name = "dlogits"}) {
  %weights, %chosen, %scores = step37.route %logits {normalize, scale = 3.0 : f64} : (tensor<16x4xf32>) -> (tensor<16x2xf32>, tensor<16x2xi32>, tensor<16x2xf32>)
  %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen : (tensor<16x2xi32>) -> (tensor<5xi32>, tensor<32xi32>, tensor<32xi32>)
  %rows = step37.dispatch %x, %row_slot, %slot_row : (tensor<16x16xf32>, tensor<32xi32>, tensor<32xi32>) -> tensor<32x16xf32>
  %up = step37.read @up : tensor<4x6x16xf32>
  %u = step37.grouped_matmul %rows, %up, %offsets {transpose_b} : (tensor<32x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<32x6xf32>
  %gate = step37.read @gate : tensor<4x6x16xf32>
  %g = step37.grouped_matmul %rows, %gate, %offsets {transpose_b} : (tensor<32x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<32x6xf32>
  %h = step37.swiglu %g, %u clamp after_silu {limit = 7.0 : f64} : tensor<32x6xf32>
  %down = step37.read @down : tensor<4x16x6xf32>
  %d = step37.grouped_matmul %h, %down, %offsets {transpose_b} : (tensor<32x6xf32>, tensor<4x16x6xf32>, tensor<5xi32>) -> tensor<32x16xf32>
  %y = step37.combine %d, %row_slot, %slot_row, %weights : (tensor<32x16xf32>, tensor<32xi32>, tensor<32xi32>, tensor<16x2xf32>) -> tensor<16x16xf32>
  %dd, %dweights = step37.combine_grad %dy, %d, %row_slot, %slot_row, %weights : (tensor<16x16xf32>, tensor<32x16xf32>, tensor<32xi32>, tensor<32xi32>, tensor<16x2xf32>) -> (tensor<32x16xf32>, tensor<16x2xf32>)
  %dlogits = step37.route_grad %dweights, %logits, %chosen, %scores {normalize, scale = 3.0 : f64} : (tensor<16x2xf32>, tensor<16x4xf32>, tensor<16x2xi32>, tensor<16x2xf32>) -> tensor<16x4xf32>
  %ddown = step37.grouped_matmul_grad %dd, %h, %offsets : (tensor<32x16xf32>, tensor<32x6xf32>, tensor<5xi32>) -> tensor<4x16x6xf32>
  step37.accumulate_gradient @gradient.down, %ddown, %beta : tensor<4x16x6xf32>, tensor<1xf32>
  %dh = step37.grouped_matmul %dd, %down, %offsets : (tensor<32x16xf32>, tensor<4x16x6xf32>, tensor<5xi32>) -> tensor<32x6xf32>
  %dg, %du = step37.swiglu_grad %dh, %g, %u clamp after_silu {limit = 7.0 : f64} : (tensor<32x6xf32>, tensor<32x6xf32>, tensor<32x6xf32>) -> (tensor<32x6xf32>, tensor<32x6xf32>)
  %dup = step37.grouped_matmul_grad %du, %rows, %offsets : (tensor<32x6xf32>, tensor<32x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.up, %dup, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  %dgate = step37.grouped_matmul_grad %dg, %rows, %offsets : (tensor<32x6xf32>, tensor<32x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.gate, %dgate, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  %drows_up = step37.grouped_matmul %du, %up, %offsets : (tensor<32x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<32x16xf32>
  %drows_gate = step37.grouped_matmul %dg, %gate, %offsets : (tensor<32x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<32x16xf32>
  %drows = step37.add %drows_up, %drows_gate : tensor<32x16xf32>
  %dx = step37.combine %drows, %row_slot, %slot_row : (tensor<32x16xf32>, tensor<32xi32>, tensor<32xi32>) -> tensor<16x16xf32>
  %out = step37.add %x, %y : tensor<16x16xf32>
  return %out, %dx, %dlogits : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x4xf32>
}
