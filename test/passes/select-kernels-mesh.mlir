// Steps of what only cut programs have: exchange, coordinates, windows of rows, gradients and parameters
// in parts. What lies on ranks says so in its buffer.
// RUN: step37-opt %s -step37-select-kernels=target=host | FileCheck %s
// RUN: step37-opt %s -step37-select-kernels=target=host -step37-to-planned

step37.parameter @w : tensor<16x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["tp"], []], whole = [32, 16]>]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
step37.state optimizer "master" @master.w of @w : tensor<128xf32> partial ["dp"]
step37.state optimizer "moment1" @moment1.w of @w : tensor<128xf32> partial ["dp"]
step37.state optimizer "moment2" @moment2.w of @w : tensor<128xf32> partial ["dp"]
// CHECK-DAG: plan.buffer input io @x : memref<8x16xf32> split {{\[\[}}"dp"], []]
// CHECK-DAG: plan.buffer output io @y : memref<4x16xf32> split {{\[\[}}"dp", "tp"], []]
// CHECK-DAG: plan.buffer scalar io @coordinate.tp : memref<1xi32> coordinate ["tp"]
// CHECK-DAG: plan.buffer scalar io @coordinate.dp : memref<1xi32> coordinate ["dp"]
// A collective's elements are those of a rank's smaller side, or of what each rank sends another.
// CHECK-DAG: plan.kernel @[[REDUCE:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["tp"], elements = 128 : i64, exchange = "all_reduce", ranks = 2 : i64, type = "f32"} arguments [{{.*}}"in" read f32 x 128, in_place_of = -1>, {{.*}}"out" write f32 x 128, in_place_of = 0>]
// CHECK-DAG: plan.kernel @[[GATHER:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp", "tp"], elements = 128 : i64, exchange = "all_gather", ranks = 4 : i64, type = "f32"} arguments [{{.*}}"in" read f32 x 128, {{.*}}"out" write f32 x 512,
// CHECK-DAG: plan.kernel @[[TOALL:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp"], elements = 256 : i64, exchange = "all_to_all", ranks = 2 : i64, type = "f32"} arguments [{{.*}}"in" read f32 x 512, {{.*}}"out" write f32 x 512,
// CHECK-DAG: plan.kernel @[[SCATTER:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp", "tp"], elements = 128 : i64, exchange = "reduce_scatter", ranks = 4 : i64, type = "f32"} arguments [{{.*}}"in" read f32 x 512, {{.*}}"out" write f32 x 128,
// CHECK-DAG: plan.kernel @[[WINDOW:expert_window_[0-9a-f]+]] "expert_window" {{.*}} spec {first = 8 : i64, groups = 4 : i64, rows = 8 : i64, slots = 16 : i64}
// CHECK-DAG: plan.kernel @[[PART:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp"], elements = 128 : i64, exchange = "reduce_scatter", ranks = 2 : i64, type = "f32"}
// CHECK-DAG: plan.kernel @[[ADAMW:adamw_[0-9a-f]+]] "adamw" {{.*}} spec {copy = true, decay = true, elements = 128 : i64, grad_type = "f32", type = "f32"}
// CHECK-DAG: plan.kernel @[[NEW:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp"], elements = 128 : i64, exchange = "all_gather", ranks = 2 : i64, type = "f32"}
// CHECK-DAG: plan.kernel @[[SUM:collective_[0-9a-f]+]] "collective" {{.*}} spec {axes = ["dp"], elements = 256 : i64, exchange = "all_reduce", ranks = 2 : i64, type = "f32"}
// A part of a gradient is one of two rows of a table.
// CHECK-DAG: plan.kernel @[[TAKE:take_rows_[0-9a-f]+]] "take_rows" {{.*}} spec {cols = 128 : i64, rows = 1 : i64, total_rows = 2 : i64, type = "f32"}

