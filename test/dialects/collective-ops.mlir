// Every operation of a program that has been cut into what ranks compute is read, printed and read
// again, as text and as bytecode.
// RUN: step37-opt %s | step37-opt | FileCheck %s
// RUN: step37-opt --emit-bytecode %s | step37-opt | FileCheck %s

// A parameter of which every rank along tp has half, its gradient still to be summed over dp, and
// moments of which a rank along dp keeps a part.
// CHECK: step37.parameter @w : tensor<16x16xf32> trained true decay true dims ["vocab", ""] split {{\[\[}}"tp"], []] parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.000000e+00 : f64, split = {{\[\[}}"tp"], []], whole = [32, 16]>]
step37.parameter @w : tensor<16x16xf32> trained true decay true dims ["vocab", ""] split [["tp"], []] parts [#step37.part<"w", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["tp"], []], whole = [32, 16]>]
// CHECK: step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
step37.state gradient @gradient.w of @w : tensor<16x16xf32> partial ["dp"]
// CHECK: step37.state optimizer "moment1" @moment1.w of @w : tensor<128xf32> partial ["dp"]
step37.state optimizer "moment1" @moment1.w of @w : tensor<128xf32> partial ["dp"]
step37.state optimizer "moment2" @moment2.w of @w : tensor<128xf32> partial ["dp"]
step37.state optimizer "master" @master.w of @w : tensor<128xf32> partial ["dp"]

// CHECK-LABEL: func.func @exchange
func.func @exchange(%x: tensor<8x16xf32>, %ids: tensor<8xi32>) {
  // CHECK: step37.coordinate {axes = ["dp", "tp"]} : tensor<1xi32>
  %c = step37.coordinate {axes = ["dp", "tp"]} : tensor<1xi32>
  // CHECK: step37.all_gather %{{.*}} {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<16x16xf32>
  %0 = step37.all_gather %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<16x16xf32>
  // CHECK: step37.all_gather %{{.*}} {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<8xi32>) -> tensor<32xi32>
  %1 = step37.all_gather %ids {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<8xi32>) -> tensor<32xi32>
  // CHECK: step37.reduce_scatter %{{.*}} {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
  %2 = step37.reduce_scatter %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
  // CHECK: step37.all_reduce %{{.*}} {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %3 = step37.all_reduce %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK: step37.all_to_all %{{.*}} {axes = ["dp"], ranks = 2 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  %4 = step37.all_to_all %ids {axes = ["dp"], ranks = 2 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  return
}

// CHECK-LABEL: func.func @parts_of_tables
func.func @parts_of_tables(%ids: tensor<8xi32>, %c: tensor<1xi32>, %x: tensor<8x16xf32>, %w: tensor<32x16xf32>, %weights: tensor<8xf32>, %scale: tensor<1xf32>, %offsets: tensor<5xi32>, %slot_row: tensor<16xi32>) {
  // CHECK: step37.fill {value = 1.000000e+00 : f64} : tensor<1xf32>
  %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
  // CHECK: step37.localize_ids %{{.*}}, %{{.*}} {size = 32 : i64} : (tensor<8xi32>, tensor<1xi32>) -> tensor<8xi32>
  %labels = step37.localize_ids %ids, %c {size = 32 : i64} : (tensor<8xi32>, tensor<1xi32>) -> tensor<8xi32>
  // CHECK: step37.lm_loss_stats %{{.*}} {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<1xi32>) -> tensor<8x3xf32>
  %stats = step37.lm_loss_stats %x, %w, %labels, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<1xi32>) -> tensor<8x3xf32>
  %all = step37.all_gather %stats {axes = ["tp"], ranks = 2 : i64} : (tensor<8x3xf32>) -> tensor<16x3xf32>
  // CHECK: step37.merge_loss_stats %{{.*}}, %{{.*}} : (tensor<16x3xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  %lse, %token_loss = step37.merge_loss_stats %all, %weights : (tensor<16x3xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  // CHECK: step37.sum_elements %{{.*}} : (tensor<8xf32>) -> tensor<1xf32>
  %loss = step37.sum_elements %token_loss : (tensor<8xf32>) -> tensor<1xf32>
  // CHECK: step37.lm_loss_split_grad %{{.*}} {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xi32>) -> (tensor<8x16xf32>, tensor<32x16xbf16>)
  %dx, %dw = step37.lm_loss_split_grad %x, %w, %labels, %weights, %lse, %scale, %c {total_vocab = 60 : i64} : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xi32>) -> (tensor<8x16xf32>, tensor<32x16xbf16>)
  // CHECK: step37.expert_window %{{.*}}, %{{.*}} {first = 8 : i64, rows = 8 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
  %o, %s = step37.expert_window %offsets, %slot_row {first = 8 : i64, rows = 8 : i64} : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
  return
}

// CHECK-LABEL: func.func @gradients
func.func @gradients(%c: tensor<1xi32>, %hyper: tensor<1xf32>, %clip: tensor<1xf32>) {
  // CHECK: step37.reduce_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64}
  step37.reduce_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64}
  // CHECK: step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  %part = step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  // CHECK: step37.gradient_part @gradient.w, %{{.*}} : tensor<1xi32> -> tensor<128xf32>
  %0 = step37.gradient_part @gradient.w, %c : tensor<1xi32> -> tensor<128xf32>
  // A step in parts: the parameter itself stays as it is until the parts are gathered.
  // CHECK: %[[UPDATED:.*]] = step37.adamw @w gradient %{{.*}} moments @moment1.w, @moment2.w master @master.w learning_rate %{{.*}} beta1 %{{.*}} beta2 %{{.*}} eps %{{.*}} weight_decay %{{.*}} corrections %{{.*}}, %{{.*}} clip %{{.*}} : (tensor<128xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<128xf32>
  %updated = step37.adamw @w gradient %part moments @moment1.w, @moment2.w master @master.w learning_rate %hyper beta1 %hyper beta2 %hyper eps %hyper weight_decay %hyper corrections %hyper, %hyper clip %clip : (tensor<128xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<128xf32>
  // CHECK: step37.gather_parameter @w, %[[UPDATED]] {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  step37.gather_parameter @w, %updated {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
  return
}
