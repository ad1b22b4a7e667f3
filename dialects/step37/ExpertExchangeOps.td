// Rows of experts that move to the ranks of their experts and back, all-to-all: logical operations, which
// step37-exchange-experts puts around what works on such rows, and what a rank does for them. Included by
// Step37Ops.td; verifiers are in ExpertExchangeVerifiers.cpp, sharding in ExpertExchangeSharding.cpp.
#ifndef STEP37_EXPERT_EXCHANGE_OPS_TD
#define STEP37_EXPERT_EXCHANGE_OPS_TD

//===------------------------------------------------------------------------------------------===//
// On whole tensors: where rows are, not what is in them
//===------------------------------------------------------------------------------------------===//

def Step37_PlaceRowsOp : Step37_PureOp<"place_rows", [ShardableItself]> {
  let summary = "sort_by_expert for rows that move to the ranks of their experts.";
  let description = [{
    row_slot, slot_row and offsets as in `sort_by_expert`; bounds is offsets, source_row[r] = received_row[r] = r.
    On a mesh row_slot and slot_row are of a rank's own tokens and all experts; bounds are such offsets of all ranks
    that exchange rows; offsets, source_row and received_row are of the rows that a rank's experts get
    (`received_rows`), in windows.
    C1: slot_row, row_slot, source_row and received_row are [tokens·top_k], bounds and offsets [experts+1].

    ```mlir
    %row_slot, %slot_row, %bounds, %offsets, %source_row, %received_row = step37.place_rows %chosen
      : (tensor<8x2xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<5xi32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>)
    ```
  }];
  let arguments = (ins I32TensorOfRank<2>:$chosen);
  let results = (outs I32TensorOfRank<1>:$row_slot, I32TensorOfRank<1>:$slot_row, I32TensorOfRank<1>:$bounds,
                      I32TensorOfRank<1>:$offsets, I32TensorOfRank<1>:$source_row, I32TensorOfRank<1>:$received_row);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

class Step37_MoveRowsOp<string mnemonic> : Step37_PureOp<mnemonic, [ShardableItself]> {
  let arguments = (ins FloatTensorOfRank<2>:$rows, I32TensorOfRank<1>:$bounds, I32TensorOfRank<1>:$source_row,
                       I32TensorOfRank<1>:$received_row);
  let results = (outs FloatTensorOfRank<2>:$moved);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_SendRowsOp : Step37_MoveRowsOp<"send_rows"> {
  let summary = "Moves rows grouped by expert to the ranks of their experts.";
  let description = [{
    moved is rows; on a mesh it lies where the experts are, with the others as `place_rows` gives them.
    C1: moved is like rows; source_row and received_row have as many elements as there are rows.

    ```mlir
    %moved = step37.send_rows %rows, %bounds, %source_row, %received_row
      : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
    ```
  }];
}

def Step37_ReturnRowsOp : Step37_MoveRowsOp<"return_rows"> {
  let summary = "Moves rows grouped by expert back to the ranks of their tokens.";
  let description = [{
    The inverse of `send_rows`.
    C1: moved is like rows; source_row and received_row have as many elements as there are rows.

    ```mlir
    %moved = step37.return_rows %rows, %bounds, %source_row, %received_row
      : (tensor<16x16xf32>, tensor<5xi32>, tensor<16xi32>, tensor<16xi32>) -> tensor<16x16xf32>
    ```
  }];
}

//===------------------------------------------------------------------------------------------===//
// On a rank
//===------------------------------------------------------------------------------------------===//

def Step37_ReceivedRowsOp : Step37_PureOp<"received_rows"> {
  let summary = "Where the rows are that the ranks of a group send to this one's experts.";
  let description = [{
    bounds are the offsets of all ranks of the group, one's after another's: where its rows of each expert begin.
    Rank c of the group has the experts from c·n on, n = experts/ranks, and its rows are in the order of their expert,
    then of the rank that has them, then of that rank. Of these the ones from `first` on, as many as there is room for,
    are a window; offsets[e] is expert e's first row in it. Ranks send them one after another: source_row[r] is which of
    all that arrive is row r, received_row its inverse; −1 behind the last one.
    C1: bounds is [ranks·(experts+1)], offsets [experts/ranks+1], coordinate [1].
    C2: source_row and received_row have one type; first is not negative; slots, the rows of a rank, is positive.

    ```mlir
    %offsets, %source_row, %received_row = step37.received_rows %bounds, %c {first = 0 : i64, ranks = 2 : i64, slots = 16 : i64}
      : (tensor<10xi32>, tensor<1xi32>) -> (tensor<3xi32>, tensor<16xi32>, tensor<16xi32>)
    ```
  }];
  let arguments = (ins I32TensorOfRank<1>:$bounds, I32TensorOfRank<1>:$coordinate, I64Attr:$ranks, I64Attr:$slots,
                       I64Attr:$first);
  let results = (outs I32TensorOfRank<1>:$offsets, I32TensorOfRank<1>:$source_row, I32TensorOfRank<1>:$received_row);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_CountedSendOp : Step37_PureOp<"counted_send", [Exchanges]> {
  let summary = "Sends rows grouped by expert to the ranks of a group that have the experts.";
  let description = [{
    received has the rows that `received_rows` finds in the window from `first` on, one rank's after another's; what is
    behind them is not written. How many they are is known when they are sent.
    C1: at least one axis, each once; ranks is at least 2.
    C2: received differs from rows in the first dimension only; bounds is [ranks·(experts+1)], ranks divides experts;
    first is not negative.

    ```mlir
    %received = step37.counted_send %rows, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64}
      : (tensor<16x8xf32>, tensor<10xi32>) -> tensor<32x8xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$rows, I32TensorOfRank<1>:$bounds, AxesAttr:$axes, I64Attr:$ranks, I64Attr:$first);
  let results = (outs FloatTensorOfRank<2>:$received);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_CountedReturnOp : Step37_PureOp<"counted_return", [Exchanges]> {
  let summary = "Sends rows back to the ranks that `counted_send` had them from.";
  let description = [{
    returned is `before`, of earlier windows, with this window's rows where they were sent from; without it other rows
    are not written.
    C1: at least one axis, each once; ranks is at least 2.
    C2: returned differs from received in the first dimension only, and is like before; bounds is
    [ranks·(experts+1)], ranks divides experts; first is not negative.

    ```mlir
    %returned = step37.counted_return %received, %bounds {axes = ["dp"], first = 0 : i64, ranks = 2 : i64}
      : (tensor<32x8xf32>, tensor<10xi32>) -> tensor<16x8xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$received, I32TensorOfRank<1>:$bounds,
                       Optional<FloatTensorOfRank<2>>:$before, AxesAttr:$axes, I64Attr:$ranks, I64Attr:$first);
  let results = (outs FloatTensorOfRank<2>:$returned);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
