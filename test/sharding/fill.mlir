// Every rank makes it for itself.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp | FileCheck %s

// CHECK-NOT: {{gather|reduce}}
// CHECK: one: whole
func.func @fill() -> (tensor<1xf32> {step37.name = "one"}) {
  %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
  return %one : tensor<1xf32>
}
