// The same block of each part: ranks divide the parts, or all have them all.
// RUN: step37-shard-check %s --axes dp=2,tp=2 --dims token=dp+tp | FileCheck %s --check-prefix=PARTS
// RUN: step37-shard-check %s --axes dp=8 --dims token=dp | FileCheck %s --check-prefix=FEW

// PARTS-NOT: gather
// PARTS: block: [dp+tp][]
// FEW: all_gather dp tensor<4x6xf32>
// FEW: block: whole
func.func @take(%x: tensor<32x6xf32> {step37.name = "x", step37.class = "input", step37.dims = ["token", ""]}, %chunk: tensor<1xi32> {step37.name = "chunk", step37.class = "scalar", check.values = dense<2> : tensor<1xi32>}) -> (tensor<8x6xf32> {step37.name = "block"}) {
  %block = step37.take_rows %x, %chunk {parts = 4 : i64} : (tensor<32x6xf32>, tensor<1xi32>) -> tensor<8x6xf32>
  return %block : tensor<8x6xf32>
}
