// Whole programs become what each rank computes: shardings spread from parameters and inputs
// through the operations' rules, shapes become local, exchange is inserted where shardings do not
// meet. How an operation is split is Propagation.h, exchange Resharding.h.
#include "passes/Passes.h"
#include "passes/sharding/Propagation.h"
#include "passes/sharding/Resharding.h"

#include "llvm/ADT/MapVector.h"

#include <map>

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PARTITIONPASS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

int64_t share(int64_t size, int64_t ways) { return llvm::divideCeil(size, ways); }

RankedTensorType localType(RankedTensorType whole, const Sharding &sharding, const MeshAxes &mesh) {
  SmallVector<int64_t> shape;
  for (auto [size, dim] : llvm::zip_equal(whole.getShape(), sharding.dims))
    shape.push_back(share(size, mesh.ways(dim.axes)));
  return whole.clone(shape);
}

/// How the symbols of the module lie on the mesh.
class SymbolShardings {
public:
  SymbolShardings(ModuleOp module, const MeshAxes &mesh) : symbols(module), mesh(mesh) {}

  /// Gives parameters and their states the types that a rank has.
  void localize() {
    auto module = cast<ModuleOp>(symbols.getOp());
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      RankedTensorType type = parameter.getTensorType();
      Sharding sharding = parameter.getSplit() ? mesh.parseSplit(*parameter.getSplit())
                                               : Sharding::replicated(type.getRank());
      RankedTensorType local = localType(type, sharding, mesh);
      if (local != type)
        localizeParts(parameter, local);
      parameter.setType(local);
      known[parameter.getSymName()] = sharding;
    }
    for (auto state : module.getOps<ir::StateOp>())
      if (state.getOf()) {
        const Sharding &sharding = known.at(*state.getOf());
        state.setType(localType(state.getTensorType(), sharding, mesh));
        known[state.getSymName()] = sharding;
      }
  }

  RankedTensorType typeOf(StringRef symbol) {
    if (auto parameter = symbols.lookup<ir::ParameterOp>(symbol))
      return parameter.getTensorType();
    return symbols.lookup<ir::StateOp>(symbol).getTensorType();
  }
  bool isParameter(StringRef symbol) { return isa<ir::ParameterOp>(symbols.lookup(symbol)); }
  const Sharding *find(StringRef symbol) const {
    auto found = known.find(symbol);
    return found == known.end() ? nullptr : &found->second;
  }

  /// An activation lies as the value that is written to it first.
  void define(StringRef symbol, const Sharding &sharding, RankedTensorType local) {
    known[symbol] = sharding;
    symbols.lookup<ir::StateOp>(symbol).setType(local);
  }

  /// Says over which axes a gradient stays to be summed; false where it was said otherwise.
  bool setPartial(StringRef gradient, ArrayRef<int> axes) {
    auto state = symbols.lookup<ir::StateOp>(gradient);
    ArrayAttr names = mesh.names(state.getContext(), axes);
    if (state.getPartialAttr() && state.getPartialAttr() != names)
      return false;
    state.setPartialAttr(names);
    return true;
  }

private:
  void localizeParts(ir::ParameterOp parameter, RankedTensorType local) {
    auto part = cast<ir::PartAttr>(parameter.getParts()[0]); // logical contract, C3
    auto cut =
        ir::PartAttr::get(parameter.getContext(), part.getName(), part.getElementType(),
                          local.getShape(), part.getBlocks(), part.getBegin(), part.getStride(),
                          part.getInitStd(), *parameter.getSplit(), part.getShape());
    parameter.setPartsAttr(ArrayAttr::get(parameter.getContext(), {cut}));
  }

  SymbolTable symbols;
  const MeshAxes &mesh;
  std::map<StringRef, Sharding> known;
};

/// A value on a rank.
struct Local {
  Value value;
  Sharding sharding;
  bool isParameter = false;
};

class FunctionPartitioner;

/// What an operation's own localize() may ask.
class OperationShapes final : public ir::LocalShapes {
public:
  OperationShapes(FunctionPartitioner &partitioner, const OperationSharding &split)
      : partitioner(partitioner), split(split) {}

  int64_t ways(int factor) const override;
  Value coordinate(OpBuilder &builder, Location loc, int factor) const override;
  Value gather(OpBuilder &builder, Location loc, Value part, int factor) const override;

private:
  FunctionPartitioner &partitioner;
  const OperationSharding &split;
};

class FunctionPartitioner {
public:
  FunctionPartitioner(func::FuncOp function, const MeshAxes &mesh, SymbolShardings &symbols,
                      ArrayRef<int> tokenAxes)
      : mesh(mesh), function(function), symbols(symbols), tokenAxes(tokenAxes), resharder(mesh),
        builder(function.getContext()) {}

