// The gradient's sweep gives the loss as well, if all that uses the loss comes later.
// RUN: step37-opt %s -step37-fuse-loss-gradient | FileCheck %s

// CHECK-LABEL: func.func @fused(
func.func @fused(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>) {
  // CHECK-NOT: step37.lm_loss %
  // CHECK: %[[LOSS:.*]], %[[TOKENS:.*]], %{{.*}}, %{{.*}} = step37.lm_loss_grad
  // CHECK-NEXT: return %[[LOSS]], %[[TOKENS]]
  %loss, %tokens = step37.lm_loss %x, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %0:4 = step37.lm_loss_grad %x, %w, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xf32>)
  return %loss, %tokens : tensor<1xf32>, tensor<8xf32>
}

// The scale depends on the loss: it must be there first.
// CHECK-LABEL: func.func @used_before(
func.func @used_before(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[LOSS:.*]], %{{.*}} = step37.lm_loss %
  // CHECK: step37.lm_loss_grad
  // CHECK: return %[[LOSS]]
  %loss, %tokens = step37.lm_loss %x, %w, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %twice = step37.add %loss, %loss : tensor<1xf32>
  %0:4 = step37.lm_loss_grad %x, %w, %labels, %weights, %twice : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xf32>)
  return %loss : tensor<1xf32>
}

// Another head, or other labels, is another loss.
// CHECK-LABEL: func.func @other_operands(
func.func @other_operands(%x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %v: tensor<32x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[LOSS:.*]], %{{.*}} = step37.lm_loss %
  // CHECK: step37.lm_loss_grad
  // CHECK: return %[[LOSS]]
  %loss, %tokens = step37.lm_loss %x, %v, %labels, %weights : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %0:4 = step37.lm_loss_grad %x, %w, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xf32>)
  return %loss : tensor<1xf32>
}

// One value as hidden state and head: the loss uses it twice.
// CHECK-LABEL: func.func @same_value_twice(
func.func @same_value_twice(%x: tensor<8x16xf32>, %labels: tensor<8xi32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK-NOT: step37.lm_loss %
  // CHECK: %[[LOSS:.*]], %{{.*}}, %{{.*}}, %{{.*}} = step37.lm_loss_grad
  // CHECK: return %[[LOSS]]
  %loss, %tokens = step37.lm_loss %x, %x, %labels, %weights : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  %0:4 = step37.lm_loss_grad %x, %x, %labels, %weights, %scale : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<8x16xf32>)
  return %loss : tensor<1xf32>
}
