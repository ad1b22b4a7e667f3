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
