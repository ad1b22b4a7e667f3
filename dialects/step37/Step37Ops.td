// Operations of the step37 dialect: symbols and state, layers and attention with their gradients, the optimizer.
// Other topics are in files of their own, included below. Verifiers are in <topic>Verifiers.cpp, gradients in
// Step37Vjp.cpp.
#ifndef STEP37_OPS_TD
#define STEP37_OPS_TD

include "dialects/step37/Step37Dialect.td"
include "dialects/step37/Step37Interfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Passes divide by sizes and kernels are chosen by them: all are known and positive.
def HasSizes : CPred<"::step37::ir::hasSizes(::llvm::cast<::mlir::RankedTensorType>($_self))">;
def FloatTensor : RankedTensorOf<[F32, BF16], [HasSizes], "tensor of static sizes">;
class TensorOfRank<list<Type> types, int rank>
    : RankedTensorOf<types, [HasAnyRankOfPred<[rank]>, HasSizes], rank # "D tensor of static sizes">;
class FloatTensorOfRank<int rank> : TensorOfRank<[F32, BF16], rank>;
class F32TensorOfRank<int rank> : TensorOfRank<[F32], rank>;
class I32TensorOfRank<int rank> : TensorOfRank<[I32], rank>;
def Scalar : F32TensorOfRank<1>; // a device slot of one or a few f32

class Step37_Op<string mnemonic, list<Trait> traits = []> : Op<Step37_Dialect, mnemonic, traits>;
class Step37_PureOp<string mnemonic, list<Trait> traits = []>
    : Step37_Op<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}
def SymbolUser : DeclareOpInterfaceMethods<SymbolUserOpInterface>;
def Differentiable : DeclareOpInterfaceMethods<DifferentiableOpInterface>;
// Shardable: the default way of cutting an operation into what a rank computes is right for it.
def Shardable : DeclareOpInterfaceMethods<ShardableOpInterface>;
def ShardableItself : DeclareOpInterfaceMethods<ShardableOpInterface, ["localize"]>;
// Forward operations whose cost is not only what they read and write.
def Multiplies : DeclareOpInterfaceMethods<WorkOpInterface, ["getProductFlops"]>;
def Exchanges : DeclareOpInterfaceMethods<WorkOpInterface, ["getSentElements"]>;

//===------------------------------------------------------------------------------------------===//
// Symbols and state
//===------------------------------------------------------------------------------------------===//

