// Every operation of the plan dialect is read, printed and read again, as text and as bytecode.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// CHECK: plan.buffer parameter weights @w : memref<32x16xf32>
// CHECK-NEXT: plan.buffer state gradients @gradient.w : memref<32x16xf32> offset 2048
// CHECK-NEXT: plan.buffer state optimizer @moment1.w : memref<32x16xf32>
// CHECK-NEXT: plan.buffer state activations @hidden : memref<8x16xbf16>
// CHECK-NEXT: plan.buffer scalar io @beta : memref<1xf32>
// CHECK-NEXT: plan.buffer input io @ids : memref<8xi32>
// CHECK-NEXT: plan.buffer output io @logits : memref<8x32xf32>
plan.buffer parameter weights @w : memref<32x16xf32>
plan.buffer state gradients @gradient.w : memref<32x16xf32> offset 2048
plan.buffer state optimizer @moment1.w : memref<32x16xf32>
plan.buffer state activations @hidden : memref<8x16xbf16>
plan.buffer scalar io @beta : memref<1xf32>
plan.buffer input io @ids : memref<8xi32>
plan.buffer output io @logits : memref<8x32xf32>
// Of several ranks: what a rank has of an input, and where it is along axes of the mesh.
// CHECK-NEXT: plan.buffer input io @part : memref<8xi32> offset 4096 split {{\[\[}}"dp", "tp"]]
// CHECK-NEXT: plan.buffer scalar io @coordinate.dp : memref<1xi32> coordinate ["dp"]
plan.buffer input io @part : memref<8xi32> offset 4096 split [["dp", "tp"]]
plan.buffer scalar io @coordinate.dp : memref<1xi32> coordinate ["dp"]

// CHECK: plan.kernel @embed "embedding" variant "host" reason "the only one" spec {tokens = 8 : i64, width = 16 : i64} arguments [#plan.argument<"ids" read i32 x 8, in_place_of = -1>, #plan.argument<"table" read f32 x 512, in_place_of = -1>, #plan.argument<"out" write f32 x 128, in_place_of = -1>]
plan.kernel @embed "embedding" variant "host" reason "the only one" spec {tokens = 8 : i64, width = 16 : i64} arguments [#plan.argument<"ids" read i32 x 8, in_place_of = -1>, #plan.argument<"table" read f32 x 512, in_place_of = -1>, #plan.argument<"out" write f32 x 128, in_place_of = -1>]
// CHECK: plan.kernel @scale "scale" {{.*}} arguments [#plan.argument<"x" read_write f32 x 128, in_place_of = -1>]
plan.kernel @scale "scale" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 128, in_place_of = -1>]
// CHECK: plan.kernel @product "gemm" {{.*}} in_place_of = 0>]
plan.kernel @product "gemm" variant "host" reason "" spec {} arguments [#plan.argument<"a" read f32 x 128, in_place_of = -1>, #plan.argument<"c" write f32 x 128, in_place_of = 0>]

// CHECK: plan.parameter @w trained true gradient @gradient.w states [#plan.state<"moment1" @moment1.w>] parts []
plan.parameter @w trained true gradient @gradient.w states [#plan.state<"moment1" @moment1.w>] parts []
// CHECK: plan.parameter @w trained false states [] parts ["opaque"]
plan.parameter @w trained false states [] parts ["opaque"]

// CHECK: plan.kernel @gather "collective" {{.*}} spec {axes = ["dp"], exchange = "all_gather"}
plan.kernel @gather "collective" variant "host" reason "" spec {axes = ["dp"], exchange = "all_gather"} arguments [#plan.argument<"in" read f32 x 128, in_place_of = -1>, #plan.argument<"out" write f32 x 256, in_place_of = -1>]
// CHECK: plan.parameter @w trained true gradient @gradient.w states [] parts [] gradient_partial ["dp"] state_split ["dp", "tp"]
plan.parameter @w trained true gradient @gradient.w states [] parts [] gradient_partial ["dp"] state_split ["dp", "tp"]

// An output may be called like the program that writes it.
// CHECK: plan.program "logits" {
plan.program "logits" {
  // CHECK-NEXT: %[[IDS:.*]] = plan.get @ids : memref<8xi32>
  %ids = plan.get @ids : memref<8xi32>
  // CHECK-NEXT: %[[W:.*]] = plan.get @w : memref<32x16xf32>
  %w = plan.get @w : memref<32x16xf32>
  // CHECK-NEXT: %[[X:.*]] = plan.temporary activations : memref<8x16xf32>
  %x = plan.temporary activations : memref<8x16xf32>
  // CHECK-NEXT: %[[S:.*]] = plan.temporary workspace : memref<8x48xf32> offset 4096
  %s = plan.temporary workspace : memref<8x48xf32> offset 4096
  // CHECK-NEXT: %[[V:.*]] = plan.view %[[S]] from 16 : memref<8x48xf32> to memref<8x16xf32, strided<[48, 1]>>
  %v = plan.view %s from 16 : memref<8x48xf32> to memref<8x16xf32, strided<[48, 1]>>
  // CHECK-NEXT: plan.launch @embed(%[[IDS]], %[[W]], %[[X]]) : memref<8xi32>, memref<32x16xf32>, memref<8x16xf32>
  plan.launch @embed(%ids, %w, %x) : memref<8xi32>, memref<32x16xf32>, memref<8x16xf32>
  // CHECK-NEXT: plan.gemm @product(%[[X]], %[[V]]) : memref<8x16xf32>, memref<8x16xf32, strided<[48, 1]>>
  plan.gemm @product(%x, %v) : memref<8x16xf32>, memref<8x16xf32, strided<[48, 1]>>
  // CHECK: plan.collective @gather(%[[X]], %{{.*}}) : memref<8x16xf32>, memref<16x16xf32>
  %all = plan.temporary activations : memref<16x16xf32>
  plan.collective @gather(%x, %all) : memref<8x16xf32>, memref<16x16xf32>
}
