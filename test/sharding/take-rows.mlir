// A block of all rows needs them all. (Blocks of several parts, which ranks divide, are made on ranks only:
// passes/partition.mlir.)
// RUN: step37-shard-check %s --axes dp=4 --dims token=dp | FileCheck %s

// CHECK: all_gather dp tensor<8x6xf32>
// CHECK: block: whole
// CHECK: entries: whole
func.func @take(%list: tensor<32xf32> {step37.name = "list", step37.class = "input", step37.dims = ["token"]}, %x: tensor<32x6xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %chunk: tensor<1xi32> {step37.name = "chunk", step37.class = "scalar", check.values = dense<2> : tensor<1xi32>}) -> (tensor<8x6xf32> {step37.name = "block"}, tensor<8xf32> {step37.name = "entries"}) {
  %block = step37.take_rows %x, %chunk : (tensor<32x6xf32>, tensor<1xi32>) -> tensor<8x6xf32>
  %entries = step37.take_rows %list, %chunk : (tensor<32xf32>, tensor<1xi32>) -> tensor<8xf32>
  return %block, %entries : tensor<8x6xf32>, tensor<8xf32>
}
