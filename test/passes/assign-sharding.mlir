// The mesh on the module, and on parameters and arguments the axes that each dimension is split over.
// RUN: step37-opt %s -split-input-file -step37-assign-sharding="axes=dp=2,tp=4 dims=token=dp,head=tp,expert=dp+tp" | FileCheck %s
// Without axes there is one rank, and nothing is said.
// RUN: step37-opt %s -split-input-file -step37-assign-sharding | FileCheck %s --check-prefix=ONE

// CHECK: module attributes {step37.mesh = {{\[\[}}"dp", 2], ["tp", 4]]}
// ONE: module {

// Rows are heads; the other dimension, without a name, is never split.
// CHECK: step37.parameter @q : tensor<32x16xf32> trained true decay true dims ["head", ""] split {{\[\[}}"tp"], []] parts
// ONE: step37.parameter @q : tensor<32x16xf32> trained true decay true dims ["head", ""] parts
step37.parameter @q : tensor<32x16xf32> trained true decay true dims ["head", ""] parts [#step37.part<"q", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// Experts over dp and tp together, their columns, of which the mesh says nothing, whole.
// CHECK: step37.parameter @experts : {{.*}} split {{\[\[}}"dp", "tp"], [], []] parts
step37.parameter @experts : tensor<8x16x16xf32> trained true decay true dims ["expert", "", "expert_ffn"] parts [#step37.part<"experts", f32, [8, 16, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]
// CHECK: step37.parameter @norm : tensor<16xf32> trained true decay false parts
step37.parameter @norm : tensor<16xf32> trained true decay false parts [#step37.part<"norm", f32, [16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]

// The names of an argument's dimensions have done their work.
// CHECK: func.func @f(%{{.*}}: tensor<64xi32> {step37.class = "input", step37.name = "ids", step37.split = {{\[\[}}"dp"]]}, %{{.*}}: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"})
// ONE: func.func @f(%{{.*}}: tensor<64xi32> {step37.class = "input", step37.dims = ["token"], step37.name = "ids"},
func.func @f(%ids: tensor<64xi32> {step37.class = "input", step37.dims = ["token"], step37.name = "ids"}, %beta: tensor<1xf32> {step37.class = "scalar", step37.name = "beta"}) {
  return
}
