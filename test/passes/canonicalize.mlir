// A sum of one value is that value; a longer one stays, since it rounds once.
// RUN: step37-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @sums(
// CHECK-SAME: %[[A:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>)
func.func @sums(%a: tensor<8xf32>, %b: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK-NEXT: %[[SUM:.*]] = step37.add %[[A]], %[[B]], %[[A]]
  // CHECK-NEXT: return %[[A]], %[[SUM]]
  %0 = step37.add %a : tensor<8xf32>
  %1 = step37.add %a, %b, %0 : tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// What has no use and no effect goes; what touches a state stays.
// CHECK-LABEL: func.func @unused(
func.func @unused(%a: tensor<8xf32>) {
  // CHECK-NEXT: step37.write @s
  // CHECK-NEXT: return
  %0 = step37.add %a, %a : tensor<8xf32>
  step37.write @s, %a : tensor<8xf32>
  return
}
step37.state activation @s : tensor<8xf32>
