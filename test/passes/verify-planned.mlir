// One breach of every constraint of the planned contract.
// RUN: step37-opt %s -split-input-file -verify-diagnostics -step37-verify-planned

// Two temporaries in one place, one after the other.
plan.buffer input io @keeps_it : memref<16xf32> offset 0
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "keeps_it" {
  %in = plan.get @keeps_it : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 64
  %b = plan.temporary activations : memref<16xf32> offset 64
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
}

// -----

// expected-error @below {{breaks C1 of the planned contract: 'func.func' is left over}}
func.func private @c1()

// -----

// expected-error @below {{breaks C2 of the planned contract: a buffer without an offset}}
plan.buffer input io @c2 : memref<16xf32>

// -----

plan.program "c2_temporary" {
  // expected-error @below {{breaks C2 of the planned contract: a temporary without an offset}}
  %a = plan.temporary activations : memref<16xf32>
}

// -----

// expected-error @below {{breaks C3 of the planned contract: it shares bytes with another buffer that is alive}}
plan.buffer input io @c3 : memref<16xf32> offset 64
plan.buffer input io @c3_before : memref<17xf32> offset 0
plan.program "c3" {
}

// -----

plan.buffer input io @in : memref<16xf32> offset 0
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "c3_lifetimes" {
  %in = plan.get @in : memref<16xf32>
  %a = plan.temporary activations : memref<32xf32> offset 64
  // %a lives on through a view.
  %v = plan.view %a from 8 : memref<32xf32> to memref<16xf32>
  // expected-error @below {{breaks C3 of the planned contract: it shares bytes with another buffer that is alive}}
  %b = plan.temporary activations : memref<16xf32> offset 128
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<32xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%v, %b) : memref<16xf32>, memref<16xf32>
}

// -----

plan.buffer input io @in : memref<16xf32> offset 0
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "c4" {
  %in = plan.get @in : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 64
  %b = plan.temporary activations : memref<16xf32> offset 128
  // expected-error @below {{breaks C4 of the planned contract: argument 'x' was never written}}
  plan.launch @copy(%a, %b) : memref<16xf32>, memref<16xf32>
}

// -----

plan.kernel @add "add" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 16, in_place_of = -1>]
plan.program "c4_updated" {
  %a = plan.temporary activations : memref<16xf32> offset 64
  // expected-error @below {{breaks C4 of the planned contract: argument 'x' was never written}}
  plan.launch @add(%a) : memref<16xf32>
}

// -----

// Two streams; what they share is waited for.
plan.buffer input io @in : memref<16xf32> offset 0
plan.buffer output io @out : memref<16xf32> offset 64
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "keeps_c5" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 128
  %b = plan.temporary activations : memref<16xf32> offset 192
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%a, %b) stream 1 after [0] : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %out) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%b, %out) after [1] : memref<16xf32>, memref<16xf32>
}

// -----

plan.buffer input io @in : memref<16xf32> offset 0
plan.buffer output io @out : memref<16xf32> offset 64
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "c5_reads_too_early" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 128
  plan.collective @copy(%in, %a) stream 1 : memref<16xf32>, memref<16xf32>
  // expected-error @below {{breaks C5 of the planned contract: it does not wait for step 0 on the other stream}}
  plan.launch @copy(%a, %out) : memref<16xf32>, memref<16xf32>
}

// -----

// A write behind a read on the other stream; waiting for an earlier step does not do.
plan.buffer input io @in : memref<16xf32> offset 0
plan.buffer state gradients @state : memref<16xf32> offset 64
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "c5_writes_too_early" {
  %in = plan.get @in : memref<16xf32>
  %state = plan.get @state : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 128
  %b = plan.temporary activations : memref<16xf32> offset 192
  plan.collective @copy(%in, %a) stream 1 : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%state, %b) stream 1 : memref<16xf32>, memref<16xf32>
  // expected-error @below {{breaks C5 of the planned contract: it does not wait for step 1 on the other stream}}
  plan.launch @copy(%in, %state) after [0] : memref<16xf32>, memref<16xf32>
}

// -----

// In list order %a is dead when %b is written, but step 1 may still be running.
plan.buffer input io @in : memref<16xf32> offset 0
plan.buffer output io @out : memref<16xf32> offset 64
plan.buffer output io @other : memref<16xf32> offset 128
plan.kernel @copy "copy" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>]
plan.program "c3_streams" {
  %in = plan.get @in : memref<16xf32>
  %out = plan.get @out : memref<16xf32>
  %other = plan.get @other : memref<16xf32>
  %a = plan.temporary activations : memref<16xf32> offset 192
  // expected-error @below {{breaks C3 of the planned contract: it shares bytes with another buffer that is alive}}
  %b = plan.temporary activations : memref<16xf32> offset 192
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  plan.collective @copy(%a, %out) stream 1 after [0] : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  plan.launch @copy(%b, %other) : memref<16xf32>, memref<16xf32>
}
