// Labels, the objective, the loss with its gradient, and chunks of rows. Included by Step37Ops.td; verifiers are in
// LossVerifiers.cpp, gradients in Step37Vjp.cpp.
#ifndef STEP37_LOSS_OPS_TD
#define STEP37_LOSS_OPS_TD

def Step37_ShiftLabelsOp : Step37_PureOp<"shift_labels", [Shardable]> {
  let summary = "Targets of next-token prediction.";
  let description = [{
    labels[t] = ids[t+by], weights[t] = mask[t+by] within the row (and, for by > 1, the document); else 0.
    C1: all operands and results are [tokens]; seq_len divides tokens; by ≥ 1.

    ```mlir
    %labels, %weights = step37.shift_labels %ids, %mask, %start {by = 1, seq_len = 4}
      : (tensor<8xi32>, tensor<8xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins I32TensorOfRank<1>:$ids, F32TensorOfRank<1>:$mask, I32TensorOfRank<1>:$document_start,
                       I64Attr:$seq_len, I64Attr:$by);
  let results = (outs I32TensorOfRank<1>:$labels, F32TensorOfRank<1>:$weights);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_LmLossOp : Step37_PureOp<"lm_loss", [Differentiable, ShardableItself, Multiplies]> {
  let summary = "Output head and cross-entropy.";
  let description = [{
    token_loss[t] = weights[t]·(logsumexp(x[t]·wᵀ) − (x[t]·wᵀ)[labels[t]]), loss_sum their sum. One
    operation, so that logits never exist as a whole. Only loss_sum has a gradient.
    C1: x is [tokens, width], w [vocab, width] of one element type; labels, weights, token_loss are [tokens];
    loss_sum is [1].

    ```mlir
    %loss, %token_loss = step37.lm_loss %x, %w, %labels, %weights
      : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>) -> (tensor<1xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<2>:$w, I32TensorOfRank<1>:$labels,
                       F32TensorOfRank<1>:$weights);
  let results = (outs Scalar:$loss_sum, F32TensorOfRank<1>:$token_loss);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_LmLossGradOp : Step37_PureOp<"lm_loss_grad", [ShardableItself]> {
  let summary = "lm_loss and its gradient in one sweep.";
  let description = [{
    The results of `lm_loss` again, and the gradients of scale·loss_sum; without the result `dw` the
    head has no gradient: it is frozen.
    C1: as in `lm_loss`; dx is like x, dw like w up to its element type; scale is [1].

    ```mlir
    %loss, %token_loss, %dx, %dw = step37.lm_loss_grad %x, %w, %labels, %weights, %scale
      : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<1xf32>)
      -> (tensor<1xf32>, tensor<8xf32>, tensor<8x16xf32>, tensor<32x16xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<2>:$w, I32TensorOfRank<1>:$labels,
                       F32TensorOfRank<1>:$weights, Scalar:$scale);
  let results = (outs Scalar:$loss_sum, F32TensorOfRank<1>:$token_loss, FloatTensorOfRank<2>:$dx,
                      Optional<FloatTensorOfRank<2>>:$dw);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_ObjectiveOp : Step37_Op<"objective", [AttrSizedOperandSegments, MemoryEffects<[MemWrite]>]> {
  let summary = "What training minimises.";
  let description = [{
    The objective is the sum over the losses of scale·loss; gradients are accumulated with `beta`.
    `step37-build-backward` replaces this operation by the backward program.
    C1: as many scales as losses, at least one; all of them and beta are [1].

    ```mlir
    step37.objective %loss scaled_by %scale beta %beta : (tensor<1xf32>), (tensor<1xf32>), tensor<1xf32>
    ```
  }];
  let arguments = (ins Variadic<Scalar>:$losses, Variadic<Scalar>:$scales, Scalar:$beta);
  let assemblyFormat = [{
    $losses `scaled_by` $scales `beta` $beta attr-dict `:` `(` type($losses) `)` `,`
    `(` type($scales) `)` `,` type($beta)
  }];
  let hasVerifier = 1;
}

def RowsTensor : RankedTensorOf<[F32, BF16, I32], [HasAnyRankOfPred<[1, 2]>, HasSizes], "rows or a list, of static sizes">;

def Step37_TakeRowsOp : Step37_PureOp<"take_rows", [ShardableItself]> {
  let summary = "A block of rows, chosen at run time.";
  let description = [{
    x is `parts` equal blocks of rows (of one element each if it is a list); out holds as many rows of each, the chunk-th: within a part,
    out[i] = x[chunk·rows + i], clamped to the part's last row.
    C1: x is [rows, …] and out [rows, …] alike but for its rows, at most x's; chunk is [1].
    C2: parts is positive and divides the rows of x and of out.

    ```mlir
    %block = step37.take_rows %x, %chunk {parts = 1 : i64} : (tensor<8x16xf32>, tensor<1xi32>) -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins RowsTensor:$x, I32TensorOfRank<1>:$chunk,
                       DefaultValuedAttr<I64Attr, "1">:$parts);
  let results = (outs RowsTensor:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
