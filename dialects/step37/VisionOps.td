// Operations that only the vision tower and its features need; the last part of Step37Ops.td, whose
// classes they use. Verifiers are in VisionVerifiers.cpp, gradients in VisionVjp.cpp, sharding rules in
// VisionSharding.cpp.
//
// Tokens of images are rows: `grids` lists (count, height, width) for each group of images of one
// size, one group after another; an image has its height·width tokens in row-major order, behind one
// class token where there are class tokens. That is a batch; "tokens of grids" are those of one batch or
// of several, one after another. Batches are what images are split by.
#ifndef STEP37_VISION_OPS_TD
#define STEP37_VISION_OPS_TD

//===------------------------------------------------------------------------------------------===//
// Images as rows
//===------------------------------------------------------------------------------------------===//

def Step37_PatchesOp : Step37_PureOp<"patches", [ShardableItself]> {
  let summary = "Images cut into patches, a row each.";
  let description = [{
    Columns are in the order channel, y, x, so that a convolution of this kernel and stride is a product
    with its kernel as a matrix. With `class_token` every image begins with a row of zeros. The groups of
    images follow one another; of `batches` batches, a batch is an equal part of each tensor, in its order.

    C1: there is an image tensor; all are [images, channels, height, width] of as many channels, height and
    width multiples of patch; batches divides images.
    C2: out is [tokens of all images, channels·patch²].

    ```mlir
    %rows = step37.patches %pixels, %crops {patch = 2}
      : (tensor<1x3x8x8xf32>, tensor<2x3x4x4xf32>) -> tensor<24x12xf32>
    ```
  }];
  let arguments = (ins Variadic<F32TensorOfRank<4>>:$images, I64Attr:$patch, UnitAttr:$class_token,
                       DefaultValuedAttr<I64Attr, "1">:$batches);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_UnfoldOp : Step37_PureOp<"unfold", [Differentiable, Shardable]> {
  let summary = "The windows of a convolution of 3×3, stride 2, padding 1 as rows.";
  let description = [{
    A row for every place of the grids with each side halved (upwards), columns in the order channel, y, x,
    zero beyond the border. Class tokens are left out.
    C1: x is [tokens of grids, channels].
    C2: out is [tokens of the halved grids, 9·channels] of x's element type.

    ```mlir
    %windows = step37.unfold %x {grids = array<i64: 1, 4, 4>} : (tensor<16x6xf32>) -> tensor<4x54xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, DenseI64ArrayAttr:$grids, UnitAttr:$class_token);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_FoldOp : Step37_PureOp<"fold", [Differentiable, Shardable]> {
  let summary = "The transpose of unfold.";
  let description = [{
    Each token is the sum of what the windows have of it; class tokens are zero.
    C1: out is [tokens of grids, channels].
    C2: x is [tokens of the halved grids, 9·channels] of out's element type.

    ```mlir
    %dx = step37.fold %dwindows {grids = array<i64: 1, 4, 4>} : (tensor<4x54xf32>) -> tensor<16x6xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, DenseI64ArrayAttr:$grids, UnitAttr:$class_token);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===------------------------------------------------------------------------------------------===//
// Positions
//===------------------------------------------------------------------------------------------===//

def Step37_AddPositionsOp : Step37_PureOp<"add_positions", [AttrSizedOperandSegments, Differentiable, Shardable]> {
  let summary = "Adds learned positions, and the class embedding at class tokens.";
  let description = [{
    The table is a square of positions, row-major, behind one for the class token if there is a class
    embedding. For an image of another grid the square is resampled bilinearly, corners not aligned.

    C1: x and out are [tokens of grids, width] of one type, with class tokens if there is a class
    embedding, which is [width] of x's element type.
    C2: the table is [a square, plus 1 with a class embedding, width] of x's element type.
    C3: there is a table or a class embedding.

    ```mlir
    %out = step37.add_positions %x, %table {grids = array<i64: 2, 3, 3>, operandSegmentSizes = array<i32: 1, 1, 0>}
      : (tensor<18x6xf32>, tensor<16x6xf32>) -> tensor<18x6xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, Optional<FloatTensorOfRank<2>>:$table,
                       Optional<FloatTensorOfRank<1>>:$class_embedding, DenseI64ArrayAttr:$grids);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AddPositionsGradOp : Step37_PureOp<"add_positions_grad", [AttrSizedResultSegments, Shardable]> {
  let summary = "Gradient of add_positions with respect to the table and the class embedding.";
  let description = [{
    The transpose of the resampling, summed over the images. The gradient of x is dout itself.
    C1 to C3 as in `add_positions` up to element types, with dout for x and the gradients for what they
    are of.

    ```mlir
    %dtable = step37.add_positions_grad %dout {grids = array<i64: 2, 3, 3>, resultSegmentSizes = array<i32: 1, 0>}
      : (tensor<18x6xf32>) -> tensor<16x6xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dout, DenseI64ArrayAttr:$grids);
  let results = (outs Optional<FloatTensorOfRank<2>>:$dtable, Optional<FloatTensorOfRank<1>>:$dclass_embedding);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AxialRopeTableOp : Step37_PureOp<"axial_rope_table", [Shardable]> {
  let summary = "Cosines and sines of the rotary angles of image tokens.";
  let description = [{
    For n frequencies f a token's first n angles are column·f and the next n row·f, or the other way round
    with `row_first`. Rows and columns count from 0, beside class tokens from 1; the angles of a class
    token are 0. All batches share the table.
    C1: there are frequencies; the table is [tokens of grids, 4·n] for one batch.

    ```mlir
    %table = step37.axial_rope_table {frequencies = array<f64: 1.0, 0.01>, grids = array<i64: 2, 3, 3>}
      : tensor<18x8xf32>
    ```
  }];
  let arguments = (ins DenseF64ArrayAttr:$frequencies, DenseI64ArrayAttr:$grids, UnitAttr:$class_token,
                       UnitAttr:$row_first);
  let results = (outs F32TensorOfRank<2>:$table);
  let assemblyFormat = "attr-dict `:` type($table)";
}

def Step37_RotatePairsOp : Step37_PureOp<"rotate_pairs", [Differentiable, Shardable]> {
  let summary = "Rotation of the neighbouring pairs of every head by a row's angles.";
  let description = [{
    (x[2i], x[2i+1]) of each head turns by angle i of the row: cosines, then sines, of the table; back with
    `inverse`, which is also the gradient. The rows are one or several batches that use the same table.
    C1: x is [rows, heads·head_dim] and out like it; head_dim is even.
    C2: the table is [rows of a batch, head_dim].

    ```mlir
    %q1 = step37.rotate_pairs %q, %table {head_dim = 8} : (tensor<18x16xf32>, tensor<18x8xf32>) -> tensor<18x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, F32TensorOfRank<2>:$table, I64Attr:$head_dim, UnitAttr:$inverse);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===------------------------------------------------------------------------------------------===//
// Layers
//===------------------------------------------------------------------------------------------===//

def Step37_LayerNormOp : Step37_PureOp<"layer_norm", [Differentiable, Shardable]> {
  let summary = "Layer norm with weight and bias.";
  let description = [{
    y = (x − mean)/sqrt(variance + eps)·weight + bias, in f32, rounded once.
    C1: x and y are [rows, cols] of one type, weight and bias [cols] of its element type, mean and
    inverse_deviation [rows].

    ```mlir
    %y, %m, %d = step37.layer_norm %x, %w, %b {eps = 1.0e-5 : f64}
      : (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<1>:$weight, FloatTensorOfRank<1>:$bias,
                       F64Attr:$eps);
  let results = (outs FloatTensorOfRank<2>:$y, F32TensorOfRank<1>:$mean, F32TensorOfRank<1>:$inverse_deviation);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_LayerNormGradOp : Step37_PureOp<"layer_norm_grad", [Shardable]> {
  let summary = "Gradient of layer_norm.";
  let description = [{
    C1: dy, x and dx are [rows, cols] of one type; weight, dweight and dbias are [cols]; mean and
    inverse_deviation are [rows].

    ```mlir
    %dx, %dw, %db = step37.layer_norm_grad %dy, %x, %w, %m, %d
      : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>, tensor<8xf32>)
      -> (tensor<8x16xf32>, tensor<16xf32>, tensor<16xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dy, FloatTensorOfRank<2>:$x, FloatTensorOfRank<1>:$weight,
                       F32TensorOfRank<1>:$mean, F32TensorOfRank<1>:$inverse_deviation);
  let results = (outs FloatTensorOfRank<2>:$dx, FloatTensorOfRank<1>:$dweight, FloatTensorOfRank<1>:$dbias);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AddBiasOp : Step37_PureOp<"add_bias", [Differentiable, Shardable]> {
  let summary = "A row added to every row.";
  let description = [{
    C1: x and out are [rows, cols] of one type, bias is [cols] of its element type.

    ```mlir
    %y = step37.add_bias %x, %b : (tensor<8x16xf32>, tensor<16xf32>) -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<1>:$bias);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_ScaleColumnsOp : Step37_PureOp<"scale_columns", [Differentiable, Shardable]> {
  let summary = "Every column times its factor.";
  let description = [{
    C1: x and out are [rows, cols] of one type, scale is [cols] of its element type.

    ```mlir
    %y = step37.scale_columns %x, %gamma : (tensor<8x16xf32>, tensor<16xf32>) -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, FloatTensorOfRank<1>:$scale);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_ColumnSumsOp : Step37_PureOp<"column_sums", [Shardable]> {
  let summary = "Sums over the rows: the gradient of a row that all rows share.";
  let description = [{
    sums = sum over the rows of a, or of a·b, in f32 and a fixed order.
    C1: a and b are [rows, cols] of one type, sums is [cols].

    ```mlir
    %db = step37.column_sums %dy : (tensor<8x16xf32>) -> tensor<16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$a, Optional<FloatTensorOfRank<2>>:$b);
  let results = (outs FloatTensorOfRank<1>:$sums);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_QuickGeluOp : Step37_PureOp<"quick_gelu", [Differentiable, SameOperandsAndResultType, Shardable]> {
  let summary = "x·sigmoid(1.702·x).";
  let description = [{
    C1: operand and result have one type.

    ```mlir
    %h = step37.quick_gelu %x : tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$x);
  let results = (outs FloatTensor:$out);
  let assemblyFormat = "operands attr-dict `:` type($out)";
  let hasVerifier = 0; // the trait says it all
}

def Step37_QuickGeluGradOp : Step37_PureOp<"quick_gelu_grad", [SameOperandsAndResultType, Shardable]> {
  let summary = "Gradient of quick_gelu.";
  let description = [{
    C1: operands and result have one type.

    ```mlir
    %dx = step37.quick_gelu_grad %dh, %x : tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$dout, FloatTensor:$x);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = "operands attr-dict `:` type($dx)";
  let hasVerifier = 0; // the trait says it all
}

def Step37_SliceColumnsOp : Step37_PureOp<"slice_columns", [Differentiable]> {
  let summary = "A matrix as ranges of its columns, where they are.";
  let description = [{
    What one packed projection gives, taken apart; its gradient is `tensor.concat`. Behind differentiation
    it is nothing but slices, which canonicalization makes of it: unlike `split_columns` it copies nothing,
    and what takes the parts must know their stride.
    C1: the parts are [rows, …] of x's element type and have x's columns together.

    ```mlir
    %q, %k, %v = step37.slice_columns %x
      : (tensor<8x24xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x);
  let results = (outs Variadic<FloatTensorOfRank<2>>:$parts);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizeMethod = 1;
}

def Step37_ImageAttentionOp : Step37_PureOp<"image_attention", [Differentiable, Shardable, Multiplies]> {
  let summary = "Attention of all tokens of an image to all of them.";
  let description = [{
    out = softmax(scale·q·kᵀ)·v per head, within each image. lse is the log-sum-exp of the scaled scores.
    C1: q, k, v and out are [tokens of grids, heads·head_dim] of one type; lse is [tokens, heads].

    ```mlir
    %out, %lse = step37.image_attention %q, %k, %v {grids = array<i64: 2, 3, 3>, head_dim = 8, scale = 0.5 : f64}
      : (tensor<18x16xf32>, tensor<18x16xf32>, tensor<18x16xf32>) -> (tensor<18x16xf32>, tensor<18x2xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k, FloatTensorOfRank<2>:$v,
                       DenseI64ArrayAttr:$grids, UnitAttr:$class_token, I64Attr:$head_dim, F64Attr:$scale);
  let results = (outs FloatTensorOfRank<2>:$out, F32TensorOfRank<2>:$lse);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_ImageAttentionGradOp : Step37_PureOp<"image_attention_grad", [Shardable]> {
  let summary = "Gradient of image_attention.";
  let description = [{
    C1 as in `image_attention`; dout and the gradients are like q.

    ```mlir
    %dq, %dk, %dv = step37.image_attention_grad %dout, %q, %k, %v, %out, %lse
      {grids = array<i64: 1, 3, 3>, head_dim = 8, scale = 0.5 : f64}
      : (tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x2xf32>)
      -> (tensor<9x16xf32>, tensor<9x16xf32>, tensor<9x16xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dout, FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k,
                       FloatTensorOfRank<2>:$v, FloatTensorOfRank<2>:$out, F32TensorOfRank<2>:$lse,
                       DenseI64ArrayAttr:$grids, UnitAttr:$class_token, I64Attr:$head_dim, F64Attr:$scale);
  let results = (outs FloatTensorOfRank<2>:$dq, FloatTensorOfRank<2>:$dk, FloatTensorOfRank<2>:$dv);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===------------------------------------------------------------------------------------------===//
// Insertion
//===------------------------------------------------------------------------------------------===//

def Step37_MergeRowsOp : Step37_PureOp<"merge_rows", [Differentiable, ShardableItself]> {
  let summary = "Rows of one matrix over chosen rows of another.";
  let description = [{
    out[i] = source[index[i]] where index[i] ≥ 0, zero without a source; elsewhere x[i]. No row of the source
    is taken twice: `inverse` says where row j goes (inverse[index[i]] = i), −1 for nowhere. Of `batches`
    batches each is an equal part of all operands, in whose rows index and inverse count.
    C1: x and out are [rows, cols] of one type, source [source rows, cols] of its element type.
    C2: index is [rows], inverse [source rows] if there is a source.
    C3: batches divides rows and source rows.

    ```mlir
    %out = step37.merge_rows %x, %features, %index, %inverse
      : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8xi32>, tensor<4xi32>) -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, Optional<FloatTensorOfRank<2>>:$source, I32TensorOfRank<1>:$index,
                       I32TensorOfRank<1>:$inverse, DefaultValuedAttr<I64Attr, "1">:$batches);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_GatherRowsOp : Step37_PureOp<"gather_rows", [Differentiable, ShardableItself]> {
  let summary = "Chosen rows, zero where none is chosen.";
  let description = [{
    out[i] = x[index[i]] where index[i] ≥ 0, else 0. No row is taken twice: inverse[index[i]] = i, −1 for
    rows that nobody takes. Closed under differentiation, with index and inverse exchanged. `batches` as in
    `merge_rows`.
    C1: x and out are [rows, cols] of one element type and width.
    C2: index is as long as out, inverse as x.
    C3: batches divides the rows of x and of out.

    ```mlir
    %rows = step37.gather_rows %x, %index, %inverse
      : (tensor<8x16xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$x, I32TensorOfRank<1>:$index, I32TensorOfRank<1>:$inverse,
                       DefaultValuedAttr<I64Attr, "1">:$batches);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