// CHECK: plan.program "exchange" {
// CHECK-DAG: %[[X:.*]] = plan.get @x
// CHECK-DAG: %[[IDS:.*]] = plan.get @ids
// CHECK-DAG: %[[C:.*]] = plan.get @coordinate.tp
// CHECK-DAG: %[[LOCAL:.*]] = plan.get @local
// CHECK-DAG: %[[Y:.*]] = plan.get @y
// CHECK: plan.launch @localize_ids_{{[0-9a-f]+}}(%[[IDS]], %[[C]], %[[LOCAL]])
// CHECK: plan.collective @[[REDUCE]](%[[X]], %[[A:.*]]) : memref<8x16xf32>, memref<8x16xf32>
// CHECK: plan.collective @[[GATHER]](%[[A]], %[[B:.*]]) : memref<8x16xf32>, memref<32x16xf32>
// CHECK: plan.collective @[[TOALL]](%[[B]], %[[D:.*]]) :
// CHECK: plan.collective @[[SCATTER]](%[[D]], %[[E:.*]]) :
// CHECK: plan.collective @collective_{{[0-9a-f]+}}(%[[E]], %[[Y]]) :
func.func @exchange(%x: tensor<8x16xf32> {step37.name = "x", step37.class = "input", step37.split = [["dp"], []]}, %ids: tensor<8xi32> {step37.name = "ids", step37.class = "input", step37.split = [["dp"]]}) -> (tensor<4x16xf32> {step37.name = "y", step37.split = [["dp", "tp"], []]}, tensor<8xi32> {step37.name = "local", step37.split = [["dp"]]}) {
  %c = step37.coordinate {axes = ["tp"]} : tensor<1xi32>
  %w = step37.read @w : tensor<16x16xf32>
  %local = step37.localize_ids %ids, %c {size = 16 : i64} : (tensor<8xi32>, tensor<1xi32>) -> tensor<8xi32>
  %a = step37.all_reduce %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %b = step37.all_gather %a {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<8x16xf32>) -> tensor<32x16xf32>
  %d = step37.all_to_all %b {axes = ["dp"], ranks = 2 : i64} : (tensor<32x16xf32>) -> tensor<32x16xf32>
  %e = step37.reduce_scatter %d {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<32x16xf32>) -> tensor<8x16xf32>
  %y = step37.reduce_scatter %e {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
  return %y, %local : tensor<4x16xf32>, tensor<8xi32>
}
// CHECK: plan.program "rows" {
// CHECK-DAG: %[[SLOTS:.*]] = plan.get @slots
// CHECK-DAG: %[[OFFSETS:.*]] = plan.get @offsets
// CHECK: plan.launch @[[WINDOW]](%[[OFFSETS]], %[[SLOTS]], %{{.*}}, %{{.*}})
// CHECK: %[[OWN:.*]] = plan.view %[[SLOTS]] from 8 : memref<16xi32> to memref<8xi32, strided<[1]>>
// CHECK: plan.launch @dispatch_{{[0-9a-f]+}}(%{{[^,]*}}, %[[OWN]], %{{.*}})
func.func @rows(%slots: tensor<16xi32> {step37.name = "slots", step37.class = "input"}, %offsets: tensor<5xi32> {step37.name = "offsets", step37.class = "input"}, %x: tensor<8x16xf32> {step37.name = "rows_x", step37.class = "input"}) -> (tensor<8x16xf32> {step37.name = "rows"}) {
  %o, %s = step37.expert_window %offsets, %slots {first = 8 : i64, rows = 8 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
  %own = tensor.extract_slice %slots[8] [8] [1] : tensor<16xi32> to tensor<8xi32>
  %rows = step37.dispatch %x, %own, %s : (tensor<8x16xf32>, tensor<8xi32>, tensor<16xi32>) -> tensor<8x16xf32>
  return %rows : tensor<8x16xf32>
}
// CHECK: plan.program "update" {
// CHECK-DAG: %[[W:.*]] = plan.get @w
// CHECK-DAG: %[[G:.*]] = plan.get @gradient.w
// CHECK: plan.collective @[[PART]](%[[G]], %[[OWN:.*]]) : memref<16x16xf32>, memref<128xf32>
// Members of a list are made in it.
// CHECK: plan.launch @sum_of_squares_{{[0-9a-f]+}}(%[[OWN]], %[[S1:.*]]) :
// CHECK: %[[S2:.*]] = plan.view %[[LIST:.*]] from 1 : memref<2xf32> to memref<1xf32, strided<[1]>>
// CHECK: plan.launch @sum_of_squares_{{[0-9a-f]+}}(%[[OWN]], %[[S2]]) :
// CHECK: plan.launch @reduce_sum_{{[0-9a-f]+}}(%[[LIST]], %{{.*}})
// CHECK: plan.launch @[[ADAMW]](%[[OWN]], %{{.*}}, %[[UPDATED:[^,]*]]) :
// CHECK: plan.collective @[[NEW]](%[[UPDATED]], %[[W]]) : memref<128xf32>, memref<16x16xf32>
func.func @update(%hyper: tensor<1xf32> {step37.name = "hyper", step37.class = "scalar"}, %max: tensor<1xf32> {step37.name = "max_norm", step37.class = "scalar"}) -> (tensor<1xf32> {step37.name = "grad_norm"}) {
  %part = step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  %s1 = step37.sum_of_squares %part : (tensor<128xf32>) -> tensor<1xf32>
  %s2 = step37.sum_of_squares %part : (tensor<128xf32>) -> tensor<1xf32>
  %list = tensor.concat dim(0) %s1, %s2 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
  %total = step37.sum_elements %list : (tensor<2xf32>) -> tensor<1xf32>
  %norm, %clip = step37.global_norm %total, %max : (tensor<1xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
  %new = step37.adamw @w gradient %part moments @moment1.w, @moment2.w master @master.w learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<128xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<128xf32>
  step37.gather_parameter @w, %new {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  return %norm : tensor<1xf32>
}
// CHECK: plan.program "whole_state" {
// CHECK-DAG: %[[G:.*]] = plan.get @gradient.w
// CHECK-DAG: %[[C:.*]] = plan.get @coordinate.dp
// CHECK: plan.collective @[[SUM]](%[[G]], %[[G]])
// CHECK: plan.launch @[[TAKE]](%[[G]], %[[C]], %{{.*}})
func.func @whole_state() {
  %c = step37.coordinate {axes = ["dp"]} : tensor<1xi32>
  step37.reduce_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64}
  %part = step37.gradient_part @gradient.w, %c : tensor<1xi32> -> tensor<128xf32>
  %s = step37.sum_of_squares %part : (tensor<128xf32>) -> tensor<1xf32>
  return
}
// CHECK: plan.parameter @w trained true gradient @gradient.w states [#plan.state<"master" @master.w>, #plan.state<"moment1" @moment1.w>, #plan.state<"moment2" @moment2.w>] parts [{{.*}} split = {{\[\[}}"tp"], []], whole = [32, 16]>] gradient_partial ["dp"] state_split ["dp"]
