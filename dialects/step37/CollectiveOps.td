// Operations that exist only after a program has been cut into what each rank computes: exchange between
// ranks, and operations on a part of a table whose place the rank's coordinate says. Included by
// Step37Ops.td; verifiers are in CollectiveVerifiers.cpp.
#ifndef STEP37_COLLECTIVE_OPS_TD
#define STEP37_COLLECTIVE_OPS_TD

def AxesAttr : TypedArrayAttrBase<StrAttr, "mesh axes, slowest first">;

def Step37_CoordinateOp : Step37_PureOp<"coordinate"> {
  let summary = "This rank's index along mesh axes.";
  let description = [{
    C1: at least one axis, each once.

    ```mlir
    %c = step37.coordinate {axes = ["dp", "tp"]} : tensor<1xi32>
    ```
  }];
  let arguments = (ins AxesAttr:$axes);
  let results = (outs I32TensorOfRank<1>:$index);
  let assemblyFormat = "attr-dict `:` type($index)";
}

class Step37_ExchangeOp<string mnemonic> : Step37_PureOp<mnemonic, [Exchanges]> {
  let arguments = (ins AnyTypeOf<[FloatTensor, RankedTensorOf<[I32], [HasSizes]>]>:$in, AxesAttr:$axes, I64Attr:$ranks);
  let results = (outs AnyTypeOf<[FloatTensor, RankedTensorOf<[I32], [HasSizes]>]>:$out);
  let assemblyFormat = "$in attr-dict `:` functional-type(operands, results)";
}

def Step37_AllGatherOp : Step37_ExchangeOp<"all_gather"> {
  let summary = "Rows of all ranks of a group, one rank's after another's.";
  let description = [{
    The group: the ranks that differ only along `axes`; there are `ranks` of them.
    C1: at least one axis, each once; ranks is at least 2.
    C2: in and out differ in the first dimension only, where out is `ranks` times as long.

    ```mlir
    %all = step37.all_gather %part {axes = ["tp"], ranks = 2 : i64} : (tensor<4x16xf32>) -> tensor<8x16xf32>
    ```
  }];
}

def Step37_ReduceScatterOp : Step37_ExchangeOp<"reduce_scatter"> {
  let summary = "The sum over a group of ranks, cut into rows again: a rank keeps its own.";
  let description = [{
    C1: at least one axis, each once; ranks is at least 2.
    C2: in and out differ in the first dimension only, where in is `ranks` times as long.
    C3: elements are floating-point numbers.

    ```mlir
    %part = step37.reduce_scatter %sum {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<4x16xf32>
    ```
  }];
}

def Step37_AllReduceOp : Step37_ExchangeOp<"all_reduce"> {
  let summary = "The sum over a group of ranks.";
  let description = [{
    C1: at least one axis, each once; ranks is at least 2.
    C2: in and out have one type.
    C3: elements are floating-point numbers.

    ```mlir
    %sum = step37.all_reduce %x {axes = ["tp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
    ```
  }];
}

def Step37_AllToAllOp : Step37_ExchangeOp<"all_to_all"> {
  let summary = "Every rank of a group sends each other one a block of rows.";
  let description = [{
    Block s of a rank's result is block r of rank s, r being the rank's index in its group.
    C1: at least one axis, each once; ranks is at least 2.
    C2: in and out have one type, whose first dimension `ranks` divides.

    ```mlir
    %in = step37.all_to_all %out {axes = ["dp"], ranks = 2 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
    ```
  }];
}

