// One case for every numbered constraint of the plan dialect; a symbol or program is called like the
// operation and the constraint that it breaks.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

// expected-error @below {{violates C1: the offset must be a multiple of 64 and not negative}}
plan.buffer state gradients @buffer_c1 : memref<4xf32> offset 32

// -----

// expected-error @below {{violates C1: the offset must be a multiple of 64 and not negative}}
plan.buffer state gradients @buffer_c1_negative : memref<4xf32> offset -64

// -----

plan.program "temporary_c1" {
  // expected-error @below {{violates C1: the offset must be a multiple of 64 and not negative}}
  %0 = plan.temporary activations : memref<4xf32> offset 1
}

// -----

// expected-error @below {{violates C1: argument 'x' must have elements, and take over only a read argument like it}}
plan.kernel @kernel_c1_elements "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 0, in_place_of = -1>]

// -----

// expected-error @below {{violates C1: argument 'y'}}
plan.kernel @kernel_c1_index "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = 2>]

// -----

// expected-error @below {{violates C1: argument 'y'}}
plan.kernel @kernel_c1_written "f" variant "" reason "" spec {} arguments [#plan.argument<"x" write f32 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = 0>]

// -----

// expected-error @below {{violates C1: argument 'y'}}
plan.kernel @kernel_c1_type "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read bf16 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = 0>]

// -----

// expected-error @below {{violates C1: 'memref.alloc' is no step, view, temporary or reference}}
plan.program "program_c1" {
  %0 = memref.alloc() : memref<4xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_stream" {
  %a = plan.temporary activations : memref<8xf32>
  // expected-error @below {{violates C2 of programs: stream 1 has all collectives and nothing else; a step waits for earlier steps of the other stream, in ascending order}}
  plan.collective @copy(%a) stream 2 : memref<8xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_own_stream" {
  %a = plan.temporary activations : memref<8xf32>
  plan.launch @copy(%a) : memref<8xf32>
  // expected-error @below {{violates C2 of programs}}
  plan.launch @copy(%a) after [0] : memref<8xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_launch" {
  %a = plan.temporary activations : memref<8xf32>
  // expected-error @below {{violates C2 of programs}}
  plan.launch @copy(%a) stream 1 : memref<8xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_both" {
  %a = plan.temporary activations : memref<8xf32>
  plan.collective @copy(%a) stream 1 : memref<8xf32>
  // expected-error @below {{violates C2 of programs}}
  plan.collective @copy(%a) : memref<8xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_later" {
  %a = plan.temporary activations : memref<8xf32>
  // expected-error @below {{violates C2 of programs}}
  plan.launch @copy(%a) after [1] : memref<8xf32>
  plan.collective @copy(%a) stream 1 : memref<8xf32>
}

// -----

plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>]
plan.program "program_c2_order" {
  %a = plan.temporary activations : memref<8xf32>
  plan.collective @copy(%a) stream 1 : memref<8xf32>
  plan.collective @copy(%a) stream 1 : memref<8xf32>
  // expected-error @below {{violates C2 of programs}}
  plan.launch @copy(%a) after [1, 0] : memref<8xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.program "get_c1" {
  // expected-error @below {{violates C1: the symbol must be a buffer of the result's type}}
  %0 = plan.get @x : memref<5xf32>
}

// -----

plan.program "view_c1" {
  %0 = plan.temporary activations : memref<8x16xf32>
  // expected-error @below {{violates C1: the view must lie inside its source}}
  %1 = plan.view %0 from 9 : memref<8x16xf32> to memref<8x8xf32, strided<[16, 1]>>
}

// -----

plan.program "view_c1_negative" {
  %0 = plan.temporary activations : memref<8x16xf32>
  // expected-error @below {{violates C1: the view must lie inside its source}}
  %1 = plan.view %0 from -1 : memref<8x16xf32> to memref<8xf32>
}

// -----

plan.program "view_c1_overflow" {
  %0 = plan.temporary activations : memref<8x16xf32>
  // expected-error @below {{violates C1: the view must lie inside its source}}
  %1 = plan.view %0 from 9223372036854775807 : memref<8x16xf32> to memref<8xf32>
}

// -----

plan.program "view_c1_type" {
  %0 = plan.temporary activations : memref<8x16xf32>
  // expected-error @below {{violates C1: the view must lie inside its source and have its element type}}
  %1 = plan.view %0 from 0 : memref<8x16xf32> to memref<8xbf16>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.program "launch_c1" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C1: no kernel of this name}}
  plan.launch @x(%0) : memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.kernel @k "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 4, in_place_of = -1>]
plan.program "launch_c2_count" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C2: the kernel takes 1 buffers}}
  plan.launch @k(%0, %0) : memref<4xf32>, memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.kernel @k "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 5, in_place_of = -1>]
plan.program "launch_c2_extent" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C2: argument 'x' does not fit its buffer}}
  plan.launch @k(%0) : memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.kernel @k "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read bf16 x 4, in_place_of = -1>]
plan.program "gemm_c2" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C2: argument 'x' does not fit its buffer}}
  plan.gemm @k(%0) : memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.program "gemm_c1" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C1: no kernel of this name}}
  plan.gemm @k(%0) : memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.program "collective_c1" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C1: no kernel of this name}}
  plan.collective @k(%0) : memref<4xf32>
}

// -----

plan.buffer input io @x : memref<4xf32>
plan.kernel @k "collective" variant "" reason "" spec {} arguments [#plan.argument<"in" read f32 x 4, in_place_of = -1>, #plan.argument<"out" write f32 x 8, in_place_of = -1>]
plan.program "collective_c2" {
  %0 = plan.get @x : memref<4xf32>
  // expected-error @below {{violates C2: argument 'out' does not fit its buffer}}
  plan.collective @k(%0, %0) : memref<4xf32>, memref<4xf32>
}

// -----

// expected-error @below {{violates C1: there must be an argument}}
plan.kernel @kernel_c1_none "f" variant "" reason "" spec {} arguments []

// -----

plan.buffer parameter weights @w : memref<4xf32>
// expected-error @below {{violates C1: every symbol must be a buffer}}
plan.parameter @w trained true gradient @gradient.w states [] parts []

// -----

// Layouts that no buffer has: unknown sizes, an offset of its own, rows that overlap, sizes that
// overflow, and elements that no kernel computes with.
// expected-error @below {{failed to satisfy constraint: type attribute of memref of f32, bf16, i32, i64 or bytes with static sizes and strides}}
plan.buffer input io @dynamic : memref<?xf32>

// -----

// expected-error @below {{failed to satisfy constraint: type attribute of memref}}
plan.buffer input io @offset : memref<4xf32, strided<[1], offset: 3>>

// -----

// expected-error @below {{failed to satisfy constraint: type attribute of memref}}
plan.buffer input io @overlapping : memref<4x4xf32, strided<[2, 1]>>

// -----

// expected-error @below {{failed to satisfy constraint: type attribute of memref}}
plan.buffer input io @transposed : memref<4x4xf32, affine_map<(d0, d1) -> (d1, d0)>>

// -----

// expected-error @below {{failed to satisfy constraint: type attribute of memref}}
plan.buffer input io @huge : memref<4294967296x4294967296xf32>

// -----

// expected-error @below {{failed to satisfy constraint: type attribute of memref}}
plan.buffer input io @index : memref<4xindex>
