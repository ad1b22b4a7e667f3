// The optimizer on what a rank holds: sums over ranks, the norm over elements counted once, and state
// that is split over the ranks that hold the same parameter.
// RUN: step37-opt %s -step37-build-update="split-state=1" | FileCheck %s
// RUN: step37-opt %s -step37-build-update="split-state=0" | FileCheck %s --check-prefix=WHOLE

module attributes {step37.mesh = [["dp", 2], ["tp", 2]]} {
// A part is a list of elements. Its parameter is written by a gathering, so f32 has a master as well.
// CHECK: step37.state gradient @gradient.rows of @rows : tensor<16x16xf32> partial ["dp"]
// CHECK-NEXT: step37.state optimizer "master" @master.rows of @rows : tensor<128xf32> partial ["dp"]
// CHECK-NEXT: step37.state optimizer "moment1" @moment1.rows of @rows : tensor<128xf32> partial ["dp"]
// CHECK-NEXT: step37.state optimizer "moment2" @moment2.rows of @rows : tensor<128xf32> partial ["dp"]
// WHOLE-NOT: @master.rows
// WHOLE: step37.state optimizer "moment1" @moment1.rows of @rows : tensor<16x16xf32>
step37.parameter @rows : tensor<16x16xf32> trained true decay true split [["tp"], []] parts [#step37.part<"rows", f32, [16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["tp"], []], whole = [32, 16]>]
step37.state gradient @gradient.rows of @rows : tensor<16x16xf32> partial ["dp"]
// CHECK: step37.state optimizer "master" @master.norm of @norm : tensor<4xf32> partial ["dp", "tp"]
// WHOLE: step37.state optimizer "master" @master.norm of @norm : tensor<16xf32>
step37.parameter @norm : tensor<16xbf16> trained true decay false parts [#step37.part<"norm", bf16, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.norm of @norm : tensor<16xf32> partial ["dp", "tp"]
// Five elements have no two equal parts: state is whole.
// CHECK: step37.state optimizer "moment1" @moment1.odd of @odd : tensor<5xf32>
step37.parameter @odd : tensor<5xf32> trained true decay false parts [#step37.part<"odd", f32, [5], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
step37.state gradient @gradient.odd of @odd : tensor<5xf32> partial ["dp"]
// No other rank has these experts.
// CHECK: step37.state optimizer "moment1" @moment1.experts of @experts : tensor<1x6x16xf32>
step37.parameter @experts : tensor<1x6x16xf32> trained true decay true split [["dp", "tp"], [], []] parts [#step37.part<"experts", f32, [1, 6, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64, split = [["dp", "tp"], [], []], whole = [4, 6, 16]>]
step37.state gradient @gradient.experts of @experts : tensor<1x6x16xf32> partial []
}

// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[RATE:[^:]*]]: tensor<1xf32>
// CHECK-SAME: %[[MAX:[^: ]*]]: tensor<1xf32> {step37.class = "scalar", step37.name = "max_norm"}
// CHECK-NEXT: %[[ROWS:.*]] = step37.scatter_gradient @gradient.rows {axes = ["dp"], ranks = 2 : i64} : tensor<128xf32>
// CHECK-NEXT: %[[NORM:.*]] = step37.scatter_gradient @gradient.norm {axes = ["dp", "tp"], ranks = 4 : i64} : tensor<4xf32>
// CHECK-NEXT: step37.reduce_gradient @gradient.odd {axes = ["dp"], ranks = 2 : i64}
// CHECK-NEXT: %[[S1:.*]] = step37.sum_of_squares %[[ROWS]]
// CHECK-NEXT: %[[S2:.*]] = step37.sum_of_squares %[[NORM]]
// CHECK-NEXT: %[[ODD:.*]] = step37.read @gradient.odd
// CHECK-NEXT: %[[S3:.*]] = step37.sum_of_squares %[[ODD]]
// CHECK-NEXT: %[[EXPERTS:.*]] = step37.read @gradient.experts
// CHECK-NEXT: %[[S4:.*]] = step37.sum_of_squares %[[EXPERTS]]
// What all four ranks count apart is gathered as one number a rank; what all of them have, @odd, is
// counted once.
// CHECK-NEXT: %[[LIST:.*]] = tensor.concat dim(0) %[[S1]], %[[S2]], %[[S4]]
// CHECK-NEXT: %[[OWN:.*]] = step37.sum_elements %[[LIST]]
// CHECK-NEXT: %[[ALL:.*]] = step37.all_gather %[[OWN]] {axes = ["dp", "tp"], ranks = 4 : i64} : (tensor<1xf32>) -> tensor<4xf32>
// CHECK-NEXT: %[[N:.*]], %[[CLIP:.*]] = step37.global_norm %[[ALL]], %[[S3]], %[[MAX]]
// CHECK-NEXT: %[[P1:.*]] = step37.adamw @rows gradient %[[ROWS]] moments @moment1.rows, @moment2.rows master @master.rows learning_rate %[[RATE]] {{.*}} clip %[[CLIP]] : {{.*}} -> tensor<128xf32>
// CHECK-NEXT: step37.gather_parameter @rows, %[[P1]] {axes = ["dp"], ranks = 2 : i64}
// CHECK-NEXT: %[[P2:.*]] = step37.adamw @norm gradient %[[NORM]] {{.*}} -> tensor<4xbf16>
// CHECK-NEXT: step37.gather_parameter @norm, %[[P2]] {axes = ["dp", "tp"], ranks = 4 : i64} : tensor<4xbf16>
// CHECK-NEXT: step37.read @gradient.odd
// CHECK-NEXT: step37.adamw @odd
// CHECK-NEXT: step37.read @gradient.experts
// CHECK-NEXT: step37.adamw @experts
// CHECK-NEXT: return %[[N]]

// Whole state: gradients are summed everywhere, but counted in the same parts and the same order.
// WHOLE-LABEL: func.func @update(
// WHOLE-DAG: %[[ALL4:.*]] = step37.coordinate {axes = ["dp", "tp"]}
// WHOLE-DAG: %[[DP:.*]] = step37.coordinate {axes = ["dp"]}
// WHOLE: step37.reduce_gradient @gradient.rows {axes = ["dp"], ranks = 2 : i64}
// WHOLE-NEXT: %[[ROWS:.*]] = step37.gradient_part @gradient.rows, %[[DP]] : tensor<1xi32> -> tensor<128xf32>
// WHOLE-NEXT: step37.reduce_gradient @gradient.norm {axes = ["dp", "tp"], ranks = 4 : i64}
// WHOLE-NEXT: %[[NORM:.*]] = step37.gradient_part @gradient.norm, %[[ALL4]] : tensor<1xi32> -> tensor<4xf32>
// WHOLE-NEXT: step37.reduce_gradient @gradient.odd
// WHOLE-NEXT: %[[S1:.*]] = step37.sum_of_squares %[[ROWS]]
// WHOLE-NEXT: %[[S2:.*]] = step37.sum_of_squares %[[NORM]]
// WHOLE: %[[S4:.*]] = step37.sum_of_squares %{{.*}} : (tensor<1x6x16xf32>)
// WHOLE-NEXT: tensor.concat dim(0) %[[S1]], %[[S2]], %[[S4]]
// WHOLE: %[[G:.*]] = step37.read @gradient.rows : tensor<16x16xf32>
// WHOLE-NEXT: step37.adamw @rows gradient %[[G]] {{.*}} -> ()
// WHOLE-NOT: gather_parameter
