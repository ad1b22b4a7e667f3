// The plan dialect: a program as a straight list of steps on buffers with fixed addresses.
#ifndef STEP37_PLAN_DIALECT_TD
#define STEP37_PLAN_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let summary = "Steps, kernels and buffers of one target.";
  let description = [{
    What an executor does: launch kernels on buffers, on a stream that computes and one that exchanges data. Buffers are memrefs; the
    memory plan gives each an offset in the target's arena. Which model this is, is not known here:
    kernel specs are opaque dictionaries.
  }];
  let cppNamespace = "::step37::planir";
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

class Plan_I32Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::step37::planir";
  let genSpecializedAttr = 0;
}

def Plan_BufferClass : Plan_I32Enum<"BufferClass", "who writes a buffer and how long it lives", [
    I32EnumAttrCase<"Parameter", 0, "parameter">, I32EnumAttrCase<"State", 1, "state">,
    I32EnumAttrCase<"Scalar", 2, "scalar">, I32EnumAttrCase<"Input", 3, "input">,
    I32EnumAttrCase<"Output", 4, "output">]>;
def Plan_BufferClassAttr : EnumAttr<Plan_Dialect, Plan_BufferClass, "buffer_class">;

def Plan_BufferKind : Plan_I32Enum<"BufferKind", "what a buffer's bytes are counted as", [
    I32EnumAttrCase<"Weights", 0, "weights">, I32EnumAttrCase<"Gradients", 1, "gradients">,
    I32EnumAttrCase<"Optimizer", 2, "optimizer">, I32EnumAttrCase<"Activations", 3, "activations">,
    I32EnumAttrCase<"Workspace", 4, "workspace">, I32EnumAttrCase<"Io", 5, "io">]>;
def Plan_BufferKindAttr : EnumAttr<Plan_Dialect, Plan_BufferKind, "buffer_kind">;

def Plan_Access : Plan_I32Enum<"Access", "how a kernel uses an argument", [
    I32EnumAttrCase<"Read", 0, "read">, I32EnumAttrCase<"Write", 1, "write">,
    I32EnumAttrCase<"ReadWrite", 2, "read_write">]>;

def Plan_ArgumentAttr : AttrDef<Plan_Dialect, "Argument"> {
  let mnemonic = "argument";
  let summary = "One argument of a kernel.";
  let description = [{
    Its role, how it is used, its element type and the extent in elements that the kernel may touch.
    `in_place_of` is the index of a read argument whose storage it may take over, or -1.
  }];
  let parameters = (ins StringRefParameter<>:$name, EnumParameter<Plan_Access>:$access, "::mlir::Type":$type,
                        "int64_t":$elements, "int64_t":$in_place_of);
  let assemblyFormat = "`<` $name $access $type `x` $elements `,` `in_place_of` `=` $in_place_of `>`";
}

def Plan_StateAttr : AttrDef<Plan_Dialect, "State"> {
  let mnemonic = "state";
  let summary = "A buffer of an optimizer's state.";
  let description = [{
    What the optimizer keeps in it ("master", or a name of the optimizer's own), and the buffer.
  }];
  let parameters = (ins StringRefParameter<>:$role, "::mlir::FlatSymbolRefAttr":$buffer);
  let assemblyFormat = "`<` $role $buffer `>`";
}

#endif
