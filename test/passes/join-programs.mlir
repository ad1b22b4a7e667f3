// The last micro-batch and the update as one program, where the update exchanges data.
// RUN: step37-opt %s -split-input-file -step37-join-programs | FileCheck %s

// CHECK-LABEL: plan.program "accumulate" {
// CHECK-LABEL: plan.program "update" {
// CHECK-LABEL: plan.program "accumulate_update" {
// CHECK: %[[G:.*]] = plan.get @gradient
// CHECK: %[[T:.*]] = plan.temporary
// CHECK: plan.launch @write(%[[G]])
// CHECK: plan.launch @write(%[[T]])
// CHECK: %[[H:.*]] = plan.get @gradient
// CHECK: plan.collective @sum(%[[H]])
// CHECK-LABEL: plan.program "eval" {
plan.buffer state gradients @gradient : memref<8xf32>
plan.kernel @write "fill" variant "" reason "" spec {} arguments [#plan.argument<"x" write f32 x 8, in_place_of = -1>]
plan.kernel @sum "collective" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "accumulate" {
  %g = plan.get @gradient : memref<8xf32>
  %t = plan.temporary activations : memref<8xf32>
  plan.launch @write(%g) : memref<8xf32>
  plan.launch @write(%t) : memref<8xf32>
}
plan.program "update" {
  %g = plan.get @gradient : memref<8xf32>
  plan.collective @sum(%g) : memref<8xf32>
}
plan.program "eval" {
}

// -----

// One rank.
// CHECK-LABEL: plan.program "accumulate" {
// CHECK-NOT: plan.program "accumulate_update"
plan.program "accumulate" {
}
plan.program "update" {
}
