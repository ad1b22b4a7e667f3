// What a step of the exchange stream touches lives from behind what it has waited for until stream 0 has
// waited for it.
// RUN: step37-opt %s -step37-plan-memory -step37-verify-planned | FileCheck %s

plan.buffer input io @in : memref<16xf32>
plan.buffer output io @out : memref<16xf32>
plan.buffer output io @other : memref<16xf32>
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]

// Step 1 may run beside steps 2 and 3, so that nothing takes the place of %a before step 4.
// CHECK: plan.program "late"
// CHECK: %[[A:.*]] = plan.temporary activations : memref<16xf32> offset 192
// CHECK-NEXT: %[[B:.*]] = plan.temporary activations : memref<16xf32> offset 256
// CHECK-NEXT: %[[C:.*]] = plan.temporary activations : memref<16xf32> offset 320
// CHECK-NEXT: %[[D:.*]] = plan.temporary activations : memref<16xf32> offset 192
plan.program "late" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %other = plan.get @other : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32>
  %b = plan.temporary activations : memref<16xf32>
  %c = plan.temporary activations : memref<16xf32>
  %d = plan.temporary activations : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%a, %b) stream 1 after [0] : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %c) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%c, %other) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%b, %out) after [1] : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %d) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%d, %out) : memref<16xf32>, memref<16xf32>
}

// Step 2 waits for nothing: it may run beside steps 0 and 1, and nobody waits for it before the end.
// CHECK: plan.program "early"
// CHECK: %[[A:.*]] = plan.temporary activations : memref<16xf32> offset 192
// CHECK-NEXT: %[[B:.*]] = plan.temporary activations : memref<16xf32> offset 256
// CHECK-NEXT: %[[C:.*]] = plan.temporary activations : memref<16xf32> offset 192
plan.program "early" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %other = plan.get @other : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32>
  %b = plan.temporary activations : memref<16xf32>
  %c = plan.temporary activations : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%a, %out) : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%in, %b) stream 1 : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%b, %other) stream 1 : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %c) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%c, %out) : memref<16xf32>, memref<16xf32>
}