def Step37_LocalizeIdsOp : Step37_PureOp<"localize_ids"> {
  let summary = "Which row of this rank's part of a table an id means.";
  let description = [{
    local[i] = ids[i] − size·coordinate where that is in [0, size), else −1.
    C1: ids and local have one type; coordinate is [1]; size is positive.

    ```mlir
    %local = step37.localize_ids %ids, %c {size = 160 : i64} : (tensor<8xi32>, tensor<1xi32>) -> tensor<8xi32>
    ```
  }];
  let arguments = (ins TensorOf<[I32]>:$ids, I32TensorOfRank<1>:$coordinate, I64Attr:$size);
  let results = (outs TensorOf<[I32]>:$local);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_ExpertWindowOp : Step37_PureOp<"expert_window"> {
  let summary = "Some of the rows that sort_by_expert has grouped, as groups of their own.";
  let description = [{
    Rows [first, first+rows): window_offsets[e] = clamp(offsets[e] − first, 0, rows);
    window_slot_row[s] = slot_row[s] − first where that is in [0, rows), else −1.
    C1: results have the types of offsets and slot_row; first is not negative, rows is positive.

    ```mlir
    %o, %s = step37.expert_window %offsets, %slot_row {first = 8 : i64, rows = 8 : i64}
      : (tensor<5xi32>, tensor<16xi32>) -> (tensor<5xi32>, tensor<16xi32>)
    ```
  }];
  let arguments = (ins I32TensorOfRank<1>:$offsets, I32TensorOfRank<1>:$slot_row, I64Attr:$first, I64Attr:$rows);
  let results = (outs I32TensorOfRank<1>:$window_offsets, I32TensorOfRank<1>:$window_slot_row);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_LmLossStatsOp : Step37_PureOp<"lm_loss_stats", [Multiplies]> {
  let summary = "What this rank's columns of the logits add to the cross-entropy.";
  let description = [{
    logits = x·wᵀ, never whole. stats[t] = (largest logit, sum of exp(logit − largest), logit of labels[t]
    or 0 where that is −1). Rows of w from `total_vocab` − coordinate·(rows of w) on are padding.
    C1: x is [tokens, width], w [vocab, width] of one element type; labels is [tokens], coordinate [1],
    stats [tokens, 3].

    ```mlir
    %stats = step37.lm_loss_stats %x, %w, %labels, %c {total_vocab = 64 : i64}
      : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<1xi32>) -> tensor<8x3xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<2>:$w, I32TensorOfRank<1>:$labels,
                       I32TensorOfRank<1>:$coordinate, I64Attr:$total_vocab);
  let results = (outs F32TensorOfRank<2>:$stats);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_MergeLossStatsOp : Step37_PureOp<"merge_loss_stats"> {
  let summary = "Cross-entropy from the statistics of all ranks.";
  let description = [{
    lse[t] = log-sum-exp over all ranks' columns; token_loss[t] = weights[t]·(lse[t] − logit of the label).
    C1: weights, lse and token_loss are [tokens]; stats is [ranks·tokens, 3].

    ```mlir
    %lse, %token_loss = step37.merge_loss_stats %stats, %weights
      : (tensor<16x3xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins F32TensorOfRank<2>:$stats, F32TensorOfRank<1>:$weights);
  let results = (outs F32TensorOfRank<1>:$lse, F32TensorOfRank<1>:$token_loss);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_LmLossSplitGradOp : Step37_PureOp<"lm_loss_split_grad"> {
  let summary = "Gradient of scale·loss_sum for this rank's columns of the logits.";
  let description = [{
    The logits are computed again; dx is this rank's part of the sum over all columns. Without the result `dw`
    the head has no gradient: it is frozen.
    C1: as in `lm_loss_stats`; lse and weights are [tokens], scale is [1]; dx is like x, dw like w up to its
    element type.

    ```mlir
    %dx, %dw = step37.lm_loss_split_grad %x, %w, %labels, %weights, %lse, %scale, %c {total_vocab = 64 : i64}
      : (tensor<8x16xf32>, tensor<32x16xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xi32>)
      -> (tensor<8x16xf32>, tensor<32x16xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<2>:$w, I32TensorOfRank<1>:$labels,
                       F32TensorOfRank<1>:$weights, F32TensorOfRank<1>:$lse, Scalar:$scale,
                       I32TensorOfRank<1>:$coordinate, I64Attr:$total_vocab);
  let results = (outs FloatTensorOfRank<2>:$dx, Optional<FloatTensorOfRank<2>>:$dw);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_SumElementsOp : Step37_PureOp<"sum_elements"> {
  let summary = "Sum of all elements, in order.";
  let description = [{
    C1: total is [1].

    ```mlir
    %total = step37.sum_elements %values : (tensor<8xf32>) -> tensor<1xf32>
    ```
  }];
  let arguments = (ins F32TensorOfRank<1>:$values);
  let results = (outs Scalar:$total);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===------------------------------------------------------------------------------------------===//
// The optimizer of a program whose gradients are sums over ranks
//===------------------------------------------------------------------------------------------===//

class Step37_GradientOp<string mnemonic, list<MemoryEffect> effects>
    : Step37_Op<mnemonic, [SymbolUser, MemoryEffects<effects>]>;

def Step37_ReduceGradientOp : Step37_GradientOp<"reduce_gradient", [MemRead, MemWrite]> {
  let summary = "Sums a gradient over a group of ranks, in place.";
  let description = [{
    C1: the symbol is a state with the gradient role.
    C2: at least one axis, each once; ranks is at least 2.

    ```mlir
    step37.reduce_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64}
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$gradient, AxesAttr:$axes, I64Attr:$ranks);
  let assemblyFormat = "$gradient attr-dict";
}

def Step37_ScatterGradientOp : Step37_GradientOp<"scatter_gradient", [MemRead]> {
  let summary = "Sums a gradient over a group of ranks; a rank keeps its part of the elements.";
  let description = [{
    Rank r of the group gets the elements from r·n on, n the size of the result.
    C1: the symbol is a state with the gradient role, of `ranks`·n elements of the result's element type.
    C2: at least one axis, each once; ranks is at least 2.

    ```mlir
    %part = step37.scatter_gradient @gradient.w {axes = ["dp"], ranks = 2 : i64} : tensor<256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$gradient, AxesAttr:$axes, I64Attr:$ranks);
  let results = (outs FloatTensorOfRank<1>:$part);
  let assemblyFormat = "$gradient attr-dict `:` type($part)";
}

def Step37_GradientPartOp : Step37_GradientOp<"gradient_part", [MemRead]> {
  let summary = "One of several equal parts of a gradient's elements.";
  let description = [{
    The elements from index·n on, n the size of the result.
    C1: the symbol is a state with the gradient role, of a multiple of n elements of the result's element type.

    ```mlir
    %part = step37.gradient_part @gradient.w, %c : tensor<1xi32> -> tensor<256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$gradient, I32TensorOfRank<1>:$index);
  let results = (outs FloatTensorOfRank<1>:$part);
  let assemblyFormat = "$gradient `,` $index attr-dict `:` type($index) `->` type($part)";
}

def Step37_GatherParameterOp : Step37_GradientOp<"gather_parameter", [MemWrite]> {
  let summary = "Sets a parameter from the parts that a group of ranks has updated.";
  let description = [{
    C1: the symbol is a parameter, of `ranks`·n elements of the part's element type, n the part's size.
    C2: at least one axis, each once; ranks is at least 2.

    ```mlir
    step37.gather_parameter @w, %part {axes = ["dp"], ranks = 2 : i64} : tensor<256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, FloatTensorOfRank<1>:$part, AxesAttr:$axes, I64Attr:$ranks);
  let assemblyFormat = "$parameter `,` $part attr-dict `:` type($part)";
}

#endif
