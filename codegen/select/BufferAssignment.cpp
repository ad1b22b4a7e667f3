#include "codegen/select/BufferAssignment.h"

#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

using planir::BufferClass;
using planir::BufferKind;

MemRefType memrefOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

BufferKind kindOf(ir::StateRole role) {
  switch (role) {
  case ir::StateRole::Gradient:
    return BufferKind::Gradients;
  case ir::StateRole::Optimizer:
    return BufferKind::Optimizer;
  case ir::StateRole::Activation:
    return BufferKind::Activations;
  }
  llvm_unreachable("all roles are listed");
}

/// Whether an operation's matrices may have gaps between their rows: of those that take any matrix
/// only dense products have strides.
bool takesRowGaps(Operation *op) { return isa<ir::MatmulOp>(op); }

/// Inputs and outputs that are whole say nothing.
void setSplit(planir::BufferOp buffer, ArrayAttr split) {
  if (split && llvm::any_of(split, [](Attribute dim) { return !cast<ArrayAttr>(dim).empty(); }))
    buffer.setSplitAttr(split);
}

} // namespace

void BufferAssignment::declareSymbols() {
  auto module = cast<ModuleOp>(symbols.getOp());
  for (auto parameter : module.getOps<ir::ParameterOp>())
    steps.declare(parameter.getSymName(), BufferClass::Parameter, BufferKind::Weights,
                  memrefOf(parameter.getType()));
  for (auto state : module.getOps<ir::StateOp>())
    steps.declare(state.getSymName(), BufferClass::State, kindOf(state.getRole()),
                  memrefOf(state.getType()));
}

void BufferAssignment::beginProgram(func::FuncOp function) {
  buffers.clear();
  for (BlockArgument argument : function.getArguments()) {
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "step37.name");
    auto cls = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "step37.class");
    BufferClass bufferClass = cls.getValue() == "scalar" ? BufferClass::Scalar : BufferClass::Input;
    MemRefType type = memrefOf(argument.getType());
    setSplit(steps.declare(name, bufferClass, BufferKind::Io, type),
             function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "step37.split"));
    buffers[argument] = steps.get(name, bufferClass, BufferKind::Io, type);
  }
}

Value BufferAssignment::symbol(StringRef name) {
  if (auto parameter = symbols.lookup<ir::ParameterOp>(name))
    return steps.get(name, BufferClass::Parameter, BufferKind::Weights,
                     memrefOf(parameter.getType()));
  auto state = symbols.lookup<ir::StateOp>(name);
  return steps.get(name, BufferClass::State, kindOf(state.getRole()), memrefOf(state.getType()));
}

Value BufferAssignment::of(Value value) {
  if (Value known = buffers.lookup(value))
    return known;
  Value buffer;
  if (auto read = value.getDefiningOp<ir::ReadOp>()) {
    buffer = symbol(read.getSymbol());
  } else if (auto extract = value.getDefiningOp<tensor::ExtractSliceOp>()) {
    Value source = of(extract.getSource());
    buffer = extract.getType().getRank() == 1
                 ? rows(source, extract.getStaticOffset(0), extract.getStaticSize(0))
                 : columns(extract.getLoc(), source, extract.getStaticOffset(1),
                           extract.getStaticSize(1));
  } else {
    auto concat = value.getDefiningOp<tensor::ConcatOp>();
    assert(concat && "operations are lowered in order, so all other values have a buffer");
    buffer = concatenation(concat);
  }
  return buffers[value] = buffer;
}