  LogicalResult run();

  const MeshAxes &mesh;
  const Resharder &exchange() const { return resharder; }
  Value coordinate(Location loc, ArrayRef<int> axes);

private:
  void collectDemands();
  LogicalResult visit(Operation *op);
  LogicalResult visit(ir::ReadOp read);
  LogicalResult visit(ir::WriteOp write);
  LogicalResult visit(ir::AccumulateGradientOp accumulate);
  LogicalResult visit(func::ReturnOp op);
  LogicalResult visit(ir::ShardableOpInterface op);

  Claim claimOf(const Local &local) const;
  SmallVector<Local> operandsOf(Operation *op, const ir::ShardingRule &rule);
  SmallVector<Local> addAlike(Operation *op, ArrayRef<Local> operands);
  FailureOr<Value> as(Operation *user, const Local &local, const Sharding &wanted);
  Type localResult(Type whole, const ir::ShardingRule::Dims &dims, const OperationSharding &split);

  func::FuncOp function;
  SymbolShardings &symbols;
  ArrayRef<int> tokenAxes;
  Resharder resharder;
  OpBuilder builder;
  DenseMap<Value, Local> locals;
  DenseMap<Value, Demand> demands;

  struct Exchanged {
    Value from;
    Sharding to;
    bool backward;
    Value value;
  };
  SmallVector<Exchanged> exchanged;
  std::map<Axes, Value> coordinates;
};

int64_t OperationShapes::ways(int factor) const {
  return partitioner.mesh.ways(split.axesOf(factor));
}
Value OperationShapes::coordinate(OpBuilder &, Location loc, int factor) const {
  return partitioner.coordinate(loc, split.axesOf(factor));
}
Value OperationShapes::gather(OpBuilder &builder, Location loc, Value part, int factor) const {
  return partitioner.exchange().allGather(builder, loc, part, split.axesOf(factor));
}

/// Coordinates stand at the beginning of the program, once for each list of axes.
Value FunctionPartitioner::coordinate(Location loc, ArrayRef<int> axes) {
  Value &value = coordinates[Axes(axes)];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getBlock());
    value = resharder.coordinate(builder, loc, axes);
  }
  return value;
}

LogicalResult FunctionPartitioner::run() {
  collectDemands();
  Block *whole = &function.front();
  Block *local = new Block();
  function.getBody().push_back(local);
  builder.setInsertionPointToEnd(local);
  for (BlockArgument argument : whole->getArguments()) {
    auto split = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "step37.split");
    RankedTensorType type = typeOf(argument);
    Sharding sharding = split ? mesh.parseSplit(split) : Sharding::replicated(type.getRank());
    locals[argument] = {local->addArgument(localType(type, sharding, mesh), argument.getLoc()),
                        sharding};
  }
  for (Operation &op : *whole)
    if (failed(visit(&op)))
      return failure();
  whole->dropAllReferences();
  whole->dropAllDefinedValueUses();
  whole->erase();
  function.setFunctionType(FunctionType::get(function.getContext(), local->getArgumentTypes(),
                                             local->getTerminator()->getOperandTypes()));
  return success();
}

/// What users demand of results: rows of experts lie as the experts' parameters, a parameter's
/// gradient as the parameter.
void FunctionPartitioner::collectDemands() {
  for (Operation &op : llvm::reverse(function.front())) {
    if (auto accumulate = dyn_cast<ir::AccumulateGradientOp>(op)) {
      demands[accumulate.getValue()].whole = *symbols.find(accumulate.getGradient());
      continue;
    }
    auto shardable = dyn_cast<ir::ShardableOpInterface>(op);
    if (!shardable)
      continue;
    ir::ShardingRule rule = shardable.getShardingRule();
    OperationSharding split(rule, mesh);
    SmallVector<Claim> claims;
    Axes all;
    for (Value operand : op.getOperands()) {
      Claim &claim = claims.emplace_back();
      claim.sharding = Sharding::replicated(typeOf(operand).getRank());
      auto read = operand.getDefiningOp<ir::ReadOp>();
      if (!read || !symbols.isParameter(read.getSymbol()))
        continue;
      claim = {Claim::parameter, *symbols.find(read.getSymbol())};
      for (const DimSharding &dim : claim.sharding.dims)
        llvm::append_range(all, dim.axes);
    }
    if (all.empty())
      continue;
    split.choose(claims, {});
    for (auto [operand, dims] : llvm::zip_equal(op.getOperands(), rule.operands))
      if (typeOf(operand).getElementType().isInteger())
        for (const ir::DimRule &dim : dims)
          if (dim.factors.size() == 2) {
            Demand &demand = demands[operand];
            demand.second = split.axesOf(dim.factors[1]);
            demand.avoid = all;
          }
  }
}

