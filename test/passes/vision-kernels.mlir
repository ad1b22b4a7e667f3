// The steps of the operations of a vision tower: one launch of patches and of attention for each group
// of images, with the rows that are theirs.
// RUN: step37-opt %s -split-input-file -step37-select-kernels=target=host | FileCheck %s
// What is selected can be placed.
// RUN: step37-opt %s -split-input-file -step37-select-kernels=target=host -step37-to-planned

step37.parameter @w : tensor<36x12xf32> trained true decay true parts [#step37.part<"w", f32, [36, 12], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK-DAG: plan.kernel @[[VIEWS:patches_[0-9a-f]+]] "patches" {{.*}} spec {channels = 3 : i64, class_token = false, height = 4 : i64, images = 1 : i64, patch = 2 : i64, type = "f32", width = 4 : i64}
// CHECK-DAG: plan.kernel @[[CROPS:patches_[0-9a-f]+]] "patches" {{.*}} spec {channels = 3 : i64, class_token = false, height = 2 : i64, images = 3 : i64
// CHECK-DAG: plan.kernel @[[OFVIEWS:attention_[0-9a-f]+]] "attention" {{.*}} spec {causal = false, gate_stride = 0 : i64, gated = false, {{.*}} seq_len = 4 : i64, tokens = 4 : i64, type = "f32", v_stride = 36 : i64, window = 0 : i64}
// CHECK-DAG: plan.kernel @[[OFCROPS:attention_[0-9a-f]+]] "attention" {{.*}} spec {causal = false, {{.*}} seq_len = 1 : i64, tokens = 3 : i64
// CHECK: plan.program "eval" {
func.func @eval(%views: tensor<1x3x4x4xf32> {step37.name = "pixel_values", step37.class = "input"}, %crops: tensor<3x3x2x2xf32> {step37.name = "pixel_values_local", step37.class = "input"}) -> (tensor<7x12xf32> {step37.name = "out"}) {
  // CHECK-DAG: %[[PIXELS:.*]] = plan.get @pixel_values :
  // CHECK-DAG: %[[LOCAL:.*]] = plan.get @pixel_values_local :
  // CHECK-DAG: %[[OUT:.*]] = plan.get @out :
  // CHECK: %[[ROWS:.*]] = plan.temporary{{ +}}activations : memref<7x12xf32>
  // CHECK: %[[FIRST:.*]] = plan.view %[[ROWS]]
  // CHECK: plan.launch @[[VIEWS]](%[[PIXELS]], %[[FIRST]])
  // CHECK: %[[LAST:.*]] = plan.view %[[ROWS]]
  // CHECK: plan.launch @[[CROPS]](%[[LOCAL]], %[[LAST]])
  %x = step37.patches %views, %crops {patch = 2} : (tensor<1x3x4x4xf32>, tensor<3x3x2x2xf32>) -> tensor<7x12xf32>
  %w = step37.read @w : tensor<36x12xf32>
  %packed = step37.matmul %x, %w {transpose_b} : (tensor<7x12xf32>, tensor<36x12xf32>) -> tensor<7x36xf32>
  %v = tensor.extract_slice %packed[0, 24] [7, 12] [1, 1] : tensor<7x36xf32> to tensor<7x12xf32>
  // CHECK: plan.launch @[[OFVIEWS]]
  // CHECK: plan.launch @[[OFCROPS]]
  %out, %lse = step37.image_attention %x, %x, %v {grids = array<i64: 1, 2, 2, 3, 1, 1>, head_dim = 4, scale = 0.5 : f64} : (tensor<7x12xf32>, tensor<7x12xf32>, tensor<7x12xf32>) -> (tensor<7x12xf32>, tensor<7x3xf32>)
  return %out : tensor<7x12xf32>
}
