// Groups of heads and whole sequences are split, with documents and a window, with and without a gate.
// RUN: step37-shard-check %s --axes tp=2 --dims head=tp | FileCheck %s --check-prefix=HEAD
// RUN: step37-shard-check %s --axes dp=4,tp=2 --dims token=dp,head=tp | FileCheck %s --check-prefix=BOTH
// RUN: step37-shard-check %s --axes tp=4 --dims token=tp | FileCheck %s --check-prefix=TOKEN
// RUN: step37-shard-check %s --axes dp=8 --dims token=dp | FileCheck %s --check-prefix=FEW

// HEAD-NOT: {{all|reduce}}
// HEAD: out: [][tp]
// BOTH-NOT: {{all|reduce}}
// BOTH: lse: [dp][tp]
// TOKEN: dgate: [tp][]
// Four sequences on eight ranks.
// FEW: all_gather dp tensor<2x16xf32>
// FEW: out: whole
func.func @attention(%q: tensor<16x16xf32> {step37.name = "q", step37.class = "input", step37.dims = ["token", "head"]}, %k: tensor<16x8xf32> {step37.name = "k", step37.class = "input", step37.dims = ["token", "head"]}, %v: tensor<16x8xf32> {step37.name = "v", step37.class = "input", step37.dims = ["token", "head"]}, %gate: tensor<16x4xf32> {step37.name = "gate", step37.class = "input", step37.dims = ["token", "head"]}, %dout: tensor<16x16xf32> {step37.name = "dout", step37.class = "input", step37.dims = ["token", "head"]}, %start: tensor<16xi32> {step37.name = "start", step37.class = "input", step37.dims = ["token"], check.values = dense<[0, 0, 2, 2, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 0, 0]> : tensor<16xi32>}) -> (tensor<16x16xf32> {step37.name = "out"}, tensor<16x4xf32> {step37.name = "lse"}, tensor<16x16xf32> {step37.name = "dq"}, tensor<16x8xf32> {step37.name = "dk"}, tensor<16x8xf32> {step37.name = "dv"}, tensor<16x4xf32> {step37.name = "dgate"}, tensor<16x16xf32> {step37.name = "plain"}, tensor<16x8xf32> {step37.name = "plain_dk"}) {
  %out, %lse = step37.attention %q, %k, %v, %gate, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 3 : i64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x4xf32>)
  %dq, %dk, %dv, %dgate = step37.attention_grad %dout, %q, %k, %v, %gate, %start, %out, %lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 3 : i64} : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xi32>, tensor<16x16xf32>, tensor<16x4xf32>) -> (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>)
  %plain, %plain_lse = step37.attention %q, %k, %v, %start {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16xi32>) -> (tensor<16x16xf32>, tensor<16x4xf32>)
  %plain_d:3 = step37.attention_grad %dout, %q, %k, %v, %start, %plain, %plain_lse {head_dim = 4 : i64, scale = 0.5 : f64, seq_len = 4 : i64, window = 0 : i64} : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16xi32>, tensor<16x16xf32>, tensor<16x4xf32>) -> (tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>)
  return %out, %lse, %dq, %dk, %dv, %dgate, %plain, %plain_d#1 : tensor<16x16xf32>, tensor<16x4xf32>, tensor<16x16xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16x16xf32>, tensor<16x8xf32>
}
