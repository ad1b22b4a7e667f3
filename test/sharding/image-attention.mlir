// Attention within images, of one packed projection: batches and heads are split, and its slices and their
// concatenation are split as the projection.
// RUN: step37-shard-check %s --axes dp=2 --dims image=dp | FileCheck %s --check-prefixes=CHECK,IMAGE
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims image=dp,head=tp | FileCheck %s --check-prefixes=HEAD

// CHECK-NOT: {{all|reduce}}
// IMAGE: out: [dp][]
// IMAGE: lse: [dp][]
// IMAGE: dpacked: [dp][]
// HEAD-NOT: {{all|reduce}}
// HEAD: heads_out: [dp][tp]
// HEAD: heads_dk: [dp][tp]
func.func @attention(%packed: tensor<16x24xf32> {step37.name = "packed", step37.class = "input", step37.dims = ["image", ""]}, %dout: tensor<16x8xf32> {step37.name = "dout", step37.class = "input", step37.dims = ["image", ""]}, %q: tensor<16x8xf32> {step37.name = "q", step37.class = "input", step37.dims = ["image", "head"]}, %k: tensor<16x8xf32> {step37.name = "k", step37.class = "input", step37.dims = ["image", "head"]}, %v: tensor<16x8xf32> {step37.name = "v", step37.class = "input", step37.dims = ["image", "head"]}, %dheads: tensor<16x8xf32> {step37.name = "dheads", step37.class = "input", step37.dims = ["image", "head"]}) -> (tensor<16x8xf32> {step37.name = "out"}, tensor<16x2xf32> {step37.name = "lse"}, tensor<16x24xf32> {step37.name = "dpacked"}, tensor<16x8xf32> {step37.name = "heads_out"}, tensor<16x8xf32> {step37.name = "heads_dq"}, tensor<16x8xf32> {step37.name = "heads_dk"}) {
  %x = tensor.extract_slice %packed[0, 0] [16, 8] [1, 1] : tensor<16x24xf32> to tensor<16x8xf32>
  %y = tensor.extract_slice %packed[0, 8] [16, 8] [1, 1] : tensor<16x24xf32> to tensor<16x8xf32>
  %z = tensor.extract_slice %packed[0, 16] [16, 8] [1, 1] : tensor<16x24xf32> to tensor<16x8xf32>
  %angles = step37.axial_rope_table {frequencies = array<f64: 1.0>, grids = array<i64: 1, 2, 2, 2, 1, 2>} : tensor<8x4xf32>
  %turned_x = step37.rotate_pairs %x, %angles {head_dim = 4} : (tensor<16x8xf32>, tensor<8x4xf32>) -> tensor<16x8xf32>
  %turned_y = step37.rotate_pairs %y, %angles {head_dim = 4} : (tensor<16x8xf32>, tensor<8x4xf32>) -> tensor<16x8xf32>
  %out, %lse = step37.image_attention %turned_x, %turned_y, %z {grids = array<i64: 1, 2, 2, 2, 1, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x2xf32>)
  %dx, %dy, %dz = step37.image_attention_grad %dout, %turned_x, %turned_y, %z, %out, %lse {grids = array<i64: 1, 2, 2, 2, 1, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x2xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>)
  %dturned_x = step37.rotate_pairs %dx, %angles {head_dim = 4, inverse} : (tensor<16x8xf32>, tensor<8x4xf32>) -> tensor<16x8xf32>
  %dturned_y = step37.rotate_pairs %dy, %angles {head_dim = 4, inverse} : (tensor<16x8xf32>, tensor<8x4xf32>) -> tensor<16x8xf32>
  %joined = tensor.concat dim(1) %dturned_x, %dturned_y, %dz : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x24xf32>
  %dpacked = step37.add %joined, %packed : tensor<16x24xf32>
  %heads_out, %heads_lse = step37.image_attention %q, %k, %v {grids = array<i64: 1, 2, 2, 2, 1, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x2xf32>)
  %heads_dq, %heads_dk, %heads_dv = step37.image_attention_grad %dheads, %q, %k, %v, %heads_out, %heads_lse {grids = array<i64: 1, 2, 2, 2, 1, 2>, head_dim = 4, scale = 0.5 : f64} : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x2xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>)
  return %out, %lse, %dpacked, %heads_out, %heads_dq, %heads_dk : tensor<16x8xf32>, tensor<16x2xf32>, tensor<16x24xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>
}