def Step37_ParameterOp : Step37_Op<"parameter", [Symbol]> {
  let summary = "A parameter of the model.";
  let description = [{
    A tensor that programs read and that `adamw` changes if it is `trained`. `parts` says which
    published tensors it is made of. `decay`: weight decay applies (published rank of 2 or more). `pack`
    names the parameter that it and its siblings (projections of one input) become on a rank. `dims` says
    what each dimension counts ("vocab", "head", "ffn", "expert", "expert_ffn", or "" for what is never
    split): a mesh splits by these names. `split`, on a rank: the mesh axes that each dimension was split over.

    C1: parts lie inside the parameter and have as many elements together as it has.
    C2: a part's `blocks` divides its number of elements.
    C3: published element types are f32 or bf16.

    ```mlir
    step37.parameter @lm_head.weight : tensor<320x64xf32> trained true decay true
      parts [#step37.part<"lm_head.weight", f32, [320, 64], blocks = 1, begin = 0, stride = 0, init_std = 0.02 : f64>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FloatTensor>:$type, BoolAttr:$trained,
                       BoolAttr:$decay, OptionalAttr<StrAttr>:$pack, OptionalAttr<StrArrayAttr>:$dims,
                       OptionalAttr<ArrayAttr>:$split, TypedArrayAttrBase<Step37_PartAttr, "parts">:$parts);
  let assemblyFormat = [{
    $sym_name `:` $type `trained` $trained `decay` $decay (`pack` $pack^)? (`dims` $dims^)?
    (`split` $split^)? `parts` $parts attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::mlir::cast<::mlir::RankedTensorType>(getType()); }
  }];
  let hasVerifier = 1;
}

def Step37_CarriedOp : Step37_Op<"carried", [Symbol]> {
  let summary = "A published tensor that this program does not compute with.";
  let description = [{
    Carried through checkpoints and counted in the inventory, in no program: the multi-token-prediction
    layers without `--mtp`, the vision tower of a text-only compilation.

    ```mlir
    step37.carried @model.layers.45.enorm.weight : tensor<16xbf16>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FloatTensor>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def Step37_StateOp : Step37_Op<"state", [Symbol, SymbolUser]> {
  let summary = "A tensor that lives across programs.";
  let description = [{
    Gradients, an optimizer's state (both of the parameter `of`), and activations that one program leaves
    for another. `slot` is what the optimizer keeps in the state: "master", or a name of its own. `partial`, on a
    rank: the mesh axes over which a gradient is still to be summed, or over which an optimizer's state is split.

    C1: `of` is present exactly if the role is not activation, and names a parameter of the same shape. An
    optimizer's state with `partial` is a list of elements: a rank's part of them.
    C2: an optimizer's state is f32.
    C3: `slot` is present exactly if the role is optimizer.

    ```mlir
    step37.state gradient @gradient.w of @w : tensor<32x16xf32>
    step37.state optimizer "moment1" @moment1.w of @w : tensor<32x16xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FloatTensor>:$type,
                       Step37_StateRoleAttr:$role, OptionalAttr<FlatSymbolRefAttr>:$of,
                       OptionalAttr<StrArrayAttr>:$partial, OptionalAttr<StrAttr>:$slot);
  let assemblyFormat = "$role ($slot^)? $sym_name (`of` $of^)? `:` $type (`partial` $partial^)? attr-dict";
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::mlir::cast<::mlir::RankedTensorType>(getType()); }
  }];
}

def Step37_ReadOp : Step37_Op<"read", [SymbolUser, MemoryEffects<[MemRead]>]> {
  let summary = "The value of a parameter or state.";
  let description = [{
    C1: the symbol is a parameter or state of the result's type.

    ```mlir
    %w = step37.read @w : tensor<32x16xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$symbol);
  let results = (outs FloatTensor:$value);
  let assemblyFormat = "$symbol `:` type($value) attr-dict";
}

def Step37_WriteOp : Step37_Op<"write", [SymbolUser, MemoryEffects<[MemWrite]>]> {
  let summary = "Sets a state.";
  let description = [{
    C1: the symbol is a state of the value's type.

    ```mlir
    step37.write @final_hidden, %x : tensor<8x16xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$symbol, FloatTensor:$value);
  let assemblyFormat = "$symbol `,` $value `:` type($value) attr-dict";
}

def Step37_AccumulateGradientOp : Step37_Op<"accumulate_gradient", [SymbolUser, MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "gradient = beta·gradient + value.";
  let description = [{
    `beta` is 0 in the first micro-batch of a step (what the state held is not read) and 1 after it. A
    parameter that is read several times gets several contributions: all but the first with a beta of 1.

    C1: the symbol is a state with the gradient role and the value's shape.

    ```mlir
    step37.accumulate_gradient @gradient.w, %dw, %beta : tensor<32x16xf32>, tensor<1xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$gradient, FloatTensor:$value, Scalar:$beta);
  let assemblyFormat = "$gradient `,` $value `,` $beta attr-dict `:` type($value) `,` type($beta)";
}

//===------------------------------------------------------------------------------------------===//
// Embedding, norms, sums, products
//===------------------------------------------------------------------------------------------===//

def Step37_EmbeddingOp : Step37_PureOp<"embedding", [Differentiable, ShardableItself]> {
  let summary = "Rows of a table.";
  let description = [{
    out[t] = table[ids[t]].
    C1: out is [tokens, width] for ids [tokens] and table [vocab, width], of the table's element type.

    ```mlir
    %x = step37.embedding %ids, %table : (tensor<8xi32>, tensor<32x16xf32>) -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins I32TensorOfRank<1>:$ids, FloatTensorOfRank<2>:$table);
  let results = (outs FloatTensorOfRank<2>:$out);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_EmbeddingGradOp : Step37_PureOp<"embedding_grad", [ShardableItself]> {
  let summary = "Gradient of embedding with respect to the table.";
  let description = [{
    dtable[v] = sum over the tokens with id v of dout[t], in token order.
    C1: dtable is [vocab, width] with dout's width.

    ```mlir
    %dtable = step37.embedding_grad %ids, %dx : (tensor<8xi32>, tensor<8x16xf32>) -> tensor<32x16xf32>
    ```
  }];
  let arguments = (ins I32TensorOfRank<1>:$ids, FloatTensorOfRank<2>:$dout);
  let results = (outs FloatTensorOfRank<2>:$dtable);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_RmsNormOp : Step37_PureOp<"rms_norm", [Differentiable, Shardable]> {
  let summary = "RMS norm of a sum.";
  let description = [{
    x = sum of the addends, rounded to the element type; y = x/sqrt(mean(x²)+eps)·(weight+weight_offset),
    computed in f32 and rounded once. With more than one addend `sum` is x (fused residual addition; only the
    form with one addend has a gradient).

    C1: addends and y are [rows, cols] of one type; weight is [cols]; inverse_rms is [rows].
    C2: `sum` is present exactly if there is more than one addend.

    ```mlir
    %y, %r = step37.rms_norm %x, %w {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64}
      : (tensor<8x16xf32>, tensor<16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins Variadic<FloatTensorOfRank<2>>:$addends, FloatTensorOfRank<1>:$weight, F64Attr:$eps,
                       F64Attr:$weight_offset);
  let results = (outs FloatTensorOfRank<2>:$y, F32TensorOfRank<1>:$inverse_rms,
                      Optional<FloatTensorOfRank<2>>:$sum);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_RmsNormGradOp : Step37_PureOp<"rms_norm_grad", [Shardable]> {
  let summary = "Gradient of rms_norm, added to further gradients of its input.";
  let description = [{
    Without the result `dweight` the weight has no gradient: it is frozen.
    C1: dy, x, dx and residuals are [rows, cols] of one type; weight and dweight are [cols];
    inverse_rms is [rows].

    ```mlir
    %dx, %dw = step37.rms_norm_grad %dy, %x, %w, %r {eps = 1.0e-5 : f64, weight_offset = 1.0 : f64}
      : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<16xf32>, tensor<8xf32>) -> (tensor<8x16xf32>, tensor<16xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dy, FloatTensorOfRank<2>:$x, FloatTensorOfRank<1>:$weight,
                       F32TensorOfRank<1>:$inverse_rms, Variadic<FloatTensorOfRank<2>>:$residuals, F64Attr:$eps,
                       F64Attr:$weight_offset);
  let results = (outs FloatTensorOfRank<2>:$dx, Optional<FloatTensorOfRank<1>>:$dweight);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AddOp : Step37_PureOp<"add", [Differentiable, SameOperandsAndResultType, Shardable]> {
  let summary = "Sum of tensors, rounded once.";
  let description = [{
    Summed in operand order in f32 and rounded to the element type once; that is why it is not a chain
    of `arith.addf`.
    C1: at least one operand; all of the result's type.

    ```mlir
    %sum = step37.add %a, %b, %c : tensor<8x16xbf16>
    ```
  }];
  let arguments = (ins Variadic<FloatTensor>:$values);
  let results = (outs FloatTensor:$sum);
  let assemblyFormat = "$values attr-dict `:` type($sum)";
  let hasFolder = 1;
  let hasVerifier = 0; // the trait says it all
}

def Step37_MatmulOp : Step37_PureOp<"matmul", [Differentiable, Shardable, Multiplies]> {
  let summary = "Matrix product, accumulated in f32 and rounded once.";
  let description = [{
    c = op(a)·op(b), op the transposition where asked for. A linear layer with a weight [out, in] is
    `matmul x, w {transpose_b}`. Closed under differentiation. Element types may differ.
    C1: op(a) is [m, k], op(b) is [k, n], c is [m, n].

    ```mlir
    %y = step37.matmul %x, %w {transpose_b}
      : (tensor<8x16xbf16>, tensor<32x16xbf16>) -> tensor<8x32xf32>
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$a, FloatTensorOfRank<2>:$b, UnitAttr:$transpose_a,
                       UnitAttr:$transpose_b);
  let results = (outs FloatTensorOfRank<2>:$c);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===------------------------------------------------------------------------------------------===//
// Attention
//===------------------------------------------------------------------------------------------===//

def Step37_RopeTableOp : Step37_PureOp<"rope_table", [Shardable]> {
  let summary = "Cosines and sines of rotary angles.";
  let description = [{
    table[p] = cos(p·f_i), then sin(p·f_i), for the frequencies f. One table serves all layers of a type.
    C1: the table is [positions, 2·number of frequencies].

    ```mlir
    %table = step37.rope_table {frequencies = array<f64: 1.0, 0.01>} : tensor<4x4xf32>
    ```
  }];
  let arguments = (ins DenseF64ArrayAttr:$frequencies);
  let results = (outs F32TensorOfRank<2>:$table);
  let assemblyFormat = "attr-dict `:` type($table)";
}

def Step37_QkNormRopeOp : Step37_PureOp<"qk_norm_rope", [AttrSizedOperandSegments, Differentiable, Shardable]> {
  let summary = "RMS norm of every query and key head, then rotary embedding.";
  let description = [{
    Norm over the head (with weight+weight_offset, if the weights are there), then NeoX rotation of the first
    `rotary_dim` dimensions at the position within the document (if the table is there). In f32,
    rounded once.

    C1: q is [tokens, heads·head_dim], k [tokens, groups·head_dim], results like them.
    C2: q_weight and k_weight [head_dim], of q's element type, and inverse_rms [tokens, heads+groups] are
    there together.
    C3: the table is [seq_len, rotary_dim], rotary_dim even and at most head_dim.
    C4: seq_len divides tokens; document_start is [tokens].

    ```mlir
    %q1, %k1 = step37.qk_norm_rope %q, %k, %table, %start
      {eps = 1.0e-5 : f64, head_dim = 4, operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>, seq_len = 4,
       weight_offset = 1.0 : f64}
      : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<4x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k,
                       Optional<FloatTensorOfRank<1>>:$q_weight, Optional<FloatTensorOfRank<1>>:$k_weight,
                       Optional<F32TensorOfRank<2>>:$table, I32TensorOfRank<1>:$document_start,
                       I64Attr:$seq_len, I64Attr:$head_dim, F64Attr:$eps, F64Attr:$weight_offset);
  let results = (outs FloatTensorOfRank<2>:$q_out, FloatTensorOfRank<2>:$k_out,
                      Optional<F32TensorOfRank<2>>:$inverse_rms);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_QkNormRopeGradOp : Step37_PureOp<"qk_norm_rope_grad", [AttrSizedOperandSegments, AttrSizedResultSegments, Shardable]> {
  let summary = "Gradient of qk_norm_rope.";
  let description = [{
    Without the results `dq_weight` and `dk_weight` the weights have no gradients: they are frozen.
    C1 to C4 as in `qk_norm_rope`; dq, dk are like q, k; the weights' gradients, which are there both or
    not at all, like the weights.

    ```mlir
    %dq, %dk = step37.qk_norm_rope_grad %dq1, %dk1, %q, %k, %table, %start
      {eps = 1.0e-5 : f64, head_dim = 4, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 1, 1, 0>,
       resultSegmentSizes = array<i32: 1, 1, 0, 0>, seq_len = 4, weight_offset = 1.0 : f64}
      : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<4x4xf32>, tensor<8xi32>)
      -> (tensor<8x16xf32>, tensor<8x8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dq_out, FloatTensorOfRank<2>:$dk_out,
                       FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k,
                       Optional<FloatTensorOfRank<1>>:$q_weight, Optional<FloatTensorOfRank<1>>:$k_weight,
                       Optional<F32TensorOfRank<2>>:$table, I32TensorOfRank<1>:$document_start,
                       Optional<F32TensorOfRank<2>>:$inverse_rms,
                       I64Attr:$seq_len, I64Attr:$head_dim, F64Attr:$eps, F64Attr:$weight_offset);
  let results = (outs FloatTensorOfRank<2>:$dq, FloatTensorOfRank<2>:$dk,
                      Optional<FloatTensorOfRank<1>>:$dq_weight, Optional<FloatTensorOfRank<1>>:$dk_weight);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AttentionOp : Step37_PureOp<"attention", [Differentiable, Shardable, Multiplies]> {
  let summary = "Causal grouped-query attention within documents, with the head gate.";
  let description = [{
    Query t sees keys j ≤ t from its document's start on and, if window > 0, only the last `window`
    ones, its own included. out = softmax(scale·q·kᵀ)·v, times sigmoid(gate) per head if there is a
    gate. lse is the log-sum-exp of the scaled scores.

    C1: q and out are [tokens, heads·head_dim], k and v [tokens, groups·head_dim]; groups divides heads.
    C2: gate, of q's element type, and lse are [tokens, heads].
    C3: seq_len divides tokens; document_start is [tokens]; window ≥ 0.

    ```mlir
    %out, %lse = step37.attention %q, %k, %v, %gate, %start
      {head_dim = 4, scale = 0.5 : f64, seq_len = 4, window = 2}
      : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>)
      -> (tensor<8x16xf32>, tensor<8x4xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k, FloatTensorOfRank<2>:$v,
                       Optional<FloatTensorOfRank<2>>:$gate, I32TensorOfRank<1>:$document_start,
                       I64Attr:$seq_len, I64Attr:$head_dim, I64Attr:$window, F64Attr:$scale);
  let results = (outs FloatTensorOfRank<2>:$out, F32TensorOfRank<2>:$lse);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AttentionGradOp : Step37_PureOp<"attention_grad", [Shardable]> {
  let summary = "Gradient of attention.";
  let description = [{
    C1 to C3 as in `attention`; gradients are like their operands, dgate is there if gate is.

    ```mlir
    %dq, %dk, %dv = step37.attention_grad %dout, %q, %k, %v, %start, %out, %lse
      {head_dim = 4, scale = 0.5 : f64, seq_len = 4, window = 0}
      : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>,
         tensor<8x4xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
    ```
  }];
  let arguments = (ins FloatTensorOfRank<2>:$dout, FloatTensorOfRank<2>:$q, FloatTensorOfRank<2>:$k,
                       FloatTensorOfRank<2>:$v, Optional<FloatTensorOfRank<2>>:$gate,
                       I32TensorOfRank<1>:$document_start, FloatTensorOfRank<2>:$out, F32TensorOfRank<2>:$lse,
                       I64Attr:$seq_len, I64Attr:$head_dim, I64Attr:$window, F64Attr:$scale);
  let results = (outs FloatTensorOfRank<2>:$dq, FloatTensorOfRank<2>:$dk, FloatTensorOfRank<2>:$dv,
                      Optional<FloatTensorOfRank<2>>:$dgate);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

include "dialects/step37/ExpertOps.td"
include "dialects/step37/LossOps.td"

//===------------------------------------------------------------------------------------------===//
// Optimizer
//===------------------------------------------------------------------------------------------===//

def Step37_SumOfSquaresOp : Step37_PureOp<"sum_of_squares"> {
  let summary = "Sums of squares of fixed blocks of elements.";
  let description = [{
    C1: partial is [ceil(elements / block)] with `block` = 65536, the size that the kernel spec fixes.

    ```mlir
    %partial = step37.sum_of_squares %g : (tensor<32x16xf32>) -> tensor<1xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$x);
  let results = (outs F32TensorOfRank<1>:$partial);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{ static constexpr int64_t block = 65536; }];
}

def Step37_GlobalNormOp : Step37_PureOp<"global_norm"> {
  let summary = "Norm over all gradients and the factor that clips it.";
  let description = [{
    norm = sqrt(sum of all partials in order); clip = min(1, max_norm/(norm+1e-6)), 1 if max_norm ≤ 0.
    C1: at least one partial; max_norm, norm and clip are [1].

    ```mlir
    %norm, %clip = step37.global_norm %partial, %max_norm
      : (tensor<1xf32>, tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>)
    ```
  }];
  let arguments = (ins Variadic<F32TensorOfRank<1>>:$partials, Scalar:$max_norm);
  let results = (outs Scalar:$norm, Scalar:$clip);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Step37_AdamWOp : Step37_Op<"adamw", [SymbolUser, OptimizerOpInterface, MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "One AdamW step of a parameter, in place.";
  let description = [{
    correction1 is 1−β1^t, correction2 1−β2^t. Weight decay counts if the parameter has `decay`. Without a master
    the parameter is f32 and its own master. Where the states hold a part of the parameter's elements, `updated`
    is that part of the new parameter, which itself stays as it is.

    C1: the symbols are a trained parameter and its states of these slots, the states and the gradient of one
    number of elements: the parameter's, unless there is an `updated` of as many.
    C2: a master is there exactly if the parameter is not f32 or there is an `updated`.
    C3: hyperparameters and clip have one element.

    ```mlir
    step37.adamw @w gradient %dw moments @moment1.w, @moment2.w learning_rate %h beta1 %h beta2 %h eps %h
      weight_decay %h corrections %h, %h clip %clip
      : (tensor<32x16xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>,
         tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> ()
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, FloatTensor:$gradient,
                       FlatSymbolRefAttr:$moment1, FlatSymbolRefAttr:$moment2,
                       OptionalAttr<FlatSymbolRefAttr>:$master, Scalar:$learning_rate, Scalar:$beta1,
                       Scalar:$beta2, Scalar:$eps, Scalar:$weight_decay, Scalar:$correction1,
                       Scalar:$correction2, Scalar:$clip);
  let results = (outs Optional<FloatTensorOfRank<1>>:$updated);
  let extraClassDeclaration = [{
    const ::step37::ir::OptimizerKind &getKind();
    ::llvm::SmallVector<::mlir::FlatSymbolRefAttr> getStates();
    ::llvm::SmallVector<::mlir::Value> getHyperparameters();
  }];
  let assemblyFormat = [{
    $parameter `gradient` $gradient `moments` $moment1 `,` $moment2 (`master` $master^)?
    `learning_rate` $learning_rate `beta1` $beta1 `beta2` $beta2 `eps` $eps `weight_decay` $weight_decay
    `corrections` $correction1 `,` $correction2 `clip` $clip attr-dict `:` functional-type(operands, results)
  }];
}

include "dialects/step37/CollectiveOps.td"
include "dialects/step37/ExpertExchangeOps.td"
include "dialects/step37/DataOps.td"
include "dialects/step37/VisionOps.td"

#endif
