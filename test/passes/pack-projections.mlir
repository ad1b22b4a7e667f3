// Sibling projections become one parameter, one product forward and one backward; their gradients
// become one. The optimizer is built on what packing leaves.
// RUN: step37-opt %s -split-input-file -step37-pack-projections | FileCheck %s

// Query, key, value and gate of 8, 4, 4 and 2 rows, with all that belongs to a trained parameter.
// CHECK: step37.parameter @qkvg : tensor<18x16xbf16> trained true decay true parts [
// CHECK-SAME: #step37.part<"q", bf16, [8, 16], blocks = 1, begin = 0, stride = 288, init_std = 2.000000e-02 : f64>
// CHECK-SAME: #step37.part<"k", bf16, [4, 16], blocks = 1, begin = 128, stride = 288
// CHECK-SAME: #step37.part<"v", bf16, [4, 16], blocks = 1, begin = 192, stride = 288
// CHECK-SAME: #step37.part<"g", bf16, [2, 16], blocks = 1, begin = 256, stride = 288
// CHECK-NEXT: step37.state gradient @gradient.qkvg of @qkvg : tensor<18x16xf32>
// CHECK-NOT: step37.parameter
// CHECK-NOT: step37.state
step37.parameter @q : tensor<8x16xbf16> trained true decay true pack "qkvg" parts [#step37.part<"q", bf16, [8, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.q of @q : tensor<8x16xf32>
step37.parameter @k : tensor<4x16xbf16> trained true decay true pack "qkvg" parts [#step37.part<"k", bf16, [4, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.k of @k : tensor<4x16xf32>
step37.parameter @v : tensor<4x16xbf16> trained true decay true pack "qkvg" parts [#step37.part<"v", bf16, [4, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.v of @v : tensor<4x16xf32>
step37.parameter @g : tensor<2x16xbf16> trained true decay true pack "qkvg" parts [#step37.part<"g", bf16, [2, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.g of @g : tensor<2x16xf32>

// CHECK-LABEL: func.func @train(
// CHECK-SAME: %[[X:[^:]*]]: tensor<8x16xbf16>, %[[START:[^:]*]]: tensor<8xi32>, %[[OTHER:[^:]*]]: tensor<8x16xbf16>, %[[BETA:[^:]*]]: tensor<1xf32>)
func.func @train(%x: tensor<8x16xbf16>, %start: tensor<8xi32>, %other: tensor<8x16xbf16>, %beta: tensor<1xf32>) -> tensor<8x16xbf16> {
  // CHECK-NEXT: %[[W:.*]] = step37.read @qkvg : tensor<18x16xbf16>
  %q = step37.read @q : tensor<8x16xbf16>
  %k = step37.read @k : tensor<4x16xbf16>
  %v = step37.read @v : tensor<4x16xbf16>
  %g = step37.read @g : tensor<2x16xbf16>
  // CHECK-NEXT: %[[C:.*]] = step37.matmul %[[X]], %[[W]] {transpose_b} : (tensor<8x16xbf16>, tensor<18x16xbf16>) -> tensor<8x18xbf16>
  // CHECK-NEXT: %[[Q:.*]] = tensor.extract_slice %[[C]][0, 0] [8, 8] [1, 1]
  // CHECK-NEXT: %[[K:.*]] = tensor.extract_slice %[[C]][0, 8] [8, 4] [1, 1]
  // CHECK-NEXT: %[[V:.*]] = tensor.extract_slice %[[C]][0, 12] [8, 4] [1, 1]
  // CHECK-NEXT: %[[G:.*]] = tensor.extract_slice %[[C]][0, 16] [8, 2] [1, 1]
  %xq = step37.matmul %x, %q {transpose_b} : (tensor<8x16xbf16>, tensor<8x16xbf16>) -> tensor<8x8xbf16>
  %xk = step37.matmul %x, %k {transpose_b} : (tensor<8x16xbf16>, tensor<4x16xbf16>) -> tensor<8x4xbf16>
  %xv = step37.matmul %x, %v {transpose_b} : (tensor<8x16xbf16>, tensor<4x16xbf16>) -> tensor<8x4xbf16>
  %xg = step37.matmul %x, %g {transpose_b} : (tensor<8x16xbf16>, tensor<2x16xbf16>) -> tensor<8x2xbf16>
  // CHECK-NEXT: %[[OUT:.*]], %[[LSE:.*]] = step37.attention %[[Q]], %[[K]], %[[V]], %[[G]]
  %o, %lse = step37.attention %xq, %xk, %xv, %xg, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x8xbf16>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x2xbf16>, tensor<8xi32>) -> (tensor<8x8xbf16>, tensor<8x2xf32>)
  // CHECK-NEXT: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]], %[[DG:.*]] = step37.attention_grad
  %dq, %dk, %dv, %dg = step37.attention_grad %o, %xq, %xk, %xv, %xg, %start, %o, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x2xbf16>, tensor<8xi32>, tensor<8x8xbf16>, tensor<8x2xf32>) -> (tensor<8x8xbf16>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x2xbf16>)
  // Siblings keep their order whatever the order of their gradients.
  // CHECK-NEXT: %[[D:.*]] = tensor.concat dim(1) %[[DQ]], %[[DK]], %[[DV]], %[[DG]]
  // CHECK-NEXT: %[[DX:.*]] = step37.matmul %[[D]], %[[W]] : (tensor<8x18xbf16>, tensor<18x16xbf16>) -> tensor<8x16xbf16>
  // CHECK-NEXT: %[[DW:.*]] = step37.matmul %[[D]], %[[X]] {transpose_a} : (tensor<8x18xbf16>, tensor<8x16xbf16>) -> tensor<18x16xf32>
  // CHECK-NEXT: step37.accumulate_gradient @gradient.qkvg, %[[DW]], %[[BETA]]
  %dx_g = step37.matmul %dg, %g : (tensor<8x2xbf16>, tensor<2x16xbf16>) -> tensor<8x16xbf16>
  %dw_g = step37.matmul %dg, %x {transpose_a} : (tensor<8x2xbf16>, tensor<8x16xbf16>) -> tensor<2x16xf32>
  step37.accumulate_gradient @gradient.g, %dw_g, %beta : tensor<2x16xf32>, tensor<1xf32>
  %dx_v = step37.matmul %dv, %v : (tensor<8x4xbf16>, tensor<4x16xbf16>) -> tensor<8x16xbf16>
  %dw_v = step37.matmul %dv, %x {transpose_a} : (tensor<8x4xbf16>, tensor<8x16xbf16>) -> tensor<4x16xf32>
  step37.accumulate_gradient @gradient.v, %dw_v, %beta : tensor<4x16xf32>, tensor<1xf32>
  %dx_k = step37.matmul %dk, %k : (tensor<8x4xbf16>, tensor<4x16xbf16>) -> tensor<8x16xbf16>
  %dw_k = step37.matmul %dk, %x {transpose_a} : (tensor<8x4xbf16>, tensor<8x16xbf16>) -> tensor<4x16xf32>
  step37.accumulate_gradient @gradient.k, %dw_k, %beta : tensor<4x16xf32>, tensor<1xf32>
  %dx_q = step37.matmul %dq, %q : (tensor<8x8xbf16>, tensor<8x16xbf16>) -> tensor<8x16xbf16>
  %dw_q = step37.matmul %dq, %x {transpose_a} : (tensor<8x8xbf16>, tensor<8x16xbf16>) -> tensor<8x16xf32>
  step37.accumulate_gradient @gradient.q, %dw_q, %beta : tensor<8x16xf32>, tensor<1xf32>
  // CHECK-NEXT: %[[SUM:.*]] = step37.add %[[OTHER]], %[[DX]]
  // CHECK-NEXT: return %[[SUM]]
  %sum = step37.add %dx_g, %dx_v, %other, %dx_k, %dx_q : tensor<8x16xbf16>
  return %sum : tensor<8x16xbf16>
}

// A program that only looks forward.
// CHECK-LABEL: func.func @eval(
func.func @eval(%x: tensor<8x16xbf16>) -> tensor<8x4xbf16> {
  // CHECK-NEXT: step37.read @qkvg
  // CHECK-NEXT: step37.matmul
  // CHECK-COUNT-4: tensor.extract_slice
  // CHECK-NOT: concat
  %q = step37.read @q : tensor<8x16xbf16>
  %xq = step37.matmul %x, %q {transpose_b} : (tensor<8x16xbf16>, tensor<8x16xbf16>) -> tensor<8x8xbf16>
  %k = step37.read @k : tensor<4x16xbf16>
  %xk = step37.matmul %x, %k {transpose_b} : (tensor<8x16xbf16>, tensor<4x16xbf16>) -> tensor<8x4xbf16>
  %v = step37.read @v : tensor<4x16xbf16>
  %xv = step37.matmul %x, %v {transpose_b} : (tensor<8x16xbf16>, tensor<4x16xbf16>) -> tensor<8x4xbf16>
  %g = step37.read @g : tensor<2x16xbf16>
  %xg = step37.matmul %x, %g {transpose_b} : (tensor<8x16xbf16>, tensor<2x16xbf16>) -> tensor<8x2xbf16>
  return %xv : tensor<8x4xbf16>
}

// -----

// Experts: in the packed stack every expert has its gate rows, then its up rows.
// CHECK: step37.parameter @gate_up : tensor<4x12x16xf32> trained true decay true parts [
// CHECK-SAME: #step37.part<"gate", f32, [4, 6, 16], blocks = 4, begin = 0, stride = 192
// CHECK-SAME: #step37.part<"up", f32, [4, 6, 16], blocks = 4, begin = 96, stride = 192
// CHECK-NEXT: step37.state gradient @gradient.gate_up of @gate_up : tensor<4x12x16xf32>
step37.parameter @gate : tensor<4x6x16xf32> trained true decay true pack "gate_up" parts [#step37.part<"gate", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.gate of @gate : tensor<4x6x16xf32>
step37.parameter @up : tensor<4x6x16xf32> trained true decay true pack "gate_up" parts [#step37.part<"up", f32, [4, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.up of @up : tensor<4x6x16xf32>
// CHECK-LABEL: func.func @experts(
// CHECK-SAME: %[[X:[^:]*]]: tensor<16x16xf32>, %[[OFFSETS:[^:]*]]: tensor<5xi32>, %[[BETA:[^:]*]]: tensor<1xf32>)
func.func @experts(%x: tensor<16x16xf32>, %offsets: tensor<5xi32>, %beta: tensor<1xf32>) -> tensor<16x16xf32> {
  // CHECK-NEXT: %[[W:.*]] = step37.read @gate_up
  // CHECK-NEXT: %[[C:.*]] = step37.grouped_matmul %[[X]], %[[W]], %[[OFFSETS]] {transpose_b} : (tensor<16x16xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> tensor<16x12xf32>
  // CHECK-NEXT: %[[GATE:.*]] = tensor.extract_slice %[[C]][0, 0] [16, 6] [1, 1]
  // CHECK-NEXT: %[[UP:.*]] = tensor.extract_slice %[[C]][0, 6] [16, 6] [1, 1]
  %gate = step37.read @gate : tensor<4x6x16xf32>
  %g = step37.grouped_matmul %x, %gate, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  %up = step37.read @up : tensor<4x6x16xf32>
  %u = step37.grouped_matmul %x, %up, %offsets {transpose_b} : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
  // CHECK-NEXT: %[[DGATE:.*]], %[[DUP:.*]] = step37.swiglu_grad %{{.*}}, %[[GATE]], %[[UP]]
  %dg, %du = step37.swiglu_grad %g, %g, %u clamp after_silu {limit = 0.0 : f64} : (tensor<16x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>) -> (tensor<16x6xf32>, tensor<16x6xf32>)
  // CHECK-NEXT: %[[D:.*]] = tensor.concat dim(1) %[[DGATE]], %[[DUP]]
  // CHECK-NEXT: %[[DX:.*]] = step37.grouped_matmul %[[D]], %[[W]], %[[OFFSETS]] : (tensor<16x12xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  // CHECK-NEXT: %[[DW:.*]] = step37.grouped_matmul_grad %[[D]], %[[X]], %[[OFFSETS]] : (tensor<16x12xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x12x16xf32>
  // CHECK-NEXT: step37.accumulate_gradient @gradient.gate_up, %[[DW]], %[[BETA]]
  // CHECK-NEXT: step37.add %[[DX]]
  %dx_up = step37.grouped_matmul %du, %up, %offsets : (tensor<16x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  %dw_up = step37.grouped_matmul_grad %du, %x, %offsets : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.up, %dw_up, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  %dx_gate = step37.grouped_matmul %dg, %gate, %offsets : (tensor<16x6xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x16xf32>
  %dw_gate = step37.grouped_matmul_grad %dg, %x, %offsets : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
  step37.accumulate_gradient @gradient.gate, %dw_gate, %beta : tensor<4x6x16xf32>, tensor<1xf32>
  %sum = step37.add %dx_up, %dx_gate : tensor<16x16xf32>
  return %sum : tensor<16x16xf32>
}

// -----

// Rows of experts in two windows: one packed product a window, one after another as the siblings' were; the
// second gradient is added to the first.
// CHECK: step37.parameter @gate_up : tensor<2x12x16xf32>
step37.parameter @gate : tensor<2x6x16xf32> trained true decay true pack "gate_up" parts [#step37.part<"gate", f32, [2, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.gate of @gate : tensor<2x6x16xf32>
step37.parameter @up : tensor<2x6x16xf32> trained true decay true pack "gate_up" parts [#step37.part<"up", f32, [2, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.state gradient @gradient.up of @up : tensor<2x6x16xf32>
// CHECK-LABEL: func.func @windows(
// CHECK-SAME: %[[X0:[^:]*]]: tensor<8x16xf32>, %[[X1:[^:]*]]: tensor<8x16xf32>, %[[O0:[^:]*]]: tensor<3xi32>, %[[O1:[^:]*]]: tensor<3xi32>, %[[BETA:[^:]*]]: tensor<1xf32>, %[[ONE:[^:]*]]: tensor<1xf32>)
func.func @windows(%x0: tensor<8x16xf32>, %x1: tensor<8x16xf32>, %o0: tensor<3xi32>, %o1: tensor<3xi32>, %beta: tensor<1xf32>, %one: tensor<1xf32>) {
  // CHECK-NEXT: %[[W:.*]] = step37.read @gate_up
  // CHECK-NEXT: %[[C0:.*]] = step37.grouped_matmul %[[X0]], %[[W]], %[[O0]] {transpose_b} : {{.*}} -> tensor<8x12xf32>
  // CHECK-NEXT: %[[G0:.*]] = tensor.extract_slice %[[C0]][0, 0]
  // CHECK-NEXT: %[[U0:.*]] = tensor.extract_slice %[[C0]][0, 6]
  // CHECK-NEXT: %[[C1:.*]] = step37.grouped_matmul %[[X1]], %[[W]], %[[O1]] {step37.overflow, transpose_b}
  // CHECK-NEXT: %[[G1:.*]] = tensor.extract_slice %[[C1]][0, 0]
  // CHECK-NEXT: %[[U1:.*]] = tensor.extract_slice %[[C1]][0, 6]
  %gate = step37.read @gate : tensor<2x6x16xf32>
  %g0 = step37.grouped_matmul %x0, %gate, %o0 {transpose_b} : (tensor<8x16xf32>, tensor<2x6x16xf32>, tensor<3xi32>) -> tensor<8x6xf32>
  %g1 = step37.grouped_matmul %x1, %gate, %o1 {step37.overflow, transpose_b} : (tensor<8x16xf32>, tensor<2x6x16xf32>, tensor<3xi32>) -> tensor<8x6xf32>
  %up = step37.read @up : tensor<2x6x16xf32>
  %u0 = step37.grouped_matmul %x0, %up, %o0 {transpose_b} : (tensor<8x16xf32>, tensor<2x6x16xf32>, tensor<3xi32>) -> tensor<8x6xf32>
  %u1 = step37.grouped_matmul %x1, %up, %o1 {step37.overflow, transpose_b} : (tensor<8x16xf32>, tensor<2x6x16xf32>, tensor<3xi32>) -> tensor<8x6xf32>
  // CHECK-NEXT: %[[DG0:.*]], %[[DU0:.*]] = step37.swiglu_grad %[[G0]], %[[G0]], %[[U0]]
  // CHECK-NEXT: %[[D0:.*]] = tensor.concat dim(1) %[[DG0]], %[[DU0]]
  // CHECK-NEXT: %[[DW0:.*]] = step37.grouped_matmul_grad %[[D0]], %[[X0]], %[[O0]]
  // CHECK-NEXT: step37.accumulate_gradient @gradient.gate_up, %[[DW0]], %[[BETA]]
  // CHECK-NEXT: %[[DG1:.*]], %[[DU1:.*]] = step37.swiglu_grad %[[G1]], %[[G1]], %[[U1]]
  // CHECK-NEXT: %[[D1:.*]] = tensor.concat dim(1) %[[DG1]], %[[DU1]]
  // CHECK-NEXT: %[[DW1:.*]] = step37.grouped_matmul_grad %[[D1]], %[[X1]], %[[O1]] {step37.overflow}
  // CHECK-NEXT: step37.accumulate_gradient @gradient.gate_up, %[[DW1]], %[[ONE]]
  // CHECK-NEXT: return
  %dg0, %du0 = step37.swiglu_grad %g0, %g0, %u0 clamp after_silu {limit = 0.0 : f64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
  %dg1, %du1 = step37.swiglu_grad %g1, %g1, %u1 clamp after_silu {limit = 0.0 : f64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
  %dw_up0 = step37.grouped_matmul_grad %du0, %x0, %o0 : (tensor<8x6xf32>, tensor<8x16xf32>, tensor<3xi32>) -> tensor<2x6x16xf32>
  %dw_up1 = step37.grouped_matmul_grad %du1, %x1, %o1 {step37.overflow} : (tensor<8x6xf32>, tensor<8x16xf32>, tensor<3xi32>) -> tensor<2x6x16xf32>
  step37.accumulate_gradient @gradient.up, %dw_up0, %beta : tensor<2x6x16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.up, %dw_up1, %one : tensor<2x6x16xf32>, tensor<1xf32>
  %dw_gate0 = step37.grouped_matmul_grad %dg0, %x0, %o0 : (tensor<8x6xf32>, tensor<8x16xf32>, tensor<3xi32>) -> tensor<2x6x16xf32>
  %dw_gate1 = step37.grouped_matmul_grad %dg1, %x1, %o1 {step37.overflow} : (tensor<8x6xf32>, tensor<8x16xf32>, tensor<3xi32>) -> tensor<2x6x16xf32>
  step37.accumulate_gradient @gradient.gate, %dw_gate0, %beta : tensor<2x6x16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.gate, %dw_gate1, %one : tensor<2x6x16xf32>, tensor<1xf32>
  return
}

// -----

// Frozen siblings whose input is trained have a gradient of the input only; siblings that nothing
// uses are packed all the same.
// CHECK: step37.parameter @packed : tensor<12x16xf32> trained false
// CHECK: step37.parameter @idle : tensor<12x16xf32> trained false
// CHECK-LABEL: func.func @frozen(
// CHECK: %[[W:.*]] = step37.read @packed
// CHECK: %[[D:.*]] = tensor.concat dim(1)
// CHECK: step37.matmul %[[D]], %[[W]]
// CHECK-NOT: step37.accumulate_gradient
step37.parameter @a : tensor<6x16xf32> trained false decay true pack "packed" parts [#step37.part<"a", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @b : tensor<6x16xf32> trained false decay true pack "packed" parts [#step37.part<"b", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @c : tensor<6x16xf32> trained false decay true pack "idle" parts [#step37.part<"c", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
step37.parameter @d : tensor<6x16xf32> trained false decay true pack "idle" parts [#step37.part<"d", f32, [6, 16], blocks = 1, begin = 0, stride = 0, init_std = 2.0e-02 : f64>]
func.func @frozen(%x: tensor<8x16xf32>, %da: tensor<8x6xf32>, %db: tensor<8x6xf32>) -> tensor<8x16xf32> {
  %c = step37.read @c : tensor<6x16xf32>
  %d = step37.read @d : tensor<6x16xf32>
  %a = step37.read @a : tensor<6x16xf32>
  %b = step37.read @b : tensor<6x16xf32>
  %dx_a = step37.matmul %da, %a : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  %dx_b = step37.matmul %db, %b : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  %dx = step37.add %dx_a, %dx_b : tensor<8x16xf32>
  return %dx : tensor<8x16xf32>
}
