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

#endif
