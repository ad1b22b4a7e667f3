// Whole programs become what a rank of a mesh of two by two computes: tensors are cut, exchange is
// inserted only where an operation needs what another rank has, and gradients stay sums over ranks.
// RUN: step37-opt %s -split-input-file -step37-partition="token-axes=dp" | FileCheck %s

// Column-parallel, then row-parallel: nothing is exchanged between the products, and sums over ranks
// that lie alike are added up before they are exchanged.
// CHECK: step37.parameter @q : tensor<16x16xf32> {{.*}} parts [#step37.part<"q", f32, [16, 16], {{.*}} split = {{\[\[}}"tp"], []], whole = [32, 16]>]
// CHECK: step37.parameter @o : tensor<16x16xf32> {{.*}} split = {{\[\[}}], ["tp"]], whole = [16, 32]>]
// CHECK: step37.state activation @hidden : tensor<4x16xf32>
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @q : tensor<32x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"q", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @o : tensor<16x32xf32> trained true decay true split [[], ["tp"]] parts [#step37.part<"o", f32, [16, 32], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state activation @hidden : tensor<8x16xf32>
// CHECK-LABEL: func.func @products(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x16xf32> {{.*}}) -> (tensor<4x16xf32> {step37.name = "h", step37.split = {{\[\[}}"dp"], ["tp"]]}, tensor<4x16xf32> {step37.name = "y", step37.split = {{\[\[}}"dp"], []]})
func.func @products(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}) -> (tensor<8x32xf32> {step37.name = "h"}, tensor<8x16xf32> {step37.name = "y"}) {
  // CHECK-NEXT: %[[Q:.*]] = step37.read @q : tensor<16x16xf32>
  %q = step37.read @q : tensor<32x16xf32>
  // CHECK-NEXT: %[[H:.*]] = step37.matmul %[[X]], %[[Q]] {transpose_b} : {{.*}} -> tensor<4x16xf32>
  %h = step37.matmul %x, %q {transpose_b} : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xf32>
  // CHECK-NEXT: %[[O:.*]] = step37.read @o
  %o = step37.read @o : tensor<16x32xf32>
  // CHECK-NEXT: %[[A:.*]] = step37.matmul %[[H]], %[[O]] {step37.partial = {{\[\[}}"tp"]], transpose_b}
  %a = step37.matmul %h, %o {transpose_b} : (tensor<8x32xf32>, tensor<16x32xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[B:.*]] = step37.matmul %[[H]], %[[O]] {step37.partial = {{\[\[}}"tp"]], transpose_b}
  %b = step37.matmul %h, %o {transpose_b} : (tensor<8x32xf32>, tensor<16x32xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[PARTS:.*]] = step37.add %[[A]], %[[B]] {step37.partial = {{\[\[}}"tp"]]} : tensor<4x16xf32>
  // CHECK-NEXT: %[[SUM:.*]] = step37.all_reduce %[[PARTS]] {axes = ["tp"], ranks = 2 : i64}
  // CHECK-NEXT: %[[Y:.*]] = step37.add %[[SUM]], %[[X]]
  %y = step37.add %a, %x, %b : tensor<8x16xf32>
  // CHECK-NEXT: step37.write @hidden, %[[Y]]
  step37.write @hidden, %y : tensor<8x16xf32>
  // CHECK-NEXT: return %[[H]], %[[Y]]
  return %h, %y : tensor<8x32xf32>, tensor<8x16xf32>
}
// A later program finds the state as the first has left it.
// CHECK-LABEL: func.func @later(
func.func @later() -> (tensor<8x16xf32> {step37.name = "z"}) {
  // CHECK-NEXT: step37.read @hidden : tensor<4x16xf32>
  %x = step37.read @hidden : tensor<8x16xf32>
  %z = step37.add %x, %x : tensor<8x16xf32>
  return %z : tensor<8x16xf32>
}
}

// -----

