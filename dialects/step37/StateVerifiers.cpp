// Verifiers of symbols, of what reads and changes them, and of the optimizer.
#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {
namespace {

/// The symbol of this kind that `op` names, or null.
template <typename Symbol>
Symbol lookup(SymbolTableCollection &tables, Operation *op, FlatSymbolRefAttr symbol) {
  return symbol ? tables.lookupNearestSymbolFrom<Symbol>(op, symbol) : Symbol();
}

} // namespace

LogicalResult ParameterOp::verify() {
  int64_t total = getTensorType().getNumElements(), covered = 0;
  for (auto part : getParts().getAsRange<PartAttr>()) {
    StringRef name = part.getName().getValue();
    Type type = part.getElementType();
    if (failed(require(*this, type.isF32() || type.isBF16(), "C3",
                       "part " + name + " must be published in f32 or bf16")))
      return failure();
    // Nothing below overflows: elements never exceed the parameter's, nor begin and strides.
    int64_t elements = 1;
    for (int64_t size : part.getShape())
      elements = size > 0 && size <= total / elements ? elements * size : total + 1;
    int64_t blocks = part.getBlocks(), begin = part.getBegin(), stride = part.getStride();
    if (failed(require(*this, blocks > 0 && (elements > total || elements % blocks == 0), "C2",
                       "blocks must divide the elements of part " + name)))
      return failure();
    int64_t block = elements / blocks;
    bool inside = elements <= total && begin >= 0 && begin <= total - block;
    if (inside && blocks > 1)
      inside = stride >= block && blocks - 1 <= (total - block - begin) / stride;
    if (failed(require(*this, inside, "C1", "part " + name + " must lie inside the parameter")))
      return failure();
    covered += elements;
  }
  return require(*this, covered == total, "C1", "the parts must cover the parameter");
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  bool activation = getRole() == StateRole::Activation;
  if (failed(require(*this, activation == !getOf(), "C1",
                     "`of` belongs to every role but activation")))
    return failure();
  if (!activation) {
    auto parameter = lookup<ParameterOp>(tables, *this, getOfAttr());
    bool part = getPartial() && getRole() != StateRole::Gradient && getTensorType().getRank() == 1;
    if (failed(require(*this,
                       parameter && (part || parameter.getTensorType().getShape() ==
                                                 getTensorType().getShape()),
                       "C1", "`of` must name a parameter of the same shape")))
      return failure();
  }
  bool f32 = getTensorType().getElementType().isF32();
  bool optimizer = getRole() == StateRole::Optimizer;
  if (failed(require(*this, !optimizer || f32, "C2", "an optimizer's state is f32")))
    return failure();
  return require(*this, optimizer == getSlot().has_value(), "C3",
                 "`slot` belongs to the role optimizer alone");
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  Type type;
  if (auto parameter = lookup<ParameterOp>(tables, *this, getSymbolAttr()))
    type = parameter.getTensorType();
  else if (auto state = lookup<StateOp>(tables, *this, getSymbolAttr()))
    type = state.getTensorType();
  return require(*this, type == getValue().getType(), "C1",
                 "the symbol must be a parameter or state of the result's type");
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = lookup<StateOp>(tables, *this, getSymbolAttr());
  return require(*this, state && state.getTensorType() == getValue().getType(), "C1",
                 "the symbol must be a state of the value's type");
}

LogicalResult AccumulateGradientOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = lookup<StateOp>(tables, *this, getGradientAttr());
  return require(*this,
                 state && state.getRole() == StateRole::Gradient &&
                     state.getTensorType().getShape() == shape(getValue()),
                 "C1", "the symbol must be a gradient of the value's shape");
}

LogicalResult SumOfSquaresOp::verify() {
  int64_t elements = cast<RankedTensorType>(getX().getType()).getNumElements();
  return require(*this, rows(getPartial()) == (elements + block - 1) / block, "C1",
                 "partial must have one entry a block");
}

LogicalResult GlobalNormOp::verify() {
  bool single = llvm::all_of(ValueRange{getMaxNorm(), getNorm(), getClip()},
                             [](Value value) { return rows(value) == 1; });
  return require(*this, !getPartials().empty() && single, "C1",
                 "there must be a partial, and max_norm, norm and clip must be [1]");
}

} // namespace step37::ir