LogicalResult FunctionPartitioner::visit(Operation *op) {
  if (auto read = dyn_cast<ir::ReadOp>(op))
    return visit(read);
  if (auto write = dyn_cast<ir::WriteOp>(op))
    return visit(write);
  if (auto accumulate = dyn_cast<ir::AccumulateGradientOp>(op))
    return visit(accumulate);
  if (auto terminator = dyn_cast<func::ReturnOp>(op))
    return visit(terminator);
  if (auto shardable = dyn_cast<ir::ShardableOpInterface>(op))
    return visit(shardable);
  return op->emitOpError("has no sharding rule");
}

LogicalResult FunctionPartitioner::visit(ir::ReadOp read) {
  const Sharding *sharding = symbols.find(read.getSymbol());
  if (!sharding)
    return read.emitOpError("reads a state that no program before this one has written");
  Value value = ir::ReadOp::create(builder, read.getLoc(), symbols.typeOf(read.getSymbol()),
                                   read.getSymbol());
  locals[read.getValue()] = {value, *sharding, symbols.isParameter(read.getSymbol())};
  return success();
}

LogicalResult FunctionPartitioner::visit(ir::WriteOp write) {
  Local local = locals.lookup(write.getValue());
  const Sharding *known = symbols.find(write.getSymbol());
  Sharding wanted = known ? *known : claimOf(local).sharding;
  wanted.partial.clear();
  FailureOr<Value> value = as(write, local, wanted);
  if (failed(value))
    return failure();
  if (!known)
    symbols.define(write.getSymbol(), wanted, typeOf(*value));
  ir::WriteOp::create(builder, write.getLoc(), write.getSymbol(), *value);
  return success();
}

LogicalResult FunctionPartitioner::visit(ir::AccumulateGradientOp accumulate) {
  Local local = locals.lookup(accumulate.getValue());
  Sharding wanted = *symbols.find(accumulate.getGradient());
  wanted.partial = local.sharding.partial;
  FailureOr<Value> value = as(accumulate, local, wanted);
  if (failed(value))
    return failure();
  if (!symbols.setPartial(accumulate.getGradient(), wanted.partial))
    return accumulate.emitOpError("is a sum over other axes than before");
  ir::AccumulateGradientOp::create(builder, accumulate.getLoc(), accumulate.getGradient(), *value,
                                   locals.lookup(accumulate.getBeta()).value);
  return success();
}

LogicalResult FunctionPartitioner::visit(func::ReturnOp op) {
  SmallVector<Value> values;
  for (auto [index, operand] : llvm::enumerate(op.getOperands())) {
    Local local = locals.lookup(operand);
    Sharding wanted = local.sharding;
    wanted.partial.clear();
    FailureOr<Value> value = as(op, local, wanted);
    if (failed(value))
      return failure();
    values.push_back(*value);
    function.setResultAttr(index, "step37.split", mesh.split(op.getContext(), wanted));
  }
  func::ReturnOp::create(builder, op.getLoc(), values);
  return success();
}