// A vocabulary of 33 rows is 17 on a rank, the last one of the second rank padding. The loss comes from
// statistics of each rank's logits; the gradients of embedding and head are partial over dp only.
// CHECK: step37.parameter @table : tensor<17x16xf32>
// CHECK: step37.state gradient @gradient.table of @table : tensor<17x16xf32> partial ["dp"]
// CHECK: step37.state gradient @gradient.head of @head : tensor<17x16xf32> partial ["dp"]
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @table : tensor<33x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"table", f32, [33, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @head : tensor<33x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"head", f32, [33, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.table of @table : tensor<33x16xf32>
step37.state gradient @gradient.head of @head : tensor<33x16xf32>
// CHECK-LABEL: func.func @vocabulary(
// CHECK-SAME: %[[IDS:[^:]*]]: tensor<4xi32>
// CHECK-SAME: %[[WEIGHTS:[^:]*]]: tensor<4xf32>
// CHECK-SAME: %[[SCALE:[^:]*]]: tensor<1xf32>
// CHECK-SAME: -> (tensor<1xf32> {step37.name = "loss", step37.split = {{\[\[}}]]}, tensor<4xf32> {step37.name = "token_loss", step37.split = {{\[\[}}"dp"]]})
func.func @vocabulary(%ids: tensor<8xi32> {step37.class = "input", step37.name = "ids", step37.split = [["dp"]]}, %weights: tensor<8xf32> {step37.class = "input", step37.name = "weights", step37.split = [["dp"]]}, %scale: tensor<1xf32> {step37.class = "scalar", step37.name = "scale"}) -> (tensor<1xf32> {step37.name = "loss"}, tensor<8xf32> {step37.name = "token_loss"}) {
  // CHECK-NEXT: %[[C:.*]] = step37.coordinate {axes = ["tp"]}
  // CHECK-NEXT: %[[T:.*]] = step37.read @table
  // CHECK-NEXT: %[[OWN:.*]] = step37.localize_ids %[[IDS]], %[[C]] {size = 17 : i64}
  // CHECK-NEXT: %[[PART:.*]] = step37.embedding %[[OWN]], %[[T]]
  %t = step37.read @table : tensor<33x16xf32>
  %x = step37.embedding %ids, %t : (tensor<8xi32>, tensor<33x16xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[W:.*]] = step37.read @head
  // CHECK-NEXT: %[[X:.*]] = step37.all_reduce %[[PART]] {axes = ["tp"], ranks = 2 : i64}
  // CHECK-NEXT: %[[LABELS:.*]] = step37.localize_ids %[[IDS]], %[[C]] {size = 17 : i64}
  // CHECK-NEXT: %[[STATS:.*]] = step37.lm_loss_stats %[[X]], %[[W]], %[[LABELS]], %[[C]] {total_vocab = 33 : i64}
  // CHECK-NEXT: %[[ALL:.*]] = step37.all_gather %[[STATS]] {axes = ["tp"], ranks = 2 : i64} : (tensor<4x3xf32>) -> tensor<8x3xf32>
  // CHECK-NEXT: %[[LSE:.*]], %[[TOKEN:.*]] = step37.merge_loss_stats %[[ALL]], %[[WEIGHTS]]
  // CHECK-NEXT: %[[LOSS:.*]] = step37.sum_elements %[[TOKEN]]
  // CHECK-NEXT: %[[DX:.*]], %[[DW:.*]] = step37.lm_loss_split_grad %[[X]], %[[W]], %[[LABELS]], %[[WEIGHTS]], %[[LSE]], %[[SCALE]], %[[C]] {step37.partial = {{\[\[}}"tp"], ["dp"]], total_vocab = 33 : i64}
  %w = step37.read @head : tensor<33x16xf32>
  %l:4 = step37.lm_loss_grad %x, %w, %ids, %weights, %scale : (tensor<8x16xf32>, tensor<33x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<33x16xf32>)
  // CHECK-NEXT: step37.accumulate_gradient @gradient.head, %[[DW]], %[[SCALE]]
  step37.accumulate_gradient @gradient.head, %l#3, %scale : tensor<33x16xf32>, tensor<1xf32>
  // CHECK-NEXT: %[[WHOLE:.*]] = step37.all_reduce %[[DX]] {axes = ["tp"], ranks = 2 : i64}
  // CHECK-NEXT: %[[AGAIN:.*]] = step37.localize_ids %[[IDS]], %[[C]] {size = 17 : i64}
  // CHECK-NEXT: %[[DT:.*]] = step37.embedding_grad %[[AGAIN]], %[[WHOLE]] {step37.partial = {{\[\[}}"dp"]]} : {{.*}} -> tensor<17x16xf32>
  // CHECK-NEXT: step37.accumulate_gradient @gradient.table, %[[DT]], %[[SCALE]]
  %dt = step37.embedding_grad %ids, %l#2 : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<33x16xf32>
  step37.accumulate_gradient @gradient.table, %dt, %scale : tensor<33x16xf32>, tensor<1xf32>
  // The token losses are whole on every rank along tp, their sum is not over dp.
  // CHECK-NEXT: %[[TOTAL:.*]] = step37.all_reduce %[[LOSS]] {axes = ["dp"], ranks = 2 : i64}
  // CHECK-NEXT: return %[[TOTAL]], %[[TOKEN]]
  return %l#0, %l#1 : tensor<1xf32>, tensor<8xf32>
}
// What each rank keeps for itself where the head is whole.
// CHECK-LABEL: func.func @whole_head(
// CHECK-NOT: lm_loss_stats
// CHECK: step37.lm_loss %{{.*}} : (tensor<4x16xf32>, tensor<33x16xf32>, tensor<4xi32>, tensor<4xf32>) -> (tensor<1xf32>, tensor<4xf32>)
func.func @whole_head(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %w: tensor<33x16xf32> {step37.class = "input", step37.name = "w"}, %ids: tensor<8xi32> {step37.class = "input", step37.name = "ids", step37.split = [["dp"]]}, %weights: tensor<8xf32> {step37.class = "input", step37.name = "weights", step37.split = [["dp"]]}) -> (tensor<1xf32> {step37.name = "loss"}) {
  %loss, %token_loss = step37.lm_loss %x, %w, %ids, %weights : (tensor<8x16xf32>, tensor<33x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
  return %loss : tensor<1xf32>
}
}

// -----

// A norm is the same on all ranks along tp; its gradient is a sum over the tokens, and so partial over dp.
// CHECK: step37.parameter @norm : tensor<16xf32>
// CHECK: step37.state gradient @gradient.norm of @norm : tensor<16xf32> partial ["dp"]
// CHECK: step37.state gradient @gradient.q of @q : tensor<16x16xf32> partial ["dp"]
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
step37.parameter @norm : tensor<16xf32> trained true decay false parts [#step37.part<"norm", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.parameter @q : tensor<32x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"q", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.norm of @norm : tensor<16xf32>
step37.state gradient @gradient.q of @q : tensor<32x16xf32>
// CHECK-LABEL: func.func @norm_gradient(
// CHECK: %[[H:.*]] = step37.matmul
// CHECK-NEXT: %[[DY:.*]] = step37.matmul %[[H]], %{{[^ ]*}} {step37.partial = {{\[\[}}"tp"]]} :
// CHECK-NEXT: step37.matmul %[[H]], %{{.*}} {step37.partial = {{\[\[}}"dp"]], transpose_a}
// CHECK-NEXT: step37.accumulate_gradient @gradient.q
// CHECK-NEXT: %[[SUM:.*]] = step37.all_reduce %[[DY]] {axes = ["tp"], ranks = 2 : i64}
// CHECK-NEXT: %{{.*}}, %[[DN:.*]] = step37.rms_norm_grad %[[SUM]],
// CHECK-NEXT: step37.accumulate_gradient @gradient.norm, %[[DN]]
// CHECK-NEXT: return
func.func @norm_gradient(%x: tensor<8x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) {
  %n = step37.read @norm : tensor<16xf32>
  %y, %r = step37.rms_norm %x, %n {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
  %q = step37.read @q : tensor<32x16xf32>
  %h = step37.matmul %y, %q {transpose_b} : (tensor<8x16xf32>, tensor<32x16xf32>) -> tensor<8x32xf32>
  %dy = step37.matmul %h, %q : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  %dq = step37.matmul %h, %y {transpose_a} : (tensor<8x32xf32>, tensor<8x16xf32>) -> tensor<32x16xf32>
  step37.accumulate_gradient @gradient.q, %dq, %beta : tensor<32x16xf32>, tensor<1xf32>
  %dx, %dn = step37.rms_norm_grad %dy, %x, %n, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64} : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
  step37.accumulate_gradient @gradient.norm, %dn, %beta : tensor<16xf32>, tensor<1xf32>
  return
}
}

// -----

// Parts of rows: each rank along dp has one, and takes its block of it.
module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
// CHECK-LABEL: func.func @parts(
// CHECK-SAME: -> (tensor<2x16xf32> {step37.name = "block", step37.split = {{\[\[}}"dp"], []]})
// CHECK-NEXT: step37.take_rows %{{.*}}, %{{.*}} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<2x16xf32>
func.func @parts(%x: tensor<16x16xf32> {step37.class = "input", step37.name = "x", step37.split = [["dp"], []]}, %chunk: tensor<1xi32> {step37.class = "scalar", step37.name = "chunk"}) -> (tensor<4x16xf32> {step37.name = "block"}) {
  %block = step37.take_rows %x, %chunk {parts = 2 : i64} : (tensor<16x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
  return %block : tensor<4x16xf32>
}
}

// -----

// A module without a mesh stays as it is.
// CHECK: step37.parameter @alone : tensor<32x16xf32>
step37.parameter @alone : tensor<32x16xf32> trained true decay true dims ["head", ""] parts [#step37.part<"alone", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
