// Operations that make or place values without arithmetic. Part of Step37Ops.td, which has the types
// and base classes; verifiers are in DataVerifiers.cpp.

def Step37_JoinColumnsOp : Step37_PureOp<"join_columns", [Differentiable, Shardable]> {
  let summary = "Matrices side by side.";
  let description = [{
    Row r of the result is row r of each part, one after another.
    C1: at least two parts, with the result's rows and element type, and together its columns.

    ```mlir
    %uv = step37.join_columns %u, %v : (tensor<8x16xf32>, tensor<8x4xf32>) -> tensor<8x20xf32>
    ```
  }];
  let arguments = (ins Variadic<FloatTensorOfRank<2>>:$parts);
  let results = (outs FloatTensorOfRank<2>:$whole);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_SplitColumnsOp : Step37_PureOp<"split_columns", [Shardable]> {
  let summary = "Ranges of columns as matrices of their own; the gradient of join_columns.";
  let description = [{
    The parts are the columns of the operand in order, each contiguous.
    C1: at least two parts, with the operand's rows and element type, and together its columns.

    ```mlir
    %du, %dv = step37.split_columns %duv : (tensor<8x20xf32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$whole);
  let results = (outs Variadic<FloatTensorOfRank<2>>:$parts);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_FillOp : Step37_PureOp<"fill", [Shardable]> {
  let summary = "A tensor with one value everywhere.";
  let description = [{
    C1: the value is finite.

    ```mlir
    %one = step37.fill {value = 1.0 : f64} : tensor<1xf32>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs F32TensorOfRank<1>:$out);
  let assemblyFormat = "attr-dict `:` type($out)";
}