LogicalResult FunctionPartitioner::visit(ir::ShardableOpInterface op) {
  ir::ShardingRule rule = op.getShardingRule();
  SmallVector<Local> operands = operandsOf(op, rule);
  if (rule.isSum) {
    operands = addAlike(op, operands);
    if (operands.size() == 1) {
      locals[op->getResult(0)] = operands[0];
      return success();
    }
    rule.operands.resize(operands.size());
  }
  SmallVector<Claim> claims;
  for (const Local &local : operands)
    claims.push_back(claimOf(local));
  SmallVector<const Demand *> wanted;
  for (Value result : op->getResults()) {
    auto found = demands.find(result);
    wanted.push_back(found == demands.end() ? nullptr : &found->second);
  }
  OperationSharding split(rule, mesh);
  split.choose(claims, wanted);

  SmallVector<Value> values;
  SmallVector<Axes> kept;
  for (auto [index, local] : llvm::enumerate(operands)) {
    Sharding needed = split.operand(index);
    needed.partial = kept.emplace_back(split.keptPartial(index, local.sharding));
    FailureOr<Value> value = as(op, local, needed);
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  OperationShapes shapes(*this, split);
  for (auto [type, dims] : llvm::zip_equal(op->getResultTypes(), rule.results))
    shapes.resultTypes.push_back(localResult(type, dims, split));
  SmallVector<Value> results;
  if (failed(op.localize(shapes, builder, values, results)))
    return failure();
  for (auto [index, result] : llvm::enumerate(op->getResults()))
    locals[result] = {results[index], split.result(index, kept)};
  return success();
}

/// A partial value is claimed as it would be after its sum: scattered over the tokens as far as
/// tokens are split at all.
Claim FunctionPartitioner::claimOf(const Local &local) const {
  Claim claim{local.isParameter ? Claim::parameter : Claim::value, local.sharding};
  if (typeOf(local.value).getElementType().isInteger())
    claim.strength = Claim::index;
  if (local.sharding.partial.empty() || local.sharding.dims.empty())
    return claim;
  claim.strength = Claim::partial;
  claim.sharding.partial.clear();
  Axes &rows = claim.sharding.dims[0].axes;
  if (rows.size() > tokenAxes.size() || !std::equal(rows.begin(), rows.end(), tokenAxes.begin()))
    return claim;
  for (int axis : tokenAxes.drop_front(rows.size())) {
    if (!llvm::is_contained(local.sharding.partial, axis))
      break;
    rows.push_back(axis);
  }
  return claim;
}

SmallVector<Local> FunctionPartitioner::operandsOf(Operation *op, const ir::ShardingRule &rule) {
  SmallVector<Local> operands;
  for (Value operand : op->getOperands())
    operands.push_back(locals.lookup(operand));
  assert(operands.size() == rule.operands.size() && "the rule has every operand");
  return operands;
}

/// Partial operands that lie alike are added before they are summed over ranks.
SmallVector<Local> FunctionPartitioner::addAlike(Operation *op, ArrayRef<Local> operands) {
  SmallVector<Local> groups;
  SmallVector<SmallVector<Value>> members;
  for (const Local &local : operands) {
    auto *group = llvm::find_if(groups, [&](const Local &other) {
      return !local.sharding.partial.empty() && other.sharding == local.sharding;
    });
    if (group == groups.end()) {
      groups.push_back(local);
      members.push_back({local.value});
    } else {
      members[group - groups.begin()].push_back(local.value);
    }
  }
  for (auto [group, values] : llvm::zip(groups, members))
    if (values.size() > 1)
      group.value = ir::AddOp::create(builder, op->getLoc(), values[0].getType(), values);
  return groups;
}

/// The value as `user` needs it. What was exchanged once is used again, but not kept from the
/// forward to the backward program.
FailureOr<Value> FunctionPartitioner::as(Operation *user, const Local &local,
                                         const Sharding &wanted) {
  if (local.sharding == wanted)
    return local.value;
  bool backward = ir::isBackward(user);
  for (const Exchanged &earlier : exchanged)
    if (earlier.from == local.value && earlier.to == wanted && earlier.backward == backward)
      return earlier.value;
  FailureOr<Value> value =
      resharder.reshard(builder, user->getLoc(), local.value, local.sharding, wanted);
  if (succeeded(value))
    exchanged.push_back({local.value, wanted, backward, *value});
  return value;
}

Type FunctionPartitioner::localResult(Type whole, const ir::ShardingRule::Dims &dims,
                                      const OperationSharding &split) {
  auto type = cast<RankedTensorType>(whole);
  SmallVector<int64_t> shape;
  for (auto [size, dim] : llvm::zip_equal(type.getShape(), dims)) {
    auto ways = [&](size_t factor) {
      return factor < dim.factors.size() ? mesh.ways(split.axesOf(dim.factors[factor])) : 1;
    };
    switch (dim.extent) {
    case ir::Extent::divided:
      shape.push_back(share(size, ways(0) * ways(1)));
      break;
    case ir::Extent::rows: // all rows of a rank's tokens may belong to its experts
    case ir::Extent::slots:
      shape.push_back(share(size, ways(0)));
      break;
    case ir::Extent::bounds:
      shape.push_back((size - 1) / ways(1) + 1);
      break;
    }
  }
  return type.clone(shape);
}

struct PartitionPass : impl::PartitionPassBase<PartitionPass> {
  using PartitionPassBase::PartitionPassBase;

  void runOnOperation() override {
    std::optional<MeshAxes> mesh = MeshAxes::of(getOperation());
    if (!mesh)
      return;
    Axes axes;
    for (StringRef name : tokenAxes)
      axes.push_back(mesh->find(name));
    SymbolShardings symbols(getOperation(), *mesh);
    symbols.localize();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(FunctionPartitioner(function, *mesh, symbols, axes).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace step37
