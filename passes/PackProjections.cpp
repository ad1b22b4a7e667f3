// Sibling projections (the same input, parameters with the same `pack`) become one parameter and
// one product. Runs on what a rank holds, never before sharding: rows of different siblings are
// split over ranks one by one (spec/model.md D.4).
//
// For siblings P1…Pn and every program:
//   c_i = x·P_iᵀ                          →  c = x·Pᵀ,   c_i = columns of c
//   dx  = … + dc_1·P_1 + … + dc_n·P_n     →  dx = … + concat(dc_i)·P
//   gradient.P_i += dc_iᵀ·x               →  gradient.P += concat(dc_i)ᵀ·x
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PACKPROJECTIONSPASS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The products of the siblings in one function, each list in the siblings' order.
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
      if (failed(rewriteProducts(function)) || failed(rewriteUpdate(function)))
        return failure();
    for (ir::ParameterOp member : members) {
      for (ir::StateRole role : roles)
        if (Operation *state = symbols.lookup(stateName(role, member.getSymName())))
          symbols.erase(state);
      symbols.erase(member);
    }
    return success();
  }

private:
  static constexpr std::array roles = {ir::StateRole::Gradient, ir::StateRole::Master,
                                       ir::StateRole::Moment1, ir::StateRole::Moment2};

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
          member.getDecay() != members[0].getDecay() || member.getParts().size() != 1)
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
      parts.push_back(ir::PartAttr::get(context, part.getName(), part.getElementType(),
                                        part.getShape(), stack, begin, rows * width,
                                        part.getInitStd(), part.getInitMean()));
      begin += rowsOf(index) * width;
    }
    OpBuilder builder(members[0]);
    Location loc = NameLoc::get(builder.getStringAttr(pack));
    ir::ParameterOp::create(builder, loc, pack, packedType, members[0].getTrained(),
                            members[0].getDecay(), StringAttr(), builder.getArrayAttr(parts));
    for (ir::StateRole role : roles)
      if (auto state = symbols.lookup<ir::StateOp>(stateName(role, members[0].getSymName())))
        ir::StateOp::create(builder, loc, stateName(role, pack),
                            packedType.clone(state.getTensorType().getElementType()), role,
                            FlatSymbolRefAttr::get(context, pack));
    return success();
  }

  FailureOr<Uses> collect(MutableArrayRef<ir::ReadOp> reads) {
    Uses uses;
    for (ir::ReadOp read : reads) {
      Operation *forward = nullptr, *backward = nullptr, *weight = nullptr;
      for (Operation *user : read->getUsers()) {
        bool transposed = user->hasAttr("transpose_b"),
             product = isa<ir::MatmulOp, ir::GroupedMatmulOp>(user);
        Operation *&slot = transposed ? forward : backward;
        if (!product || user->getOperand(1) != read.getValue() || slot)
          return read.emitOpError("has a use that packing does not know: ") << user->getName();
        slot = user;
      }
      for (auto accumulate :
           read->getParentOfType<func::FuncOp>().getOps<ir::AccumulateGradientOp>())
        if (accumulate.getGradient() == stateName(ir::StateRole::Gradient, read.getSymbol()))
          weight = accumulate;
      if (forward)
        uses.forward.push_back(forward);
      if (backward)
        uses.backward.push_back(backward);
      if (weight)
        uses.weight.push_back(weight);
    }
    for (ArrayRef<Operation *> list :
         {ArrayRef(uses.forward), ArrayRef(uses.backward), ArrayRef(uses.weight)})
      if (!list.empty() && list.size() != reads.size())
        return reads.front().emitOpError("is packed with siblings that are used differently");
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
    return uses;
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
    FailureOr<Uses> uses = collect(reads);
    if (failed(uses))
      return failure();
    ir::ReadOp first =
        *llvm::min_element(reads, [](ir::ReadOp a, ir::ReadOp b) { return a->isBeforeInBlock(b); });
    OpBuilder builder(first);
    Value packed = ir::ReadOp::create(builder, first.getLoc(), packedType, pack);
    if (!uses->forward.empty())
      packForward(uses->forward, packed);
    if (!uses->weight.empty() || !uses->backward.empty())
      packBackward(*uses, packed);
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
    // Behind the last gradient of a sibling's result, before the first use of any of them.
    SmallVector<Value> gradients;
    for (Operation *accumulate : uses.weight)
      gradients.push_back(weightProduct(accumulate)->getOperand(0));
    if (gradients.empty()) // parameters that are not trained
      for (Operation *backward : uses.backward)
        gradients.push_back(backward->getOperand(0));
    Operation *last = packed.getDefiningOp();
    for (Value gradient : gradients)
      if (Operation *producer = gradient.getDefiningOp();
          producer && last->isBeforeInBlock(producer))
        last = producer;
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
    ir::AccumulateGradientOp::create(builder, accumulate.getLoc(),
                                     stateName(ir::StateRole::Gradient, pack),
                                     product->getResult(0), accumulate.getBeta());
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

  template <typename User> User soleUser(Operation *op) {
    return op->hasOneUse() ? dyn_cast<User>(*op->user_begin()) : User();
  }

  /// The optimizer: what was done for each sibling is done once.
  LogicalResult rewriteUpdate(func::FuncOp function) {
    for (auto adamw : llvm::make_early_inc_range(function.getOps<ir::AdamWOp>())) {
      auto position = llvm::find_if(members, [&](ir::ParameterOp member) {
        return member.getSymName() == adamw.getParameter();
      });
      if (position == members.end())
        continue;
      if (position == members.begin()) {
        auto rename = [&](ir::StateRole role) {
          return FlatSymbolRefAttr::get(context, stateName(role, pack));
        };
        adamw.setParameterAttr(FlatSymbolRefAttr::get(context, pack));
        adamw.setGradientAttr(rename(ir::StateRole::Gradient));
        adamw.setMoment1Attr(rename(ir::StateRole::Moment1));
        adamw.setMoment2Attr(rename(ir::StateRole::Moment2));
        if (adamw.getMasterAttr())
          adamw.setMasterAttr(rename(ir::StateRole::Master));
      } else {
        adamw.erase();
      }
    }
    for (auto read : llvm::make_early_inc_range(function.getOps<ir::ReadOp>())) {
      auto position = llvm::find_if(members, [&](ir::ParameterOp member) {
        return read.getSymbol() == stateName(ir::StateRole::Gradient, member.getSymName());
      });
      if (position == members.end())
        continue;
      auto squares = soleUser<ir::SumOfSquaresOp>(read);
      auto norm = squares ? soleUser<ir::GlobalNormOp>(squares) : ir::GlobalNormOp();
      if (!norm)
        return read.emitOpError("is used for something else than the global norm");
      SmallVector<Value> partials(norm.getPartials());
      if (position == members.begin()) {
        OpBuilder builder(read);
        RankedTensorType type = packedType.clone(typeOf(read.getValue()).getElementType());
        Value gradient = ir::ReadOp::create(builder, read.getLoc(), type,
                                            stateName(ir::StateRole::Gradient, pack));
        int64_t blocks = llvm::divideCeil(type.getNumElements(), ir::SumOfSquaresOp::block);
        Value partial = ir::SumOfSquaresOp::create(
            builder, squares.getLoc(), typeOf(squares.getPartial()).clone({blocks}), gradient);
        *llvm::find(partials, squares.getPartial()) = partial;
      } else {
        llvm::erase(partials, squares.getPartial());
      }
      norm.getPartialsMutable().assign(partials);
      squares.erase();
      read.erase();
    }
    return success();
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
