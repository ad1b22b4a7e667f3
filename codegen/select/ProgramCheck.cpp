#include "codegen/select/ProgramCheck.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult require(Operation *op, bool holds, StringRef rule, const Twine &message) {
  if (holds)
    return success();
  return op->emitOpError() << "violates " << rule << " of kernel selection: " << message;
}

bool isBufferType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !ir::hasSizes(tensor))
    return false;
  Type element = tensor.getElementType();
  return element.isF32() || element.isBF16() || element.isInteger(32) || element.isInteger(64);
}

/// Whether the use decides where its value lives.
bool places(OpOperand &use) {
  return isa<ir::WriteOp, func::ReturnOp, tensor::ConcatOp>(use.getOwner());
}

class ModuleCheck {
public:
  explicit ModuleCheck(ModuleOp module) : module(module), symbols(module) {}

  LogicalResult run() {
    for (auto function : module.getOps<func::FuncOp>()) {
      if (failed(checkSignature(function)) || failed(checkReads(function)))
        return failure();
      for (BlockArgument argument : function.getArguments())
        if (failed(checkPlace(function, argument)))
          return failure();
      for (Operation &op : function.front())
        if (failed(checkColumns(&op)))
          return failure();
        else
          for (Value result : op.getResults())
            if (failed(checkPlace(&op, result)))
              return failure();
    }
    return success();
  }

private:
  LogicalResult checkSignature(func::FuncOp function) {
    if (failed(require(function, llvm::hasSingleElement(function.getBlocks()), "P1",
                       "a program is one block")))
      return failure();
    for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
      auto cls = function.getArgAttrOfType<StringAttr>(index, "step37.class");
      bool known = cls && (cls.getValue() == "input" || cls.getValue() == "scalar");
      if (failed(require(function, known, "P1",
                         "argument " + Twine(index) + " has no step37.class input or scalar")) ||
          failed(checkName(function, type, cls,
                           function.getArgAttrOfType<StringAttr>(index, "step37.name"))))
        return failure();
    }
    auto output = StringAttr::get(module.getContext(), "output");
    for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
      if (failed(checkName(function, type, output,
                           function.getResultAttrOfType<StringAttr>(index, "step37.name"))))
        return failure();
    return success();
  }

  LogicalResult checkName(func::FuncOp function, Type type, StringAttr cls, StringAttr name) {
    if (failed(require(function, bool(name), "P1", "an argument or result has no step37.name")) ||
        failed(require(function, isBufferType(type), "P1",
                       "'" + name.getValue() +
                           "' is no tensor of f32, bf16, i32 or i64 with static sizes")))
      return failure();
    auto [known, isNew] = names.try_emplace(name.getValue(), cls, type);
    Operation *symbol = symbols.lookup(name.getValue());
    return require(function,
                   known->second == std::pair(cls, type) &&
                       !isa_and_nonnull<ir::ParameterOp, ir::StateOp>(symbol),
                   "P2", "'" + name.getValue() + "' already names another buffer");
  }

  LogicalResult checkColumns(Operation *op) {
    if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      return require(op,
                     int64_t(concat.getDim()) == concat.getType().getRank() - 1 &&
                         concat.getType().getRank() <= 2 && isBufferType(concat.getType()),
                     "P3", "only lists, and columns of matrices, are joined");
    auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
    if (!slice)
      return success();
    int64_t rank = slice.getType().getRank(), last = rank - 1;
    bool sliceable = rank >= 1 && rank <= 2 && slice.getSourceType().getRank() == rank &&
                     isBufferType(slice.getSourceType()) && isBufferType(slice.getType()) &&
                     !slice.isDynamicOffset(last) && slice.hasUnitStride();
    if (sliceable && rank == 2)
      sliceable = slice.getStaticOffset(0) == 0 &&
                  slice.getStaticSize(0) == slice.getSourceType().getDimSize(0);
    return require(op, sliceable, "P3", "only lists, and whole columns of matrices, are sliced");
  }

  LogicalResult checkPlace(Operation *op, Value value) {
    int64_t count = llvm::count_if(value.getUses(), places);
    Operation *producer = value.getDefiningOp();
    bool computed =
        producer && isa<ir::Step37Dialect>(producer->getDialect()) && !isa<ir::ReadOp>(producer);
    return require(op, count == 0 || (count == 1 && computed), "P4",
                   "a value that is returned, written or joined must be computed, and go to one "
                   "place");
  }

  LogicalResult checkReads(func::FuncOp function) {
    llvm::StringSet<> changed;
    for (Operation &op : function.front()) {
      if (auto write = dyn_cast<ir::WriteOp>(op)) {
        changed.insert(write.getSymbol());
      } else if (auto accumulate = dyn_cast<ir::AccumulateGradientOp>(op)) {
        changed.insert(accumulate.getGradient());
      } else if (auto optimizer = dyn_cast<ir::OptimizerOpInterface>(op)) {
        changed.insert(optimizer.getParameterAttr().getValue());
        for (FlatSymbolRefAttr state : optimizer.getStates())
          changed.insert(state.getValue());
        if (FlatSymbolRefAttr master = optimizer.getMasterAttr())
          changed.insert(master.getValue());
      }
    }
    for (auto read : function.getOps<ir::ReadOp>())
      if (failed(require(read, !changed.contains(read.getSymbol()), "P5",
                         "the program changes what it reads")))
        return failure();
    return success();
  }

  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<std::pair<StringAttr, Type>> names;
};

} // namespace

LogicalResult checkPrograms(ModuleOp module) { return ModuleCheck(module).run(); }

} // namespace step37
