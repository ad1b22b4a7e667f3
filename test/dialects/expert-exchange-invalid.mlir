// Every constraint of the operations in ExpertExchangeOps.td: one program that breaks it, named after
// operation and constraint.
// RUN: step37-opt %s -verify-diagnostics -split-input-file

func.func @place_rows_c1(%x: tensor<8x2xi32>) {
  // expected-error @below {{violates C1: lists of rows and slots must be [tokens·top_k]}}
  %0:6 = step37.place_rows %x : (tensor<8x2xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<5xi32>, tensor<5xi32>, tensor<8xi32>, tensor<16xi32>)
  return
}

// -----

func.func @place_rows_c1_offsets(%x: tensor<8x2xi32>) {
  // expected-error @below {{violates C1: lists of rows and slots must be [tokens·top_k], offsets [experts+1]}}
  %0:6 = step37.place_rows %x : (tensor<8x2xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<9xi32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @send_rows_c1(%x: tensor<16x16xf32>, %b: tensor<5xi32>, %s: tensor<16xi32>, %r: tensor<8xi32>) {
  // expected-error @below {{violates C1: moved must be like rows}}
  %0 = step37.send_rows %x, %b, %s, %s : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x8xf32>
  return
}

// -----

func.func @send_rows_c1_lists(%x: tensor<16x16xf32>, %b: tensor<5xi32>, %s: tensor<16xi32>, %r: tensor<8xi32>) {
  // expected-error @below {{violates C1: moved must be like rows, and the lists as long as there are rows}}
  %0 = step37.send_rows %x, %b, %s, %r : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<8xi32>) -> tensor<16x16xf32>
  return
}

// -----

func.func @return_rows_c1(%x: tensor<16x16xf32>, %b: tensor<5xi32>, %s: tensor<16xi32>, %r: tensor<8xi32>) {
  // expected-error @below {{violates C1: moved must be like rows}}
  %0 = step37.return_rows %x, %b, %s, %s : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x8xf32>
  return
}

// -----

func.func @return_rows_c1_lists(%x: tensor<16x16xf32>, %b: tensor<5xi32>, %s: tensor<16xi32>, %r: tensor<8xi32>) {
  // expected-error @below {{violates C1: moved must be like rows, and the lists as long as there are rows}}
  %0 = step37.return_rows %x, %b, %s, %r : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<8xi32>) -> tensor<16x16xf32>
  return
}

// -----

func.func @received_rows_c1(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C1: bounds must be [ranks·(experts+1)]}}
  %0:3 = step37.received_rows %odd, %c {first = 0 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<9xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @received_rows_c1_ranks(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C1: bounds must be [ranks·(experts+1)]}}
  %0:3 = step37.received_rows %b, %c {first = 0 : i64, ranks = 1 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @received_rows_c1_offsets(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C1: bounds must be [ranks·(experts+1)], offsets [experts/ranks+1]}}
  %0:3 = step37.received_rows %b, %c {first = 0 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @received_rows_c2(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C2: lists of rows must have one type}}
  %0:3 = step37.received_rows %b, %c {first = 0 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<8xi32>, tensor<16xi32>)
  return
}

// -----

func.func @received_rows_c2_first(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C2: lists of rows must have one type, first not be negative}}
  %0:3 = step37.received_rows %b, %c {first = -8 : i64, ranks = 2 : i64, slots = 16 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @received_rows_c2_slots(%b: tensor<10xi32>, %c: tensor<1xi32>, %odd: tensor<9xi32>) {
  // expected-error @below {{violates C2: lists of rows must have one type, first not be negative, slots positive}}
  %0:3 = step37.received_rows %b, %c {first = 0 : i64, ranks = 2 : i64, slots = 0 : i64} : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
  return
}

// -----

func.func @counted_send_c1(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.counted_send %x, %b {axes = ["dp", "dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_send_c1_ranks(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once, and two ranks}}
  %0 = step37.counted_send %x, %b {axes = ["dp"], first = 0 : i64, ranks = 1 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_send_c2(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only}}
  %0 = step37.counted_send %x, %b {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x4xf32>
  return
}

// -----

func.func @counted_send_c2_bounds(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only, bounds be [ranks·(experts+1)]}}
  %0 = step37.counted_send %x, %odd {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<8xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_send_c2_first(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only}}
  %0 = step37.counted_send %x, %b {axes = ["dp"], first = -1 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_return_c1(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once}}
  %0 = step37.counted_return %x, %b {axes = ["dp", "dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_return_c1_ranks(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C1: there must be at least one axis, each once, and two ranks}}
  %0 = step37.counted_return %x, %b {axes = ["dp"], first = 0 : i64, ranks = 1 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_return_c2(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only}}
  %0 = step37.counted_return %x, %b {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x4xf32>
  return
}

// -----

func.func @counted_return_c2_bounds(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only, bounds be [ranks·(experts+1)]}}
  %0 = step37.counted_return %x, %odd {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<8xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_return_c2_first(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: operand and result must differ in rows only}}
  %0 = step37.counted_return %x, %b {axes = ["dp"], first = -1 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @counted_return_c2_before(%x: tensor<16x8xf32>, %b: tensor<10xi32>, %odd: tensor<8xi32>, %f: tensor<8x8xf32>) {
  // expected-error @below {{violates C2: returned must be like before}}
  %0 = step37.counted_return %x, %b, %f {axes = ["dp"], first = 0 : i64, ranks = 2 : i64} : (tensor<16x8xf32>, tensor<10xi32>, tensor<8x8xf32>) -> tensor<16x8xf32>
  return
}
