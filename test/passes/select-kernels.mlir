// Every operation's steps; which values are views, outputs, states or the gradient itself. The host
// has one variant of everything.
// RUN: step37-opt %s -split-input-file -step37-select-kernels=target=host | FileCheck %s
// What is selected can be placed.
// RUN: step37-opt %s -split-input-file -step37-select-kernels=target=host -step37-to-planned

// Parameters, states, arguments and results become buffers; each distinct spec one kernel.
step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @frozen : tensor<16xf32> trained false decay true parts [#step37.part<"frozen", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.carried @carried : tensor<16xf32>
step37.state gradient @gradient.w of @w : tensor<32x16xf32>
step37.state optimizer "moment1" @moment1.w of @w : tensor<32x16xf32>
step37.state optimizer "moment2" @moment2.w of @w : tensor<32x16xf32>
step37.state activation @hidden : tensor<8x16xf32>
// CHECK-DAG: plan.buffer parameter weights @w : memref<32x16xf32>
// CHECK-DAG: plan.buffer parameter weights @frozen : memref<16xf32>
// CHECK-DAG: plan.buffer state gradients @gradient.w : memref<32x16xf32>
// CHECK-DAG: plan.buffer state optimizer @moment1.w : memref<32x16xf32>
// CHECK-DAG: plan.buffer state optimizer @moment2.w : memref<32x16xf32>
// CHECK-DAG: plan.buffer state activations @hidden : memref<8x16xf32>
// CHECK-DAG: plan.buffer input io @ids : memref<8xi32>
// CHECK-DAG: plan.buffer scalar io @beta : memref<1xf32>
// CHECK-DAG: plan.buffer output io @y : memref<8x16xf32>
// CHECK-DAG: plan.kernel @[[EMBED:embedding_[0-9a-f]+]] "embedding" {{.*}} spec {tokens = 8 : i64, type = "f32", vocab = 32 : i64, width = 16 : i64}
// CHECK-DAG: plan.kernel @[[EMBEDGRAD:embedding_grad_[0-9a-f]+]] "embedding_grad"
// CHECK-DAG: plan.kernel @[[NORM:rms_norm_[0-9a-f]+]] "rms_norm" {{.*}} spec {addends = 1 : i64, cols = 16 : i64, eps = 1.000000e-05 : f64, rows = 8 : i64, type = "f32", weight_offset = 1.000000e+00 : f64}
// CHECK-DAG: plan.kernel @[[ADAMW:adamw_[0-9a-f]+]] "adamw" {{.*}} spec {copy = false, decay = true, elements = 512 : i64, grad_type = "f32", type = "f32"}
// CHECK-NOT: @carried

// CHECK: plan.program "symbols" {
func.func @symbols(%ids: tensor<8xi32> {step37.name = "ids", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) -> (tensor<8x16xf32> {step37.name = "y"}) {
  // CHECK-DAG: %[[IDS:.*]] = plan.get @ids
  // CHECK-DAG: %[[BETA:.*]] = plan.get @beta
  // CHECK-DAG: %[[W:.*]] = plan.get @w
  // CHECK-DAG: %[[HIDDEN:.*]] = plan.get @hidden
  // CHECK-DAG: %[[FROZEN:.*]] = plan.get @frozen
  // CHECK-DAG: %[[Y:.*]] = plan.get @y
  // CHECK-DAG: %[[GRADIENT:.*]] = plan.get @gradient.w
  // A value that is written to a state is made there, and a result in its output.
  // CHECK: plan.launch @[[EMBED]](%[[IDS]], %[[W]], %[[HIDDEN]])
  // CHECK: plan.launch @[[NORM]](%[[HIDDEN]], %[[FROZEN]], %[[Y]], %{{.*}})
  // A gradient that is only accumulated is made in the state.
  // CHECK: plan.launch @[[EMBEDGRAD]](%[[IDS]], %[[Y]], %[[BETA]], %[[GRADIENT]], %{{.*}})
  // CHECK-NOT: plan.launch
  // CHECK: }
  %w = step37.read @w : tensor<32x16xf32>
  %x = step37.embedding %ids, %w : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  step37.write @hidden, %x : tensor<8x16xf32>
  %frozen = step37.read @frozen : tensor<16xf32>
  %y, %r = step37.rms_norm %x, %frozen {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %dw = step37.embedding_grad %ids, %y : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xf32>
  step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<32x16xf32>, tensor<1xf32>
  return %y : tensor<8x16xf32>
}
// CHECK: plan.program "update" {
func.func @update(%hyper: tensor<1xf32> {step37.name = "hyper", step37.class = "scalar"}, %max: tensor<1xf32> {step37.name = "max_norm", step37.class = "scalar"}) -> (tensor<1xf32> {step37.name = "grad_norm"}) {
  // CHECK-DAG: %[[G:.*]] = plan.get @gradient.w
  // CHECK-DAG: %[[HYPER:.*]] = plan.get @hyper
  // CHECK-DAG: %[[MAX:.*]] = plan.get @max_norm
  // CHECK-DAG: %[[NORMOUT:.*]] = plan.get @grad_norm
  // CHECK-DAG: %[[PARTIAL:.*]] = plan.temporary activations : memref<1xf32>
  // CHECK: plan.launch @sum_of_squares_{{[0-9a-f]+}}(%[[G]], %[[PARTIAL]])
  // CHECK: plan.launch @global_norm_{{[0-9a-f]+}}(%[[PARTIAL]], %[[MAX]], %[[NORMOUT]], %[[CLIP:.*]]) :
  // An f32 parameter is its own master.
  // CHECK: plan.launch @[[ADAMW]](%[[G]], %[[HYPER]], %[[HYPER]], %[[HYPER]], %[[HYPER]], %[[HYPER]], %[[HYPER]], %[[HYPER]], %[[CLIP]], %{{.*}}, %{{.*}}, %{{.*}}) : memref<32x16xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<32x16xf32>, memref<32x16xf32>, memref<32x16xf32>
  %g = step37.read @gradient.w : tensor<32x16xf32>
  %partial = step37.sum_of_squares %g : (tensor<32x16xf32>) -> tensor<1xf32>
  %norm, %clip = step37.global_norm %partial, %max : (tensor<1xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  step37.adamw @w gradient %g moments @moment1.w, @moment2.w learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<32x16xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
  return %norm : tensor<1xf32>
}
// CHECK: plan.parameter @w trained true gradient @gradient.w states [#plan.state<"moment1" @moment1.w>, #plan.state<"moment2" @moment2.w>] parts [#step37.part<"w"
// CHECK: plan.parameter @frozen trained false states [] parts

// -----

// Columns: slices are views with the stride of their source, members of a concatenation are views
// of it, and products and kernels are told the strides.
step37.parameter @packed : tensor<12x16xf32> trained true decay true parts [#step37.part<"packed", f32, [12, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.packed of @packed : tensor<12x16xf32>
// CHECK-DAG: "swiglu" {{.*}} spec {clamp = "after", cols = 6 : i64, gate_stride = 12 : i64, limit = 7.000000e+00 : f64, rows = 8 : i64, type = "f32", up_stride = 12 : i64}
// CHECK-DAG: "swiglu_grad" {{.*}} dgate_stride = 12 : i64, dup_stride = 12 : i64, gate_stride = 12 : i64
// CHECK-DAG: "gemm" {{.*}}a_stride = 16 : i64, {{.*}} accumulate = false, {{.*}} c_stride = 12 : i64, {{.*}} k = 16 : i64, m = 8 : i64, n = 12 : i64, transpose_a = false, transpose_b = true
// CHECK-DAG: "gemm" {{.*}}a_stride = 12 : i64, {{.*}} accumulate = true, {{.*}} k = 8 : i64, m = 12 : i64, n = 16 : i64, transpose_a = true, transpose_b = false
// CHECK: plan.program "columns" {
func.func @columns(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) -> (tensor<8x6xf32> {step37.name = "h"}) {
  // CHECK-DAG: %[[X:.*]] = plan.get @x
  // CHECK-DAG: %[[W:.*]] = plan.get @packed
  // CHECK-DAG: %[[GRADIENT:.*]] = plan.get @gradient.packed
  // CHECK-DAG: %[[BETA:.*]] = plan.get @beta
  // CHECK-DAG: %[[H:.*]] = plan.get @h
  // CHECK: plan.{{gemm|launch}} @gemm_{{[0-9a-f]+}}(%[[X]], %[[W]], %[[C:.*]]) : memref<8x16xf32>, memref<12x16xf32>, memref<8x12xf32>
  // CHECK-DAG: %[[GATE:.*]] = plan.view %[[C]] from 0 : memref<8x12xf32> to memref<8x6xf32, strided<[12, 1]>>
  // CHECK-DAG: %[[UP:.*]] = plan.view %[[C]] from 6 : memref<8x12xf32> to memref<8x6xf32, strided<[12, 1]>>
  // CHECK: plan.launch @swiglu_{{[0-9a-f]+}}(%[[GATE]], %[[UP]], %[[H]])
  // CHECK-DAG: %[[DGATE:.*]] = plan.view %[[D:.*]] from 0 : memref<8x12xf32> to memref<8x6xf32, strided<[12, 1]>>
  // CHECK-DAG: %[[DUP:.*]] = plan.view %[[D]] from 6 : memref<8x12xf32> to memref<8x6xf32, strided<[12, 1]>>
  // CHECK: plan.launch @swiglu_grad_{{[0-9a-f]+}}(%{{.*}}, %[[GATE]], %[[UP]], %[[DGATE]], %[[DUP]])
  // CHECK: plan.{{gemm|launch}} @gemm_{{[0-9a-f]+}}(%[[D]], %[[X]], %[[GRADIENT]], %[[BETA]])
  // CHECK-NEXT: }
  %w = step37.read @packed : tensor<12x16xf32>
  %c = step37.matmul %x, %w {transpose_b} : (tensor<8x16xf32>, tensor<12x16xf32>) -> tensor<8x12xf32>
  %gate = tensor.extract_slice %c[0, 0] [8, 6] [1, 1] : tensor<8x12xf32> to tensor<8x6xf32>
  %up = tensor.extract_slice %c[0, 6] [8, 6] [1, 1] : tensor<8x12xf32> to tensor<8x6xf32>
  %h = step37.swiglu %gate, %up clamp after_silu {limit = 7.0 : f64} : tensor<8x6xf32>
  %dgate, %dup = step37.swiglu_grad %h, %gate, %up clamp after_silu {limit = 7.0 : f64} : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
  %d = tensor.concat dim(1) %dgate, %dup : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x12xf32>
  %dw = step37.matmul %d, %x {transpose_a} : (tensor<8x12xf32>, tensor<8x16xf32>) -> tensor<12x16xf32>
  step37.accumulate_gradient @gradient.packed, %dw, %beta : tensor<12x16xf32>, tensor<1xf32>
  return %h : tensor<8x6xf32>
}

// -----

// Rows that others have columns of begin at multiples of 16 bytes where they are no multiple of it;
// the products are told of the gaps. What is not sliced, or goes to others than products, has none.
step37.parameter @packed : tensor<18x16xbf16> trained true decay true parts [#step37.part<"packed", bf16, [18, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.packed of @packed : tensor<18x16xf32>
// CHECK-DAG: "swiglu" {{.*}} cols = 9 : i64, gate_stride = 24 : i64, {{.*}} up_stride = 24 : i64
// CHECK-DAG: "swiglu_grad" {{.*}} dgate_stride = 24 : i64, dup_stride = 24 : i64, gate_stride = 24 : i64
// CHECK-DAG: "gemm" {{.*}}a_stride = 16 : i64, {{.*}} c_stride = 24 : i64, {{.*}} m = 8 : i64, n = 18 : i64, transpose_a = false, transpose_b = true
// CHECK-DAG: "gemm" {{.*}}a_stride = 24 : i64, {{.*}} accumulate = true, {{.*}} c_stride = 16 : i64, c_type = "f32", k = 8 : i64, m = 18 : i64, n = 16 : i64, transpose_a = true
// CHECK: plan.program "row_gaps" {
func.func @row_gaps(%x: tensor<8x16xbf16> {step37.name = "x", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) -> (tensor<8x9xbf16> {step37.name = "h"}) {
  // CHECK-DAG: %[[X:.*]] = plan.get @x
  // CHECK-DAG: %[[C:.*]] = plan.temporary activations : memref<8x24xbf16>
  // CHECK-DAG: %[[ROWS:.*]] = plan.view %[[C]] from 0 : memref<8x24xbf16> to memref<8x18xbf16, strided<[24, 1]>>
  // CHECK: plan.{{gemm|launch}} @gemm_{{[0-9a-f]+}}(%[[X]], %{{.*}}, %[[ROWS]]) : memref<8x16xbf16>, memref<18x16xbf16>, memref<8x18xbf16, strided<[24, 1]>>
  // CHECK: plan.view %[[ROWS]] from 9 : memref<8x18xbf16, strided<[24, 1]>> to memref<8x9xbf16, strided<[24, 1]>>
  %w = step37.read @packed : tensor<18x16xbf16>
  %c = step37.matmul %x, %w {transpose_b} : (tensor<8x16xbf16>, tensor<18x16xbf16>) -> tensor<8x18xbf16>
  %gate = tensor.extract_slice %c[0, 0] [8, 9] [1, 1] : tensor<8x18xbf16> to tensor<8x9xbf16>
  %up = tensor.extract_slice %c[0, 9] [8, 9] [1, 1] : tensor<8x18xbf16> to tensor<8x9xbf16>
  %h = step37.swiglu %gate, %up clamp after_silu {limit = 7.0 : f64} : tensor<8x9xbf16>
  %dgate, %dup = step37.swiglu_grad %h, %gate, %up clamp after_silu {limit = 7.0 : f64} : (tensor<8x9xbf16>, tensor<8x9xbf16>, tensor<8x9xbf16>) -> (tensor<8x9xbf16>, tensor<8x9xbf16>)
  %d = tensor.concat dim(1) %dgate, %dup : (tensor<8x9xbf16>, tensor<8x9xbf16>) -> tensor<8x18xbf16>
  %dw = step37.matmul %d, %x {transpose_a} : (tensor<8x18xbf16>, tensor<8x16xbf16>) -> tensor<18x16xf32>
  step37.accumulate_gradient @gradient.packed, %dw, %beta : tensor<18x16xf32>, tensor<1xf32>
  // A product that an addition takes too is whole.
  // CHECK-DAG: %[[A:.*]] = plan.temporary activations : memref<8x18xbf16>
  // CHECK: plan.launch @add_{{[0-9a-f]+}}(%[[A]], %[[A]], %{{.*}}) : memref<8x18xbf16>, memref<8x18xbf16>, memref<8x18xbf16>
  %a = step37.matmul %x, %w {transpose_b} : (tensor<8x16xbf16>, tensor<18x16xbf16>) -> tensor<8x18xbf16>
  %sum = step37.add %a, %a : tensor<8x18xbf16>
  %b = step37.matmul %sum, %x {transpose_a} : (tensor<8x18xbf16>, tensor<8x16xbf16>) -> tensor<18x16xf32>
  step37.accumulate_gradient @gradient.packed, %b, %beta : tensor<18x16xf32>, tensor<1xf32>
  return %h : tensor<8x9xbf16>
}

// -----

// A sum of gradients (a parameter used twice) and a gradient of another storage type are made first
// and accumulated by a step of their own.
step37.parameter @w : tensor<16x16xf32> trained true decay true parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @v : tensor<16x16xbf16> trained true decay true parts [#step37.part<"v", bf16, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32>
step37.state gradient @gradient.v of @v : tensor<16x16xbf16>
// CHECK: plan.program "twice" {
func.func @twice(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) {
  // CHECK-DAG: %[[X:.*]] = plan.get @x
  // CHECK-DAG: %[[BETA:.*]] = plan.get @beta
  // CHECK-DAG: %[[GW:.*]] = plan.get @gradient.w
  // CHECK-DAG: %[[GV:.*]] = plan.get @gradient.v
  // CHECK: plan.{{gemm|launch}} @gemm_{{[0-9a-f]+}}(%[[X]], %[[X]], %[[A:.*]]) :
  // CHECK: plan.launch @add_{{[0-9a-f]+}}(%[[A]], %[[A]], %[[SUM:.*]]) :
  // CHECK: plan.launch @accumulate_gradient_{{[0-9a-f]+}}(%[[SUM]], %[[BETA]], %[[GW]])
  // CHECK: plan.launch @accumulate_gradient_{{[0-9a-f]+}}(%[[A]], %[[BETA]], %[[GV]]) : memref<16x16xf32>, memref<1xf32>, memref<16x16xbf16>
  %a = step37.matmul %x, %x {transpose_a} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  %sum = step37.add %a, %a : tensor<16x16xf32>
  step37.accumulate_gradient @gradient.w, %sum, %beta : tensor<16x16xf32>, tensor<1xf32>
  step37.accumulate_gradient @gradient.v, %a, %beta : tensor<16x16xf32>, tensor<1xf32>
  return
}

// -----

// A parameter that is used twice: the first gradient starts with beta, the second goes on with 1.
// Columns are copied to their places. Frozen weights: kernels without a weight gradient.
step37.parameter @w : tensor<32x16xf32> trained true decay true parts [#step37.part<"w", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.w of @w : tensor<32x16xf32>
// CHECK-DAG: "copy_columns" {{.*}} spec {cols = 16 : i64, out_stride = 20 : i64, rows = 8 : i64, type = "f32", x_stride = 16 : i64}
// CHECK-DAG: "copy_columns" {{.*}} spec {cols = 4 : i64, out_stride = 4 : i64, rows = 8 : i64, type = "f32", x_stride = 20 : i64}
// CHECK-DAG: "fill" {{.*}} spec {elements = 1 : i64, value = 1.000000e+00 : f64}
// CHECK-DAG: "rms_norm_grad" {{.*}} frozen = true
// CHECK-DAG: "qk_norm_rope_grad" {{.*}} frozen = true
// CHECK: plan.program "places" {
func.func @places(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input"}, %y: tensor<8x4xf32> {step37.name = "y", step37.class = "input"}, %ids: tensor<8xi32> {step37.name = "ids", step37.class = "input"}, %v: tensor<16xf32> {step37.name = "v", step37.class = "input"}, %r: tensor<8xf32> {step37.name = "r", step37.class = "input"}, %n: tensor<4xf32> {step37.name = "n", step37.class = "input"}, %rn: tensor<8x8xf32> {step37.name = "rn", step37.class = "input"}, %beta: tensor<1xf32> {step37.name = "beta", step37.class = "scalar"}) -> (tensor<8x16xf32> {step37.name = "dx"}) {
  // CHECK-DAG: %[[X:.*]] = plan.get @x
  // CHECK-DAG: %[[Y:.*]] = plan.get @y
  // CHECK-DAG: %[[IDS:.*]] = plan.get @ids
  // CHECK-DAG: %[[BETA:.*]] = plan.get @beta
  // CHECK-DAG: %[[DX:.*]] = plan.get @dx
  // CHECK-DAG: %[[GRADIENT:.*]] = plan.get @gradient.w
  // CHECK: plan.launch @fill_{{[0-9a-f]+}}(%[[ONE:.*]]) :
  // CHECK: %[[LEFT:.*]] = plan.view %[[XY:.*]] from 0 : memref<8x20xf32> to memref<8x16xf32, strided<[20, 1]>>
  // CHECK: plan.launch @copy_columns_{{[0-9a-f]+}}(%[[X]], %[[LEFT]])
  // CHECK: %[[RIGHT:.*]] = plan.view %[[XY]] from 16 : memref<8x20xf32> to memref<8x4xf32, strided<[20, 1]>>
  // CHECK: plan.launch @copy_columns_{{[0-9a-f]+}}(%[[Y]], %[[RIGHT]])
  // CHECK: plan.launch @copy_columns_{{[0-9a-f]+}}(%{{.*}}, %[[U:.*]]) : memref<8x16xf32, strided<[20, 1]>>, memref<8x16xf32>
  // CHECK: plan.launch @copy_columns_{{[0-9a-f]+}}(%{{.*}}, %{{.*}}) : memref<8x4xf32, strided<[20, 1]>>, memref<8x4xf32>
  // CHECK: plan.launch @embedding_grad_{{[0-9a-f]+}}(%[[IDS]], %[[X]], %[[BETA]], %[[GRADIENT]],
  // CHECK: plan.launch @embedding_grad_{{[0-9a-f]+}}(%[[IDS]], %[[U]], %[[ONE]], %[[GRADIENT]],
  // CHECK: plan.launch @qk_norm_rope_grad_{{[0-9a-f]+}}(%{{[^:]*}}) : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>, memref<4xf32>, memref<4xf32>, memref<8xi32>, memref<8x8xf32>, memref<8x16xf32>, memref<8x16xf32>{{$}}
  // CHECK: plan.launch @rms_norm_grad_{{[0-9a-f]+}}(%[[X]], %{{.*}}, %{{.*}}, %{{.*}}, %[[DX]]) :
  %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
  %xy = step37.join_columns %x, %y : (tensor<8x16xf32>, tensor<8x4xf32>) -> tensor<8x20xf32>
  %u, %z = step37.split_columns %xy : (tensor<8x20xf32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  %dw1 = step37.embedding_grad %ids, %x : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xf32>
  step37.accumulate_gradient @gradient.w, %dw1, %beta : tensor<32x16xf32>, tensor<1xf32>
  %dw2 = step37.embedding_grad %ids, %u : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xf32>
  step37.accumulate_gradient @gradient.w, %dw2, %one : tensor<32x16xf32>, tensor<1xf32>
  %dq, %dk = step37.qk_norm_rope_grad %x, %x, %x, %u, %n, %n, %ids, %rn {eps = 1.0e-5 : f64, head_dim = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4 : i64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>, tensor<8x8xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  %dx = step37.rms_norm_grad %x, %dq, %v, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> tensor<8x16xf32>
  return %dx : tensor<8x16xf32>
}