Value BufferAssignment::forResult(Value result) {
  assert(!buffers.count(result) && "a value is written once");
  Value buffer;
  for (OpOperand &use : result.getUses()) {
    if (auto write = dyn_cast<ir::WriteOp>(use.getOwner())) {
      buffer = symbol(write.getSymbol());
    } else if (isa<func::ReturnOp>(use.getOwner())) {
      auto function = use.getOwner()->getParentOfType<func::FuncOp>();
      auto name = function.getResultAttrOfType<StringAttr>(use.getOperandNumber(), "step37.name");
      MemRefType type = memrefOf(result.getType());
      setSplit(steps.declare(name, BufferClass::Output, BufferKind::Io, type),
               function.getResultAttrOfType<ArrayAttr>(use.getOperandNumber(), "step37.split"));
      buffer = steps.get(name, BufferClass::Output, BufferKind::Io, type);
    } else if (auto concat = dyn_cast<tensor::ConcatOp>(use.getOwner())) {
      int64_t begin = 0, dim = concat.getDim();
      for (Value member : concat.getInputs().take_front(use.getOperandNumber()))
        begin += cast<RankedTensorType>(member.getType()).getDimSize(dim);
      int64_t size = cast<RankedTensorType>(result.getType()).getDimSize(dim);
      buffer = dim == 0 ? rows(concatenation(concat), begin, size)
                        : columns(result.getLoc(), concatenation(concat), begin, size);
    }
  }
  if (!buffer)
    buffer = temporary(result,
                       takesRowGaps(result.getDefiningOp()) &&
                           llvm::all_of(result.getUsers(), llvm::IsaPred<tensor::ExtractSliceOp>));
  return buffers[result] = buffer;
}

Value BufferAssignment::workspace(Location loc, int64_t elements, DType type) {
  return steps.temporary(loc, BufferKind::Workspace,
                         MemRefType::get({elements}, typeOf(steps.context(), type)));
}

Value BufferAssignment::matrix(Location loc, int64_t rows, int64_t cols, DType type) {
  return steps.temporary(loc, BufferKind::Workspace,
                         MemRefType::get({rows, cols}, typeOf(steps.context(), type)));
}

Value BufferAssignment::rows(Value buffer, int64_t begin, int64_t count) {
  auto type = cast<MemRefType>(buffer.getType());
  if (begin == 0 && count == type.getDimSize(0))
    return buffer;
  SmallVector<int64_t> strides, shape(type.getShape());
  int64_t offset = 0;
  [[maybe_unused]] LogicalResult known = type.getStridesAndOffset(strides, offset);
  assert(succeeded(known) && "buffers have static strides");
  shape[0] = count;
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, strides);
  return steps.view(buffer.getLoc(), buffer, begin * strides[0],
                    MemRefType::get(shape, type.getElementType(), layout));
}

std::optional<GradientTarget> BufferAssignment::takeGradientTarget(Value value) {
  if (!value.hasOneUse())
    return std::nullopt;
  auto accumulate = dyn_cast<ir::AccumulateGradientOp>(*value.user_begin());
  if (!accumulate || accumulate.getValue() != value)
    return std::nullopt;
  auto state = symbols.lookup<ir::StateOp>(accumulate.getGradient());
  if (state.getTensorType() != value.getType())
    return std::nullopt;
  accumulated.insert(value);
  return GradientTarget{symbol(accumulate.getGradient()), of(accumulate.getBeta())};
}

Value BufferAssignment::concatenation(tensor::ConcatOp concat) {
  Value &buffer = buffers[concat.getResult()];
  if (!buffer)
    buffer = temporary(concat.getResult(), llvm::all_of(concat->getUsers(), takesRowGaps));
  return buffer;
}

Value BufferAssignment::temporary(Value value, bool rowGaps) {
  constexpr int64_t rowAlignment = 16; // bytes
  MemRefType type = memrefOf(value.getType());
  int64_t unit = rowAlignment / int64_t(type.getElementTypeBitWidth() / 8);
  if (!rowGaps || type.getRank() != 2 || type.getDimSize(1) % unit == 0)
    return steps.temporary(value.getLoc(), BufferKind::Activations, type);
  int64_t rows = type.getDimSize(0), cols = type.getDimSize(1);
  auto wide = MemRefType::get({rows, (cols + unit - 1) / unit * unit}, type.getElementType());
  return columns(value.getLoc(), steps.temporary(value.getLoc(), BufferKind::Activations, wide), 0,
                 cols);
}

Value BufferAssignment::columns(Location loc, Value source, int64_t begin, int64_t cols) {
  auto type = cast<MemRefType>(source.getType());
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, {stride(source), 1});
  return steps.view(loc, source, begin,
                    MemRefType::get({type.getDimSize(0), cols}, type.getElementType(), layout));
}

int64_t BufferAssignment::stride(Value buffer) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  [[maybe_unused]] LogicalResult known =
      cast<MemRefType>(buffer.getType()).getStridesAndOffset(strides, offset);
  assert(succeeded(known) && strides.size() == 2 && "rows of a matrix");
  return strides[0];
}

} // namespace step37
