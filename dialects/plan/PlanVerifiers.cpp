// Verifiers of the plan dialect, and what they need to know about strided buffers. The constraint
// numbers are those of PlanOps.td; test/dialects/plan-invalid.mlir has a case for each.
#include "dialects/plan/PlanDialect.h"

using namespace mlir;

namespace step37::planir {
namespace {

LogicalResult require(Operation *op, bool holds, StringRef constraint, const Twine &message) {
  if (holds)
    return success();
  return op->emitOpError() << "violates " << constraint << ": " << message;
}

LogicalResult verifyOffset(Operation *op, std::optional<uint64_t> offset) {
  bool planned = !offset || (int64_t(*offset) >= 0 && *offset % 64 == 0);
  return require(op, planned, "C1", "the offset must be a multiple of 64 and not negative");
}

LogicalResult verifyStep(SymbolTableCollection &tables, Operation *op, FlatSymbolRefAttr symbol,
                         OperandRange buffers) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(op, symbol);
  if (failed(require(op, bool(kernel), "C1", "no kernel of this name")))
    return failure();
  ArrayAttr arguments = kernel.getArguments();
  if (failed(require(op, arguments.size() == buffers.size(), "C2",
                     "the kernel takes " + Twine(arguments.size()) + " buffers")))
    return failure();
  for (auto [index, buffer] : llvm::enumerate(buffers)) {
    auto argument = cast<ArgumentAttr>(arguments[index]);
    auto type = cast<MemRefType>(buffer.getType());
    if (failed(require(op,
                       type.getElementType() == argument.getType() &&
                           extent(type) >= argument.getElements(),
                       "C2", "argument '" + argument.getName() + "' does not fit its buffer")))
      return failure();
  }
  return success();
}

} // namespace

bool hasLayout(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset = 0, covered = 1;
  if (failed(type.getStridesAndOffset(strides, offset)) || offset != 0)
    return false;
  for (auto [size, stride] : llvm::reverse(llvm::zip_equal(type.getShape(), strides))) {
    int64_t steps = 0;
    if (size <= 0 || stride < covered || // also what is unknown
        llvm::MulOverflow(size - 1, stride, steps) || llvm::AddOverflow(steps, covered, covered))
      return false;
  }
  return covered <= std::numeric_limits<int64_t>::max() / 64;
}

int64_t extent(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset = 0, last = 0;
  [[maybe_unused]] LogicalResult strided = type.getStridesAndOffset(strides, offset);
  assert(succeeded(strided) && "hasLayout holds for every buffer");
  for (auto [size, stride] : llvm::zip(type.getShape(), strides))
    last += (size - 1) * stride;
  return last + 1;
}

int64_t bytesOf(MemRefType type) {
  return extent(type) * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

Origin originOf(Value buffer) {
  int64_t begin = 0;
  while (auto view = buffer.getDefiningOp<ViewOp>()) {
    begin += view.getBegin();
    buffer = view.getSource();
  }
  return {buffer, begin};
}

bool isStep(Operation *op) { return isa<LaunchOp, GemmOp, CollectiveOp>(op); }

KernelOp kernelOf(Operation *step, SymbolTable &symbols) {
  return symbols.lookup<KernelOp>(step->getAttrOfType<FlatSymbolRefAttr>("kernel").getAttr());
}

int64_t streamOf(Operation *step) {
  auto stream = step->getAttrOfType<IntegerAttr>("stream");
  return stream ? stream.getInt() : 0;
}

ArrayRef<int64_t> afterOf(Operation *step) {
  auto after = step->getAttrOfType<DenseI64ArrayAttr>("after");
  return after ? after.asArrayRef() : ArrayRef<int64_t>();
}

LogicalResult BufferOp::verify() { return verifyOffset(*this, getOffset()); }
LogicalResult TemporaryOp::verify() { return verifyOffset(*this, getOffset()); }

LogicalResult KernelOp::verify() {
  auto arguments = getArguments().getAsRange<ArgumentAttr>();
  SmallVector<ArgumentAttr> all(arguments.begin(), arguments.end());
  if (failed(require(*this, !all.empty(), "C1", "there must be an argument")))
    return failure();
  for (ArgumentAttr argument : all) {
    int64_t source = argument.getInPlaceOf();
    bool valid = argument.getElements() > 0 && source >= -1 && source < int64_t(all.size());
    if (valid && source >= 0)
      valid = argument.getAccess() != Access::Read && all[source].getAccess() == Access::Read &&
              all[source].getType() == argument.getType() &&
              all[source].getElements() == argument.getElements();
    if (failed(require(*this, valid, "C1",
                       "argument '" + argument.getName() +
                           "' must have elements, and take over only a read argument like it")))
      return failure();
  }
  return success();
}

LogicalResult ParameterOp::verifySymbolUses(SymbolTableCollection &tables) {
  SmallVector<FlatSymbolRefAttr> symbols = {getBufferAttr(), getGradientAttr()};
  for (auto state : getStates().getAsRange<StateAttr>())
    symbols.push_back(state.getBuffer());
  for (FlatSymbolRefAttr symbol : symbols)
    if (failed(require(*this, !symbol || tables.lookupNearestSymbolFrom<BufferOp>(*this, symbol),
                       "C1", "every symbol must be a buffer")))
      return failure();
  return success();
}

LogicalResult ProgramOp::verify() {
  SmallVector<int64_t> streams; // of the steps so far
  bool exchanges = llvm::any_of(getBody().front(),
                                [](Operation &op) { return isStep(&op) && streamOf(&op) == 1; });
  for (Operation &op : getBody().front()) {
    if (failed(require(*this, (isStep(&op) || isa<GetOp, TemporaryOp, ViewOp>(op)), "C1",
                       "'" + op.getName().getStringRef() +
                           "' is no step, view, temporary or reference")))
      return failure();
    if (!isStep(&op))
      continue;
    int64_t stream = streamOf(&op), last = -1;
    bool valid = stream == 0 || stream == 1;
    valid &= !exchanges || (stream == 1) == isa<CollectiveOp>(op);
    for (int64_t other : afterOf(&op)) {
      valid &= other > last && other < int64_t(streams.size()) && streams[other] != stream;
      if (!valid)
        break;
      last = other;
    }
    if (failed(require(&op, valid, "C2 of programs",
                       "stream 1 has all collectives and nothing else; a step waits for earlier "
                       "steps of the other "
                       "stream, in ascending order")))
      return failure();
    streams.push_back(stream);
  }
  return success();
}

LogicalResult GetOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto buffer = tables.lookupNearestSymbolFrom<BufferOp>(*this, getSymbolAttr());
  return require(*this, buffer && buffer.getType() == getBuffer().getType(), "C1",
                 "the symbol must be a buffer of the result's type");
}

LogicalResult ViewOp::verify() {
  auto source = cast<MemRefType>(getSource().getType()),
       view = cast<MemRefType>(getView().getType());
  return require(*this,
                 source.getElementType() == view.getElementType() && int64_t(getBegin()) >= 0 &&
                     int64_t(getBegin()) <= extent(source) - extent(view),
                 "C1", "the view must lie inside its source and have its element type");
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStep(tables, *this, getKernelAttr(), getBuffers());
}
LogicalResult GemmOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStep(tables, *this, getKernelAttr(), getBuffers());
}
LogicalResult CollectiveOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyStep(tables, *this, getKernelAttr(), getBuffers());
}

} // namespace step37::planir
