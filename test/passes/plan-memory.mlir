// Offsets: lasting buffers first, then each program's temporaries by size at the lowest free place.
// RUN: step37-opt %s -step37-share-storage -step37-plan-memory | FileCheck %s
// RUN: step37-opt %s -step37-to-planned | FileCheck %s
// The same input gives the same bytes.
// RUN: step37-opt %s -step37-share-storage -step37-plan-memory > %t.1
// RUN: step37-opt %s -step37-share-storage -step37-plan-memory > %t.2
// RUN: cmp %t.1 %t.2

// Every buffer starts at a multiple of 64 bytes; 20 floats take 128.
// CHECK: module attributes {plan.arena_bytes = 1024 : i64}
// CHECK: @in : memref<16xf32> offset 0
// CHECK: @w : memref<20xf32> offset 64
// CHECK: @out : memref<16xf32> offset 192
plan.buffer input io @in : memref<16xf32>
plan.buffer parameter weights @w : memref<20xf32>
plan.buffer output io @out : memref<16xf32>

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.kernel @scale "scale" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = 0>]
plan.kernel @blend "blend" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"z" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = 0>]
plan.kernel @wide "wide" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 64, in_place_of = -1>]
plan.kernel @pick "pick" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 52, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]

// %a lives in steps 0 to 1, %b in 1 to 2, %c in 2 to 3: %c takes %a's place. What no step uses goes.
// CHECK: plan.program "lifetimes"
// CHECK-NOT: plan.view
// CHECK: %[[A:.*]] = plan.temporary activations : memref<16xf32> offset 256
// CHECK-NEXT: %[[B:.*]] = plan.temporary activations : memref<16xf32> offset 320
// CHECK-NEXT: %[[C:.*]] = plan.temporary activations : memref<16xf32> offset 256
// CHECK-NOT: plan.temporary
plan.program "lifetimes" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %unused = plan.temporary workspace : memref<1024xf32>
  %view = plan.view %unused from 8 : memref<1024xf32> to memref<8xf32>
  %a = plan.temporary activations : memref<16xf32>
  %b = plan.temporary activations : memref<16xf32>
  %c = plan.temporary activations : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%a, %b) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%b, %c) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%c, %out) : memref<16xf32>, memref<16xf32>
}

// A chain in place needs one buffer, in the region that the first program used.
// CHECK: plan.program "in_place"
// CHECK: %[[T:.*]] = plan.temporary activations : memref<16xf32> offset 256
// CHECK-NOT: plan.temporary
// CHECK: plan.launch @copy(%[[IN:.*]], %[[T]])
// CHECK: plan.launch @scale(%[[T]], %[[T]])
// CHECK: plan.launch @scale(%[[T]], %[[T]])
// CHECK: plan.launch @copy(%[[T]],
plan.program "in_place" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32>
  %b = plan.temporary activations : memref<16xf32>
  %c = plan.temporary activations : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.launch @scale(%a, %b) : memref<16xf32>, memref<16xf32>
  plan.launch @scale(%b, %c) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%c, %out) : memref<16xf32>, memref<16xf32>
}

// Not in place: the argument is read later; it is no temporary; the step reads it twice; the step
// reads a view of it, whose elements are not the ones that are written at the time.
// CHECK: plan.program "not_in_place"
// CHECK: plan.launch @copy(%[[IN:.*]], %[[A:.*]]) :
// CHECK: plan.launch @scale(%[[A]], %[[B:.*]]) :
// CHECK-NOT: plan.launch @blend(%[[B]], %[[B]], %[[B]])
// CHECK: plan.launch @blend(%[[B]], %[[B]], %[[C:.*]]) :
// CHECK: plan.launch @blend(%[[C]], %[[A]], %[[C]]) :
// CHECK: plan.launch @scale(%[[IN]], %[[D:.*]]) :
plan.program "not_in_place" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32>
  %b = plan.temporary activations : memref<16xf32>
  %c = plan.temporary activations : memref<16xf32>
  %d = plan.temporary activations : memref<16xf32>
  %e = plan.temporary activations : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.launch @scale(%a, %b) : memref<16xf32>, memref<16xf32>
  plan.launch @blend(%b, %b, %c) : memref<16xf32>, memref<16xf32>, memref<16xf32>
  plan.launch @blend(%c, %a, %d) : memref<16xf32>, memref<16xf32>, memref<16xf32>
  plan.launch @scale(%in, %e) : memref<16xf32>, memref<16xf32>
  plan.launch @blend(%d, %e, %out) : memref<16xf32>, memref<16xf32>, memref<16xf32>
}

// A view keeps its source alive: %small does not move under it. The larger buffer is placed first.
// CHECK: plan.program "views"
// CHECK: %[[WIDE:.*]] = plan.temporary activations : memref<4x16xf32> offset 256
// CHECK: %[[SMALL:.*]] = plan.temporary activations : memref<16xf32> offset 512
plan.program "views" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %wide = plan.temporary activations : memref<4x16xf32>
  %small = plan.temporary activations : memref<16xf32>
  %columns = plan.view %wide from 12 : memref<4x16xf32> to memref<4x4xf32, strided<[16, 1]>>
  plan.launch @wide(%in, %wide) : memref<16xf32>, memref<4x16xf32>
  plan.launch @copy(%in, %small) : memref<16xf32>, memref<16xf32>
  plan.launch @pick(%columns, %out) : memref<4x4xf32, strided<[16, 1]>>, memref<16xf32>
  plan.launch @copy(%small, %out) : memref<16xf32>, memref<16xf32>
}

// The arena is what the largest program needs: 4 wide ones less one that reuses a place.
// CHECK: plan.program "largest"
plan.program "largest" {
  %in = plan.get @in : memref<16xf32>
  %a = plan.temporary activations : memref<64xf32>
  %b = plan.temporary activations : memref<64xf32>
  %c = plan.temporary activations : memref<64xf32>
  %d = plan.temporary activations : memref<64xf32>
  %v = plan.view %a from 0 : memref<64xf32> to memref<52xf32>
  %w = plan.view %b from 0 : memref<64xf32> to memref<16xf32>
  %x = plan.view %c from 0 : memref<64xf32> to memref<16xf32>
  plan.launch @wide(%in, %a) : memref<16xf32>, memref<64xf32>
  plan.launch @wide(%in, %b) : memref<16xf32>, memref<64xf32>
  plan.launch @pick(%v, %w) : memref<52xf32>, memref<16xf32>
  plan.launch @wide(%w, %c) : memref<16xf32>, memref<64xf32>
  plan.launch @wide(%w, %d) : memref<16xf32>, memref<64xf32>
  plan.launch @copy(%x, %x) : memref<16xf32>, memref<16xf32>
}
