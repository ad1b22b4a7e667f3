// Sibling projections (the same input, parameters with the same `pack`) become one parameter and
// one product. Runs on what a rank holds, never before sharding: rows of different siblings are
// split over ranks one by one (docs/model.md D.4).
//
// For siblings P1…Pn and every program:
//   c_i = x·P_iᵀ                          →  c = x·Pᵀ,   c_i = columns of c
//   dx  = … + dc_1·P_1 + … + dc_n·P_n     →  dx = … + concat(dc_i)·P
//   gradient.P_i += dc_iᵀ·x               →  gradient.P += concat(dc_i)ᵀ·x
#include "passes/Passes.h"
#include "runtime/plan/Names.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PACKPROJECTIONSPASS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The products of the siblings in one function, each list in the siblings' order. Weights of
/// experts have one such set for every window of rows.
struct Uses {
  SmallVector<Operation *> forward;  // (grouped_)matmul with transpose_b
  SmallVector<Operation *> backward; // the same without
  SmallVector<Operation *> weight;   // accumulate_gradient of a product
};

class Packer {
public:
  Packer(ModuleOp module, StringRef pack, ArrayRef<ir::ParameterOp> members)
      : module(module), symbols(module), pack(pack), members(members),
        context(module.getContext()) {}

  LogicalResult run() {
    if (failed(createSymbols()))
      return failure();
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(rewriteProducts(function)))
        return failure();
    for (ir::ParameterOp member : members) {
      if (ir::StateOp gradient = gradientOf(member))
        symbols.erase(gradient);
      symbols.erase(member);
    }
    return success();
  }

