// Feed-forward networks, routing and experts, with their gradients. Included by Step37Ops.td; verifiers are in
// ExpertVerifiers.cpp and LayerVerifiers.cpp, gradients in Step37Vjp.cpp.
#ifndef STEP37_EXPERT_OPS_TD
#define STEP37_EXPERT_OPS_TD

def Step37_SwigluOp : Step37_PureOp<"swiglu", [Differentiable, SameOperandsAndResultType, Shardable]> {
  let summary = "Clamped SwiGLU.";
  let description = [{
    after_silu: min(silu(gate), limit)·clamp(up, ±limit); before_silu: silu(min(gate, limit))·clamp(up,
    ±limit); limit 0: no clamp.
    C1: limit ≥ 0; operands and result have one type.

    ```mlir
    %h = step37.swiglu %gate, %up clamp after_silu {limit = 7.0 : f64} : tensor<8x6xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$gate, FloatTensorOfRank<2>:$up, F64Attr:$limit,
                       Step37_ClampPositionAttr:$clamp);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands `clamp` $clamp attr-dict `:` type($out)";
}

def Step37_SwigluGradOp : Step37_PureOp<"swiglu_grad", [Shardable]> {
  let summary = "Gradient of swiglu.";
  let description = [{
    A clamp passes the gradient at equality.
    C1: limit ≥ 0; operands and results have one type.

    ```mlir
    %dgate, %dup = step37.swiglu_grad %dh, %gate, %up clamp after_silu {limit = 7.0 : f64}
      : (tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dout, FloatTensorOfRank<2>:$gate, FloatTensorOfRank<2>:$up,
                       F64Attr:$limit, Step37_ClampPositionAttr:$clamp);
  let results = (outs FloatTensorOfRank<2>:$dgate, FloatTensorOfRank<2>:$dup);
  let assemblyFormat = "operands `clamp` $clamp attr-dict `:` functional-type(operands, results)";
}

def Step37_RouteOp : Step37_PureOp<"route", [Differentiable, Shardable]> {
  let summary = "Chooses experts and their weights.";
  let description = [{
    p = sigmoid(logits), or softmax; the top_k of p + bias are chosen (the bias selects only);
    weights = scale·p/(sum of the chosen p), or scale·p without `normalize`.

    C1: logits is [tokens, experts], bias [experts]; weights, chosen, scores are [tokens, top_k].
    C2: top_k is at most the number of experts.

    ```mlir
    %weights, %chosen, %scores = step37.route %logits, %bias {normalize, scale = 3.0 : f64}
      : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>, tensor<8x2xf32>)
    ```
  }];
  let arguments = (ins F32TensorOfRank<2>:$logits, Optional<F32TensorOfRank<1>>:$bias, F64Attr:$scale,
                       UnitAttr:$normalize, UnitAttr:$softmax);
  let results = (outs F32TensorOfRank<2>:$weights, I32TensorOfRank<2>:$chosen, F32TensorOfRank<2>:$scores);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_RouteGradOp : Step37_PureOp<"route_grad", [Shardable]> {
  let summary = "Gradient of route with respect to the logits.";
  let description = [{
    C1: shapes as in `route`; dlogits is like logits.

    ```mlir
    %dlogits = step37.route_grad %dweights, %logits, %chosen, %scores {normalize, scale = 3.0 : f64}
      : (tensor<8x2xf32>, tensor<8x4xf32>, tensor<8x2xi32>, tensor<8x2xf32>) -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins F32TensorOfRank<2>:$dweights, F32TensorOfRank<2>:$logits, I32TensorOfRank<2>:$chosen,
                       F32TensorOfRank<2>:$scores, F64Attr:$scale, UnitAttr:$normalize, UnitAttr:$softmax);
  let results = (outs F32TensorOfRank<2>:$dlogits);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_SortByExpertOp : Step37_PureOp<"sort_by_expert", [ShardableItself]> {
  let summary = "Groups token slots by expert, stable in token order.";
  let description = [{
    A slot is t·top_k + j. offsets[e] is expert e's first row, row_slot[r] the slot of row r, slot_row its inverse.
    A slot that chose none of these experts (−1: another rank's) has slot_row −1; a row behind the last expert's
    has row_slot −1.
    C1: offsets is [experts+1], slot_row [tokens·top_k], row_slot [rows] with rows at most tokens·top_k.

    ```mlir
    %offsets, %row_slot, %slot_row = step37.sort_by_expert %chosen
      : (tensor<8x2xi32>) -> (tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
    ```
  }];
  let arguments = (ins I32TensorOfRank<2>:$chosen);
  let results = (outs I32TensorOfRank<1>:$offsets, I32TensorOfRank<1>:$row_slot, I32TensorOfRank<1>:$slot_row);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_DispatchOp : Step37_PureOp<"dispatch", [Differentiable, Shardable]> {
  let summary = "Copies tokens to the rows of their experts.";
  let description = [{
    rows[r] = x[row_slot[r] / top_k], 0 where row_slot[r] is −1.
    C1: slot_row is [tokens·top_k]; row_slot and rows have equally many rows, at most as many; rows has x's width
    and type.

    ```mlir
    %rows = step37.dispatch %x, %row_slot, %slot_row
      : (tensor<8x16xf32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, I32TensorOfRank<1>:$row_slot, I32TensorOfRank<1>:$slot_row);
  let results = (outs FloatTensorOfRank<2>:$rows);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_CombineOp : Step37_PureOp<"combine", [Differentiable, Shardable]> {
  let summary = "Weighted sum of a token's expert rows.";
  let description = [{
    out[t] = sum over j of weights[t,j]·rows[slot_row[t·top_k+j]]; weights 1 where there are none. A slot_row of −1
    contributes nothing.
    C1: rows, row_slot and slot_row as in `dispatch`; weights is [tokens, top_k]; out is [tokens, width].

    ```mlir
    %out = step37.combine %rows, %row_slot, %slot_row, %weights
      : (tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>) -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$rows, I32TensorOfRank<1>:$row_slot,
                       I32TensorOfRank<1>:$slot_row, Optional<F32TensorOfRank<2>>:$weights);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_CombineGradOp : Step37_PureOp<"combine_grad", [Shardable]> {
  let summary = "Gradient of the weighted combine.";
  let description = [{
    0 for rows and weights without a counterpart (−1).
    C1: shapes as in `combine`; drows is like rows, dweights like weights.

    ```mlir
    %drows, %dweights = step37.combine_grad %dout, %rows, %row_slot, %slot_row, %weights
      : (tensor<8x16xf32>, tensor<16x16xf32>, tensor<16xi32>, tensor<16xi32>, tensor<8x2xf32>)
      -> (tensor<16x16xf32>, tensor<8x2xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dout, FloatTensorOfRank<2>:$rows, I32TensorOfRank<1>:$row_slot,
                       I32TensorOfRank<1>:$slot_row, F32TensorOfRank<2>:$weights);
  let results = (outs FloatTensorOfRank<2>:$drows, F32TensorOfRank<2>:$dweights);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_GroupedMatmulOp : Step37_PureOp<"grouped_matmul", [Differentiable, Shardable, Multiplies]> {
  let summary = "Every expert's rows times its weight.";
  let description = [{
    out[r] = x[r]·w[e]ᵀ (transpose_b, w [experts, n, k]) or x[r]·w[e] (w [experts, k, n]) for the rows
    r of expert e, 0 for rows of none.
    C1: shapes as said; offsets is [experts+1]; one element type.

    ```mlir
    %out = step37.grouped_matmul %rows, %w, %offsets {transpose_b}
      : (tensor<16x16xf32>, tensor<4x6x16xf32>, tensor<5xi32>) -> tensor<16x6xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<3>:$w, I32TensorOfRank<1>:$offsets,
                       UnitAttr:$transpose_b);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_GroupedMatmulGradOp : Step37_PureOp<"grouped_matmul_grad", [Shardable]> {
  let summary = "Per expert, the product of two sets of rows over its rows.";
  let description = [{
    dw[e] = sum over the rows r of expert e of a[r]ᵀ·b[r].
    C1: a is [rows, m], b [rows, n] of one element type; dw is [experts, m, n], offsets [experts+1].

    ```mlir
    %dw = step37.grouped_matmul_grad %dout, %rows, %offsets
      : (tensor<16x6xf32>, tensor<16x16xf32>, tensor<5xi32>) -> tensor<4x6x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$a, FloatTensorOfRank<2>:$b, I32TensorOfRank<1>:$offsets);
  let results = (outs FloatTensorOfRank<3>:$dw);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_GroupedSwigluOp : Step37_PureOp<"grouped_swiglu", [Multiplies]> {
  let summary = "Gate and up projections of every expert's rows, and their activation.";
  let description = [{
    gate_up[r] = x[r]·w[e]ᵀ for the rows r of expert e, w holding the rows of gate and then of up; out is `swiglu`
    of the two halves of gate_up, which the gradient needs. Both are 0 for rows of no expert.
    C1: x [rows, k], w [experts, 2·n, k], offsets [experts+1], gate_up [rows, 2·n], out [rows, n]; one element type.
    C2: limit ≥ 0.

    ```mlir
    %gate_up, %h = step37.grouped_swiglu %rows, %w, %offsets clamp after_silu {limit = 7.0 : f64}
      : (tensor<16x16xf32>, tensor<4x12x16xf32>, tensor<5xi32>) -> (tensor<16x12xf32>, tensor<16x6xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<3>:$w, I32TensorOfRank<1>:$offsets,
                       F64Attr:$limit, Step37_ClampPositionAttr:$clamp);
  let results = (outs FloatTensorOfRank<2>:$gate_up, FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands `clamp` $clamp attr-dict `:` functional-type(operands, results)";
}

#endif
