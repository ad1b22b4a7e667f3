// The examples of ExpertExchangeOps.td, printed and read again.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// CHECK-LABEL: func.func @logical
func.func @logical(%chosen: tensor<8x2xi32>, %rows: tensor<16x16xf32>) {
  // CHECK: step37.place_rows %{{.*}} : (tensor<8x2xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<5xi32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  %row_slot, %slot_row, %bounds, %offsets, %source_row, %received_row = step37.place_rows %chosen : (tensor<8x2xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<5xi32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  // CHECK: step37.send_rows %{{.*}} : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %sent = step37.send_rows %rows, %bounds, %source_row, %received_row : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  // CHECK: step37.return_rows %{{.*}} : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  %back = step37.return_rows %sent, %bounds, %source_row, %received_row : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
  return
}

// CHECK-LABEL: func.func @local
func.func @local(%rows: tensor<16x8xf32>, %bounds: tensor<10xi32>, %c: tensor<1xi32>) {
  // CHECK: step37.received_rows %{{.*}} {first = 8 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<24xi32>, tensor<24xi32>)
  %offsets, %source_row, %received_row = step37.received_rows %bounds, %c {first = 8 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<24xi32>, tensor<24xi32>)
  // CHECK: step37.counted_send %{{.*}} {axes = ["dp"], first = 8 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<24x8xf32>
  %received = step37.counted_send %rows, %bounds {axes = ["dp"], first = 8 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<24x8xf32>
  // CHECK: step37.counted_return %{{.*}} {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<24x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
  %first = step37.counted_return %received, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<24x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
  // CHECK: step37.counted_return %{{.*}} : (tensor<24x8xf32>, tensor<10xi32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  %all = step37.counted_return %received, %bounds, %first {axes = ["dp"], first = 8 : i64, ranks = 2 : i64} : (tensor<24x8xf32>, tensor<10xi32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return
}
