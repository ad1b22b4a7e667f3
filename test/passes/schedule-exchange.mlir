// Exchange goes to a stream of its own, begins early and is waited for late.
// RUN: step37-opt %s -step37-schedule-exchange | FileCheck %s
// RUN: step37-opt %s -step37-schedule-exchange -step37-plan-memory -step37-verify-planned -o /dev/null
// RUN: step37-opt %s -step37-schedule-exchange=window=2 | FileCheck %s --check-prefix=NEAR

plan.buffer input io @in : memref<8xf32>
plan.buffer input io @more : memref<8xf32>
plan.buffer output io @out : memref<8xf32>
plan.buffer state gradients @gradient : memref<8xf32>
plan.buffer state gradients @second : memref<8xf32>
plan.kernel @step "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = -1>] nanoseconds 1000
plan.kernel @exchange "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = -1>] nanoseconds 1500
plan.kernel @gather "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 8, in_place_of = -1>, #plan.argument<"y" write f32 x 16, in_place_of = -1>] nanoseconds 1500
plan.kernel @half "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read f32 x 16, in_place_of = -1>, #plan.argument<"y" write f32 x 8, in_place_of = -1>] nanoseconds 1000
plan.kernel @sum "f" variant "" reason "" spec {} arguments [#plan.argument<"x" read_write f32 x 8, in_place_of = -1>] nanoseconds 1500

// Nothing is exchanged: the program stays as it is.
// CHECK-LABEL: plan.program "alone"
// CHECK: plan.launch @step(%{{.*}}, %{{.*}}) :
// CHECK-NEXT: plan.launch @step(%{{.*}}, %{{.*}}) :
plan.program "alone" {
  %in = plan.get @in : memref<8xf32>
  %out = plan.get @out : memref<8xf32>
  %a = plan.temporary activations : memref<8xf32>
  plan.launch @step(%in, %a) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%a, %out) : memref<8xf32>, memref<8xf32>
}

// Two steps that do not need %b fill the time of its exchange: the gradient of a weight, which comes
// first in the program, and what comes behind the exchange.
// CHECK-LABEL: plan.program "fills"
// CHECK: %[[IN:.*]] = plan.get @in
// CHECK: %[[A:.*]] = plan.temporary
// CHECK-NEXT: %[[B:.*]] = plan.temporary
// CHECK-NEXT: %[[C:.*]] = plan.temporary
// CHECK-NEXT: plan.launch @step(%[[IN]], %[[A]]) :
// CHECK-NEXT: plan.collective @exchange(%[[A]], %[[B]]) stream 1 after [0] :
// CHECK-NEXT: plan.launch @step(%{{.*}}, %[[C]]) :
// CHECK-NEXT: plan.launch @step(%[[IN]], %[[G:.*]]) :
// CHECK-NEXT: plan.launch @step(%[[B]], %{{.*}}) after [1] :
plan.program "fills" {
  %in = plan.get @in : memref<8xf32>
  %more = plan.get @more : memref<8xf32>
  %out = plan.get @out : memref<8xf32>
  %gradient = plan.get @gradient : memref<8xf32>
  %a = plan.temporary activations : memref<8xf32>
  %b = plan.temporary activations : memref<8xf32>
  %c = plan.temporary activations : memref<8xf32>
  plan.launch @step(%in, %gradient) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%in, %a) : memref<8xf32>, memref<8xf32>
  plan.collective @exchange(%a, %b) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%b, %out) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%more, %c) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%c, %out) : memref<8xf32>, memref<8xf32>
}

// Gradients are summed in place as soon as they are there, one after another.
// CHECK-LABEL: plan.program "gradients"
// CHECK: plan.launch @step(%{{.*}}, %[[G:.*]]) :
// CHECK-NEXT: plan.collective @sum(%[[G]]) stream 1 after [0] :
// CHECK-NEXT: plan.launch @step(%{{.*}}, %[[S:.*]]) :
// CHECK-NEXT: plan.collective @sum(%[[S]]) stream 1 after [2] :
// CHECK-NEXT: plan.launch @step(%[[G]], %{{.*}}) after [1] :
// CHECK-NEXT: plan.launch @step(%[[S]], %{{.*}}) after [3] :
plan.program "gradients" {
  %in = plan.get @in : memref<8xf32>
  %out = plan.get @out : memref<8xf32>
  %gradient = plan.get @gradient : memref<8xf32>
  %second = plan.get @second : memref<8xf32>
  plan.launch @step(%in, %gradient) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%in, %second) : memref<8xf32>, memref<8xf32>
  plan.collective @sum(%gradient) : memref<8xf32>
  plan.launch @step(%gradient, %out) : memref<8xf32>, memref<8xf32>
  plan.collective @sum(%second) : memref<8xf32>
  plan.launch @step(%second, %out) : memref<8xf32>, memref<8xf32>
}

// What would only take memory is not gathered before somebody needs it soon.
// NEAR-LABEL: plan.program "gathers"
// NEAR: plan.launch @step
// NEAR-NEXT: plan.launch @step
// NEAR-NEXT: plan.launch @step
// NEAR-NEXT: plan.collective @gather
// CHECK-LABEL: plan.program "gathers"
// CHECK: plan.collective @gather(%{{.*}}, %{{.*}}) stream 1 :
// CHECK-NEXT: plan.launch @step
plan.program "gathers" {
  %in = plan.get @in : memref<8xf32>
  %out = plan.get @out : memref<8xf32>
  %a = plan.temporary activations : memref<8xf32>
  %b = plan.temporary activations : memref<8xf32>
  %c = plan.temporary activations : memref<8xf32>
  %all = plan.temporary activations : memref<16xf32>
  plan.launch @step(%in, %a) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%a, %b) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%b, %c) : memref<8xf32>, memref<8xf32>
  plan.launch @step(%c, %out) : memref<8xf32>, memref<8xf32>
  plan.collective @gather(%in, %all) : memref<8xf32>, memref<16xf32>
  plan.launch @half(%all, %out) : memref<16xf32>, memref<8xf32>
}