private:
  ir::StateOp gradientOf(ir::ParameterOp member) {
    return symbols.lookup<ir::StateOp>(plan::names::gradient(member.getSymName()));
  }

  /// Dimension of a parameter along which siblings are joined: rows, behind the experts if stacked.
  int64_t rowDim() { return members[0].getTensorType().getRank() - 2; }
  int64_t rowsOf(size_t member) { return members[member].getTensorType().getDimSize(rowDim()); }

  LogicalResult createSymbols() {
    RankedTensorType first = members[0].getTensorType();
    if (first.getRank() != 2 && first.getRank() != 3)
      return members[0].emitOpError("cannot be packed: it is neither a matrix nor a stack of them");
    int64_t width = first.getShape().back(), stack = rowDim() == 1 ? first.getDimSize(0) : 1,
            rows = 0;
    for (ir::ParameterOp member : members) {
      RankedTensorType type = member.getTensorType();
      if (type.getRank() != first.getRank() || type.getShape().back() != width ||
          type.getElementType() != first.getElementType() ||
          (rowDim() == 1 && type.getDimSize(0) != stack) ||
          member.getTrained() != members[0].getTrained() ||
          member.getDecay() != members[0].getDecay() || member.getParts().size() != 1 ||
          member.getSplitAttr() != members[0].getSplitAttr() ||
          bool(gradientOf(member)) != bool(gradientOf(members[0])) ||
          (gradientOf(member) &&
           gradientOf(member).getPartialAttr() != gradientOf(members[0]).getPartialAttr()))
        return member.emitOpError("cannot be packed into '") << pack << "' with its siblings";
      rows += type.getDimSize(rowDim());
    }
    SmallVector<int64_t> shape(first.getShape());
    shape[rowDim()] = rows;
    packedType = first.clone(shape);

    SmallVector<Attribute> parts;
    int64_t begin = 0;
    for (auto [index, member] : llvm::enumerate(members)) {
      auto part = cast<ir::PartAttr>(member.getParts()[0]);
      parts.push_back(ir::PartAttr::get(
          context, part.getName(), part.getElementType(), part.getShape(), stack, begin,
          rows * width, part.getInitStd(), part.getInitMean(), part.getSplit(), part.getWhole()));
      begin += rowsOf(index) * width;
    }
    OpBuilder builder(members[0]);
    Location loc = NameLoc::get(builder.getStringAttr(pack));
    ir::ParameterOp::create(builder, loc, pack, packedType, members[0].getTrained(),
                            members[0].getDecay(), StringAttr(), members[0].getDimsAttr(),
                            members[0].getSplitAttr(), builder.getArrayAttr(parts));
    if (ir::StateOp gradient = gradientOf(members[0]))
      ir::StateOp::create(builder, loc, plan::names::gradient(pack),
                          packedType.clone(gradient.getTensorType().getElementType()),
                          ir::StateRole::Gradient, FlatSymbolRefAttr::get(context, pack),
                          gradient.getPartialAttr(), /*slot=*/StringAttr());
    return success();
  }

  /// Adds the uses of one sibling to those of the siblings before it, window by window.
  LogicalResult collect(ir::ReadOp read, SmallVectorImpl<Uses> &windows) {
    SmallVector<Operation *> users(read->getUsers()), forward, backward, weight;
    llvm::sort(users, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *user : users) {
      if (!isa<ir::MatmulOp, ir::GroupedMatmulOp>(user) || user->getOperand(1) != read.getValue())
        return read.emitOpError("has a use that packing does not know: ") << user->getName();
      (user->hasAttr("transpose_b") ? forward : backward).push_back(user);
    }
    for (auto accumulate : read->getParentOfType<func::FuncOp>().getOps<ir::AccumulateGradientOp>())
      if (accumulate.getGradient() == plan::names::gradient(read.getSymbol()))
        weight.push_back(accumulate);
    auto add = [&](ArrayRef<Operation *> operations, SmallVector<Operation *> Uses::*list) {
      if (windows.size() < operations.size())
        windows.resize(operations.size());
      for (auto [window, operation] : llvm::zip(windows, operations))
        (window.*list).push_back(operation);
    };
    add(forward, &Uses::forward);
    add(backward, &Uses::backward);
    add(weight, &Uses::weight);
    return success();
  }

  LogicalResult check(const Uses &uses, ir::ReadOp first) {
    for (ArrayRef<Operation *> list :
         {ArrayRef(uses.forward), ArrayRef(uses.backward), ArrayRef(uses.weight)})
      if (!list.empty() && list.size() != members.size())
        return first.emitOpError("is packed with siblings that are used differently");
    for (Operation *accumulate : uses.weight) {
      Operation *product = weightProduct(accumulate);
      if (!isa_and_nonnull<ir::MatmulOp, ir::GroupedMatmulGradOp>(product) || !product->hasOneUse())
        return accumulate->emitOpError("accumulates something else than a product");
    }
    for (Operation *backward : uses.backward)
      if (!backward->hasOneUse() || !isa<ir::AddOp>(*backward->user_begin()) ||
          *backward->user_begin() != *uses.backward.front()->user_begin())
        return backward->emitOpError(
            "is packed with siblings whose gradients do not meet in a sum");
    for (Operation *forward : uses.forward)
      if (forward->getOperand(0) != uses.forward.front()->getOperand(0))
        return forward->emitOpError("is packed with siblings that have another input");
    return success();
  }

  LogicalResult rewriteProducts(func::FuncOp function) {
    SmallVector<ir::ReadOp> reads;
    for (ir::ParameterOp member : members)
      for (auto read : function.getOps<ir::ReadOp>())
        if (read.getSymbol() == member.getSymName())
          reads.push_back(read);
    if (reads.empty())
      return success();
    if (reads.size() != members.size())
      return function.emitOpError("reads only some of the siblings packed into '") << pack << "'";
    SmallVector<Uses> windows;
    for (ir::ReadOp read : reads)
      if (failed(collect(read, windows)))
        return failure();
    for (const Uses &uses : windows)
      if (failed(check(uses, reads.front())))
        return failure();
    ir::ReadOp first =
        *llvm::min_element(reads, [](ir::ReadOp a, ir::ReadOp b) { return a->isBeforeInBlock(b); });
    OpBuilder builder(first);
    Value packed = ir::ReadOp::create(builder, first.getLoc(), packedType, pack);
    for (const Uses &uses : windows) {
      if (!uses.forward.empty())
        packForward(uses.forward, packed);
      if (!uses.weight.empty() || !uses.backward.empty())
        packBackward(uses, packed);
    }
    for (ir::ReadOp read : reads)
      read.erase();
    return success();
  }

  /// One product at the place of the first, its columns instead of the results.
  void packForward(ArrayRef<Operation *> products, Value packed) {
    Operation *first =
        *llvm::min_element(products, [](auto a, auto b) { return a->isBeforeInBlock(b); });
    OpBuilder builder(first);
    RankedTensorType type = typeOf(first->getResult(0));
    int64_t rows = type.getDimSize(0), begin = 0;
    Location loc = NameLoc::get(StringAttr::get(context, StringRef(pack).rsplit('.').first));
    Value product = createProduct(builder, loc, type.clone({rows, packedType.getDimSize(rowDim())}),
                                  first, first->getOperand(0), packed);
    for (Operation *member : products) {
      int64_t cols = typeOf(member->getResult(0)).getDimSize(1);
      SmallVector<OpFoldResult> offsets = {builder.getIndexAttr(0), builder.getIndexAttr(begin)};
      SmallVector<OpFoldResult> sizes = {builder.getIndexAttr(rows), builder.getIndexAttr(cols)};
      SmallVector<OpFoldResult> strides(2, builder.getIndexAttr(1));
      Value slice = tensor::ExtractSliceOp::create(builder, member->getLoc(), product, offsets,
                                                   sizes, strides);
      member->getResult(0).replaceAllUsesWith(slice);
      begin += cols;
    }
    for (Operation *member : products)
      member->erase();
  }

  void packBackward(const Uses &uses, Value packed) {
    // Behind all that the products need, before the first use of any of them.
    SmallVector<Value> gradients;
    for (Operation *accumulate : uses.weight)
      gradients.push_back(weightProduct(accumulate)->getOperand(0));
    if (gradients.empty()) // parameters that are not trained
      for (Operation *backward : uses.backward)
        gradients.push_back(backward->getOperand(0));
    Operation *last = packed.getDefiningOp();
    auto isAfter = [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      if (producer && last->isBeforeInBlock(producer))
        last = producer;
    };
    llvm::for_each(gradients, isAfter);
    for (Operation *accumulate : uses.weight)
      llvm::for_each(weightProduct(accumulate)->getOperands(), isAfter);
    OpBuilder builder(context);
    builder.setInsertionPointAfter(last);
    Location loc = last->getLoc();
    Value joined = tensor::ConcatOp::create(builder, loc, 1, gradients);

    if (!uses.backward.empty()) {
      Operation *like = uses.backward.front();
      Value dx =
          createProduct(builder, like->getLoc(), typeOf(like->getResult(0)), like, joined, packed);
      // The siblings' gradients of x meet in one addition, which now gets their sum.
      auto sum = cast<ir::AddOp>(*like->getResult(0).getUsers().begin());
      SmallVector<Value> summands;
      for (Value value : sum.getValues())
        if (!llvm::is_contained(uses.backward, value.getDefiningOp()))
          summands.push_back(value);
      summands.push_back(dx);
      sum->setOperands(summands);
    }
    if (!uses.weight.empty())
      packWeightGradient(uses, joined, builder);
    // Only now: the builder stands before one of them.
    for (Operation *member : uses.backward)
      member->erase();
    for (Operation *member : uses.weight) {
      Operation *memberProduct = weightProduct(member);
      member->erase();
      memberProduct->erase();
    }
  }

  void packWeightGradient(const Uses &uses, Value joined, OpBuilder &builder) {
    auto accumulate = cast<ir::AccumulateGradientOp>(uses.weight.front());
    Operation *like = weightProduct(accumulate);
    RankedTensorType type = packedType.clone(typeOf(like->getResult(0)).getElementType());
    IRMapping mapping;
    mapping.map(like->getOperand(0), joined);
    Operation *product = builder.clone(*like, mapping);
    product->getResult(0).setType(type);
    auto packed =
        ir::AccumulateGradientOp::create(builder, accumulate.getLoc(), plan::names::gradient(pack),
                                         product->getResult(0), accumulate.getBeta());
    if (Attribute overflow = accumulate->getAttr(ir::overflowAttribute))
      packed->setAttr(ir::overflowAttribute, overflow);
  }

  Operation *weightProduct(Operation *accumulate) {
    return cast<ir::AccumulateGradientOp>(accumulate).getValue().getDefiningOp();
  }

  /// A product like `like` with another left operand and weight.
  Value createProduct(OpBuilder &builder, Location loc, RankedTensorType type, Operation *like,
                      Value left, Value weight) {
    SmallVector<Value> operands(like->getOperands());
    operands[0] = left;
    operands[1] = weight;
    Operation *product =
        builder.create(loc, like->getName().getIdentifier(), operands, {type}, like->getAttrs());
    return product->getResult(0);
  }

  ModuleOp module;
  SymbolTable symbols;
  std::string pack;
  SmallVector<ir::ParameterOp> members;
  MLIRContext *context;
  RankedTensorType packedType;
};

struct PackProjectionsPass : impl::PackProjectionsPassBase<PackProjectionsPass> {
  void runOnOperation() override {
    llvm::MapVector<StringRef, SmallVector<ir::ParameterOp>> groups;
    for (auto parameter : getOperation().getOps<ir::ParameterOp>())
      if (parameter.getPack())
        groups[*parameter.getPack()].push_back(parameter);
    for (auto &[pack, members] : groups)
      if (failed(Packer(getOperation(), pack.str(), members).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace step37
