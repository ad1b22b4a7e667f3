// Interfaces that operations implement so that passes never switch on their names.
#ifndef STEP37_INTERFACES_TD
#define STEP37_INTERFACES_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::step37::ir";
  let description = [{
    An operation that knows its own vector-Jacobian product. Residuals that the gradient needs are
    results of the operation itself (an RMS norm returns its inverse RMS, attention its log-sum-exp).
  }];
  let methods = [
    InterfaceMethod<[{
        Builds the gradients of the operands. `resultGradients` has one entry a result, null where no
        gradient reaches it; at least one is there. `gradientTypes` has the type that each operand's
        gradient must have (a parameter's gradient has the storage type of gradients), null where none
        is asked for. Sets `operandGradients` (one entry an operand, null where there is none). Fails, with
        an error at the operation, where a gradient reaches a result that has none.
      }],
      "::mlir::LogicalResult", "buildVjp",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ArrayRef<::mlir::Value>":$resultGradients,
           "::mlir::ArrayRef<::mlir::Type>":$gradientTypes,
           "::mlir::MutableArrayRef<::mlir::Value>":$operandGradients)>
  ];
}

def ShardableOpInterface : OpInterface<"ShardableOpInterface"> {
  let cppNamespace = "::step37::ir";
  let description = [{
    An operation that can be cut into what each rank of a mesh computes. Its rule relates the dimensions
    of operands and results (ShardingRule.h); how shardings spread and what is exchanged follows from rules
    alone.
  }];
  let methods = [
    InterfaceMethod<"How dimensions of operands and results belong together.",
      "::step37::ir::ShardingRule", "getShardingRule", (ins)>,
    InterfaceMethod<[{
        Builds what a rank computes from local operands and appends the local results, which have the types
        of `local`. The default clones the operation with these types, which is right where an operation
        does on a part what it does on the whole.
      }],
      "::mlir::LogicalResult", "localize",
      (ins "const ::step37::ir::LocalShapes &":$local, "::mlir::OpBuilder &":$builder,
           "::mlir::ValueRange":$operands, "::llvm::SmallVectorImpl<::mlir::Value> &":$results),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::step37::ir::localizeByClone($_op, local, builder, operands, results);
      }]>
  ];
}

def WorkOpInterface : OpInterface<"WorkOpInterface"> {
  let cppNamespace = "::step37::ir";
  let description = [{
    An operation that does more than read its operands and write its results: it multiplies matrices, or
    exchanges elements with other ranks. What it would cost to compute it again follows from that.
  }];
  let methods = [
    InterfaceMethod<"Operations of its products, a multiplication and an addition as two.",
      "int64_t", "getProductFlops", (ins), /*methodBody=*/"", /*defaultImplementation=*/[{ return 0; }]>,
    InterfaceMethod<"Elements that a rank sends to others.",
      "int64_t", "getSentElements", (ins), /*methodBody=*/"", /*defaultImplementation=*/[{ return 0; }]>
  ];
}

def OptimizerOpInterface : OpInterface<"OptimizerOpInterface"> {
  let cppNamespace = "::step37::ir";
  let description = [{
    One optimizer's step of one parameter, on what a rank holds of it. What the optimizer keeps and needs is
    its kind (Optimizers.h), from which the update program is built: a second optimizer is an operation with
    this interface, its kind, and its kernel.
  }];
  let methods = [
    InterfaceMethod<"What the optimizer keeps of a parameter and which scalars it needs.",
      "const ::step37::ir::OptimizerKind &", "getKind", (ins)>,
    InterfaceMethod<"The parameter.", "::mlir::FlatSymbolRefAttr", "getParameterAttr", (ins)>,
    InterfaceMethod<"The gradient of what is updated.", "::mlir::Value", "getGradient", (ins)>,
    InterfaceMethod<"What the gradient is multiplied with; 0 leaves everything as it is.",
      "::mlir::Value", "getClip", (ins)>,
    InterfaceMethod<"The part of the new parameter; null where the parameter is updated in place.",
      "::mlir::Value", "getUpdated", (ins)>,
    InterfaceMethod<"The states, in the order of the kind's slots.",
      "::llvm::SmallVector<::mlir::FlatSymbolRefAttr>", "getStates", (ins)>,
    InterfaceMethod<"The f32 master; null where the parameter is its own.",
      "::mlir::FlatSymbolRefAttr", "getMasterAttr", (ins)>,
    InterfaceMethod<"The scalars, in the order of the kind's hyperparameters.",
      "::llvm::SmallVector<::mlir::Value>", "getHyperparameters", (ins)>
  ];
  let extraClassDeclaration = [{
    /// Constraints C1 to C3 of every optimizer (step37.adamw states them).
    ::mlir::LogicalResult verifyStep(::mlir::SymbolTableCollection &tables);
  }];
}

#endif
