// The step37 dialect: what a Step-3.5 or Step-3.7 model computes, on whole tensors.
#ifndef STEP37_DIALECT_TD
#define STEP37_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Step37_Dialect : Dialect {
  let name = "step37";
  let summary = "Training and inference of Step-3.5 and Step-3.7 as operations on tensors.";
  let description = [{
    Operations say what the model says: attention, routing, experts, losses, and the optimizer. They
    work on ranked tensors in row-major order; a token is a row, a batch is its rows of `seq_len`
    tokens one after another. An operation's location is the path of the published module that it
    comes from. Nothing here speaks of bytes, streams or files: that is the plan dialect.

    Parameters and states are symbols of the module. `step37.read` and `step37.accumulate_gradient`,
    `step37.adamw` and `step37.write` are the only operations that touch them.
  }];
  let cppNamespace = "::step37::ir";
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

class Step37_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::step37::ir";
  let genSpecializedAttr = 0;
}

def Step37_ClampPosition : Step37_I32Enum<"ClampPosition", "where SwiGLU's clamp of the gate sits", [
    I32EnumAttrCase<"AfterSilu", 0, "after_silu">, I32EnumAttrCase<"BeforeSilu", 1, "before_silu">]>;
def Step37_ClampPositionAttr : EnumAttr<Step37_Dialect, Step37_ClampPosition, "clamp_position">;

def Step37_StateRole : Step37_I32Enum<"StateRole", "what a state is for", [
    I32EnumAttrCase<"Gradient", 0, "gradient">, I32EnumAttrCase<"Optimizer", 1, "optimizer">,
    I32EnumAttrCase<"Activation", 2, "activation">]>;
def Step37_StateRoleAttr : EnumAttr<Step37_Dialect, Step37_StateRole, "role">;

def Step37_PartAttr : AttrDef<Step37_Dialect, "Part"> {
  let mnemonic = "part";
  let summary = "A published tensor and its place inside a parameter.";
  let description = [{
    The published tensor, seen as `blocks` rows in its own row-major order, has row b at element
    `begin + b·stride` of the parameter. A whole parameter is one part with one block. `element_type`
    is the published one; `init_std` the deviation of random initialisation around `init_mean`
    (0 where it is not given). On a rank, `shape` is that of the rank's piece, padded to equal sizes, `split`
    lists for each dimension the mesh axes that it is split over, and `whole` is the published shape.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::Type":$element_type,
                        ArrayRefParameter<"int64_t">:$shape, "int64_t":$blocks, "int64_t":$begin,
                        "int64_t":$stride, "::mlir::FloatAttr":$init_std,
                        OptionalParameter<"::mlir::FloatAttr">:$init_mean,
                        OptionalParameter<"::mlir::ArrayAttr">:$split,
                        OptionalArrayRefParameter<"int64_t">:$whole);
  let assemblyFormat = [{
    `<` $name `,` $element_type `,` `[` $shape `]` `,` `blocks` `=` $blocks `,` `begin` `=` $begin `,`
    `stride` `=` $stride `,` `init_std` `=` $init_std (`init_mean` `=` $init_mean^)?
    (`,` `split` `=` $split^ `,` `whole` `=` `[` $whole `]`)? `>`
  }];
}

#endif
