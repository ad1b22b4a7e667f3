// Operations of the plan dialect. Verifiers are in PlanVerifiers.cpp.
#ifndef STEP37_PLAN_OPS_TD
#define STEP37_PLAN_OPS_TD

include "dialects/plan/PlanDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SymbolUser : DeclareOpInterfaceMethods<SymbolUserOpInterface>;

// Sizes and strides are known and positive, rows do not overlap, and a buffer starts at its offset.
def HasLayout : CPred<"::step37::planir::hasLayout(::llvm::cast<::mlir::MemRefType>($_self))">;
def Plan_Buffer : ConfinedType<MemRefOf<[F32, BF16, I32, I64, I8]>, [HasLayout],
                               "memref of f32, bf16, i32, i64 or bytes with static sizes and strides">;

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;

def Plan_BufferOp : Plan_Op<"buffer", [Symbol]> {
  let summary = "A buffer that outlives a program.";
  let description = [{
    `split`: the mesh axes that each dimension of an input or output is split over; `coordinate`: the axes along
    which the executor writes the rank's index into it.
    C1: an offset, once planned, is not negative and a multiple of 64.

    ```mlir
    plan.buffer parameter weights @lm_head.weight : memref<320x64xf32> offset 128
    ```
  }];
  let arguments = (ins Plan_BufferClassAttr:$buffer_class, Plan_BufferKindAttr:$kind, SymbolNameAttr:$sym_name,
                       TypeAttrOf<Plan_Buffer>:$type, OptionalAttr<I64Attr>:$offset,
                       OptionalAttr<ArrayAttr>:$split, OptionalAttr<StrArrayAttr>:$coordinate);
  let assemblyFormat = [{
    $buffer_class $kind $sym_name `:` $type (`offset` $offset^)? (`split` $split^)? (`coordinate` $coordinate^)?
    attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_KernelOp : Plan_Op<"kernel", [Symbol]> {
  let summary = "A kernel with its spec.";
  let description = [{
    `family` and `spec` are what codegen/spec reads; `variant` is the implementation chosen, `reason` why,
    `launch` how it cuts its work, for those that have such choices. Arguments in launch order. `nanoseconds`: how long a launch is expected to take, for who orders steps.

    C1: there is an argument; each has at least one element; `in_place_of` is −1 or, for a written one, the index of one
    that is read, has its type and as many elements.

    ```mlir
    plan.kernel @add_1 "add" variant "host" reason "" spec {elements = 8, addends = 2, type = "f32"}
      arguments [#plan.argument<"a" read f32 x 8, in_place_of = -1>, #plan.argument<"b" read f32 x 8, in_place_of = -1>,
                 #plan.argument<"out" write f32 x 8, in_place_of = 0>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$family, StrAttr:$variant, StrAttr:$reason,
                       DictionaryAttr:$spec, TypedArrayAttrBase<Plan_ArgumentAttr, "arguments">:$arguments,
                       OptionalAttr<DictionaryAttr>:$launch, OptionalAttr<I64Attr>:$nanoseconds);
  let assemblyFormat = [{
    $sym_name $family `variant` $variant `reason` $reason `spec` $spec `arguments` $arguments
    (`launch` $launch^)? (`nanoseconds` $nanoseconds^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_ProgramOp : Plan_Op<"program", [IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A straight list of steps.";
  let description = [{
    Programs have a namespace of their own: an output may be called like the program that writes it.

    Steps of one stream run one after another, in this order: those of `stream 0` compute, those of `stream 1`
    exchange data. A step waits for the steps of the other stream that its `after` lists by their number among the
    program's steps (an event is recorded behind each of these), and through them for all that they waited for.
    Stream 1 begins when the program does, and the program ends when both have.

    C1: it holds only steps, views, temporaries and references to buffers.
    C2: streams are 0 and 1, and if any step is on stream 1, all collectives and nothing else are; a step's `after`
    lists earlier steps of the other stream, in ascending order.

    ```mlir
    plan.program "eval" {
      %x = plan.get @x : memref<8xf32>
      plan.launch @add_1(%x, %x, %x) : memref<8xf32>, memref<8xf32>, memref<8xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Plan_GetOp : Plan_Op<"get", [SymbolUser, Pure]> {
  let summary = "A buffer of the module.";
  let description = [{
    C1: the symbol is a buffer of the result's type.

    ```mlir
    %w = plan.get @lm_head.weight : memref<320x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$symbol);
  let results = (outs Plan_Buffer:$buffer);
  let assemblyFormat = "$symbol `:` type($buffer) attr-dict";
}

def Plan_TemporaryOp : Plan_Op<"temporary"> {
  let summary = "A buffer that lives from its first to its last use in this program.";
  let description = [{
    C1: an offset, once planned, is not negative and a multiple of 64.

    ```mlir
    %y = plan.temporary activations : memref<8x64xf32> offset 4096
    ```
  }];
  let arguments = (ins Plan_BufferKindAttr:$kind, OptionalAttr<I64Attr>:$offset);
  let results = (outs Plan_Buffer:$buffer);
  let assemblyFormat = "$kind `:` type($buffer) (`offset` $offset^)? attr-dict";
  let hasVerifier = 1;
}

def Plan_ViewOp : Plan_Op<"view", [Pure]> {
  let summary = "A part of a buffer.";
  let description = [{
    Starts `begin` elements into its source; the result's type has the strides.
    C1: the element type is the source's and the view lies inside the source.

    ```mlir
    %k = plan.view %qkv from 64 : memref<8x128xf32> to memref<8x32xf32, strided<[128, 1]>>
    ```
  }];
  let arguments = (ins Plan_Buffer:$source, I64Attr:$begin);
  let results = (outs Plan_Buffer:$view);
  let assemblyFormat = "$source `from` $begin attr-dict `:` type($source) `to` type($view)";
  let hasVerifier = 1;
}

class Plan_StepOp<string mnemonic> : Plan_Op<mnemonic, [SymbolUser]> {
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Plan_Buffer>:$buffers, OptionalAttr<I64Attr>:$stream,
                       OptionalAttr<DenseI64ArrayAttr>:$after);
  let assemblyFormat = [{
    $kernel `(` $buffers `)` (`stream` $stream^)? (`after` $after^)? attr-dict `:` type($buffers)
  }];
}

def Plan_LaunchOp : Plan_StepOp<"launch"> {
  let summary = "Runs a kernel of this project.";
  let description = [{
    C1: the symbol is a kernel.
    C2: as many buffers as the kernel has arguments, of their element types, each at least as long as
    the kernel's extent.

    ```mlir
    plan.launch @add_1(%a, %b, %out) : memref<8xf32>, memref<8xf32>, memref<8xf32>
    ```
  }];
}

def Plan_GemmOp : Plan_StepOp<"gemm"> {
  let summary = "Runs a matrix product of a library.";
  let description = [{
    C1, C2 as in `launch`.

    ```mlir
    plan.gemm @gemm_1(%x, %w, %y) : memref<8x16xf32>, memref<32x16xf32>, memref<8x32xf32>
    ```
  }];
}

def Plan_CollectiveOp : Plan_StepOp<"collective"> {
  let summary = "Ranks of a group exchange data.";
  let description = [{
    C1, C2 as in `launch`.

    ```mlir
    plan.launch @add_1(%a, %b, %in) : memref<8xf32>, memref<8xf32>, memref<8xf32>
    plan.collective @collective_1(%in, %out) stream 1 after [0] : memref<8xf32>, memref<16xf32>
    ```
  }];
}

def Plan_ParameterOp : Plan_Op<"parameter", [SymbolUser]> {
  let summary = "How published tensors lie in a parameter's buffers.";
  let description = [{
    Names the buffers of a parameter and its optimizer state, and what they are made of. `parts` is
    opaque here; the emitter reads it. `gradient_partial`: the mesh axes over which the gradient is to be summed;
    `state_split`: those over which the elements of the optimizer's `states` are split.

    C1: every symbol is a buffer.

    ```mlir
    plan.parameter @w trained true gradient @gradient.w states [#plan.state<"moment1" @moment1.w>] parts []
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$buffer, BoolAttr:$trained, OptionalAttr<FlatSymbolRefAttr>:$gradient,
                       TypedArrayAttrBase<Plan_StateAttr, "states">:$states, ArrayAttr:$parts,
                       OptionalAttr<StrArrayAttr>:$gradient_partial, OptionalAttr<StrArrayAttr>:$state_split);
  let assemblyFormat = [{
    $buffer `trained` $trained (`gradient` $gradient^)? `states` $states `parts` $parts (`gradient_partial` $gradient_partial^)? (`state_split` $state_split^)?
    attr-dict
  }];
}

#endif
