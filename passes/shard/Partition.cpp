// Whole programs become what each rank computes: shardings spread from parameters and inputs
// through the operations' rules, shapes become local, exchange is inserted where shardings do not
// meet. How an operation is split is Propagation.h, exchange Resharding.h.
#include "passes/Passes.h"
#include "passes/shard/Demands.h"
#include "passes/shard/ExpertWindows.h"
#include "passes/shard/Propagation.h"
#include "passes/shard/Resharding.h"
#include "passes/shard/SymbolShardings.h"

#include <map>

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PARTITIONPASS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// A value on a rank. Rows of experts are several values, one a window of rows; so are the
/// contributions of the windows to a sum.
struct Local {
  SmallVector<Value, 1> values;
  Sharding sharding;
  bool isParameter = false;

  Value value() const {
    assert(values.size() == 1 && "only rows of experts come in windows");
    return values[0];
  }
  Value window(size_t index) const { return values.size() == 1 ? values[0] : values[index]; }
};

/// Whether a dimension is rows of experts, or says where they are.
bool isOfExperts(const ir::ShardingRule::Dims &dims) {
  return llvm::any_of(dims, [](const ir::DimRule &dim) { return dim.factors.size() == 2; });
}

class FunctionPartitioner;

/// What an operation's own localize() may ask.
class OperationShapes final : public ir::LocalShapes {
public:
  OperationShapes(FunctionPartitioner &partitioner, const OperationSharding &split)
      : partitioner(partitioner), split(split) {}

  int64_t ways(int factor) const override;
  ArrayAttr axes(Builder &builder, int factor) const override;
  Value coordinate(Location loc, int factor) const override;
  Value gather(OpBuilder &builder, Location loc, Value part, int factor) const override;

private:
  FunctionPartitioner &partitioner;
  const OperationSharding &split;
};

class FunctionPartitioner {
public:
  FunctionPartitioner(func::FuncOp function, const MeshAxes &mesh, SymbolShardings &symbols,
                      ArrayRef<int> tokenAxes, double expertRows)
      : mesh(mesh), function(function), symbols(symbols), tokenAxes(tokenAxes),
        expertRows(expertRows), resharder(mesh), builder(function.getContext()) {}

  LogicalResult run();

  const MeshAxes &mesh;
  const Resharder &exchange() const { return resharder; }
  Value coordinate(Location loc, ArrayRef<int> axes);

private:
  LogicalResult visit(Operation *op);
  LogicalResult visit(ir::ReadOp read);
  LogicalResult visit(ir::WriteOp write);
  LogicalResult visit(ir::AccumulateGradientOp accumulate);
  LogicalResult visit(func::ReturnOp op);
  LogicalResult visit(ir::ShardableOpInterface op);

  Claim claimOf(const Local &local) const;
  SmallVector<Local> operandsOf(Operation *op, const ir::ShardingRule &rule);
  SmallVector<Local> addAlike(Operation *op, ArrayRef<Local> operands);
  FailureOr<Local> as(Operation *user, const Local &local, const Sharding &wanted);
  Local sumOfWindows(Operation *user, const Local &local);
  SmallVector<ir::LocalShapes::Window, 1> windowsOfExperts(const ir::ShardingRule &rule,
                                                           const ir::LocalShapes &shapes,
                                                           const OperationSharding &split);
  Type localResult(Type whole, const ir::ShardingRule::Dims &dims, const OperationSharding &split,
                   std::optional<int64_t> windowRows);
  Value one(Location loc);

  func::FuncOp function;
  SymbolShardings &symbols;
  ArrayRef<int> tokenAxes;
  double expertRows;
  Resharder resharder;
  OpBuilder builder;
  DenseMap<Value, Local> locals;
  Demands demands;

  struct Exchanged {
    Value from;
    Sharding to;
    bool backward;
    Value value;
  };
  SmallVector<Exchanged> exchanged;
  std::map<Axes, Value> coordinates;
  Value constantOne;
};

int64_t OperationShapes::ways(int factor) const {
  return partitioner.mesh.ways(split.axesOf(factor));
}
ArrayAttr OperationShapes::axes(Builder &builder, int factor) const {
  return partitioner.mesh.names(builder.getContext(), split.axesOf(factor));
}
Value OperationShapes::coordinate(Location loc, int factor) const {
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

/// A beta of contributions behind the first.
Value FunctionPartitioner::one(Location loc) {
  if (!constantOne) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getBlock());
    auto type = RankedTensorType::get({1}, builder.getF32Type());
    constantOne = ir::FillOp::create(builder, loc, type, llvm::APFloat(1.0));
  }
  return constantOne;
}

LogicalResult FunctionPartitioner::run() {
  demands = collectDemands(function, mesh, symbols);
  Block *whole = &function.front();
  Block *local = new Block();
  function.getBody().push_back(local);
  builder.setInsertionPointToEnd(local);
  for (BlockArgument argument : whole->getArguments()) {
    auto split = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "step37.split");
    RankedTensorType type = typeOf(argument);
    Sharding sharding = split ? mesh.parseSplit(split) : Sharding::replicated(type.getRank());
    locals[argument] = {{local->addArgument(localType(type, sharding, mesh), argument.getLoc())},
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
  locals[read.getValue()] = {{value}, *sharding, symbols.isParameter(read.getSymbol())};
  return success();
}

LogicalResult FunctionPartitioner::visit(ir::WriteOp write) {
  Local local = locals.lookup(write.getValue());
  const Sharding *known = symbols.find(write.getSymbol());
  Sharding wanted = known ? *known : claimOf(local).sharding;
  wanted.partial.clear();
  FailureOr<Local> value = as(write, local, wanted);
  if (failed(value))
    return failure();
  if (!known)
    symbols.define(write.getSymbol(), wanted, typeOf(value->value()));
  ir::WriteOp::create(builder, write.getLoc(), write.getSymbol(), value->value());
  return success();
}

LogicalResult FunctionPartitioner::visit(ir::AccumulateGradientOp accumulate) {
  Local local = locals.lookup(accumulate.getValue());
  Sharding wanted = *symbols.find(accumulate.getGradient());
  wanted.partial = local.sharding.partial;
  // Windows of rows of experts contribute one by one.
  FailureOr<Local> value = local.sharding == wanted ? local : as(accumulate, local, wanted);
  if (failed(value))
    return failure();
  if (!symbols.setPartial(accumulate.getGradient(), wanted.partial))
    return accumulate.emitOpError("is a sum over other axes than before");
  for (auto [index, contribution] : llvm::enumerate(value->values)) {
    auto added = ir::AccumulateGradientOp::create(
        builder, accumulate.getLoc(), accumulate.getGradient(), contribution,
        index == 0 ? locals.lookup(accumulate.getBeta()).value() : one(accumulate.getLoc()));
    if (index > 0)
      added->setAttr(ir::overflowAttribute, builder.getUnitAttr());
  }
  return success();
}

LogicalResult FunctionPartitioner::visit(func::ReturnOp op) {
  SmallVector<Value> values;
  for (auto [index, operand] : llvm::enumerate(op.getOperands())) {
    Local local = locals.lookup(operand);
    Sharding wanted = local.sharding;
    wanted.partial.clear();
    FailureOr<Local> value = as(op, local, wanted);
    if (failed(value))
      return failure();
    values.push_back(value->value());
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

  SmallVector<Local> values;
  SmallVector<Axes> kept;
  size_t windows = 1;
  for (auto [index, local] : llvm::enumerate(operands)) {
    Sharding needed = split.operand(index);
    needed.partial = kept.emplace_back(split.keptPartial(index, local.sharding));
    bool rows = isOfExperts(rule.operands[index]);
    FailureOr<Local> value =
        rows && local.sharding == needed ? FailureOr<Local>(local) : as(op, local, needed);
    if (failed(value))
      return failure();
    windows = std::max(windows, value->values.size());
    values.push_back(*value);
  }

  SmallVector<Local> results(op->getNumResults());
  for (size_t window = 0; window < windows; ++window) {
    OperationShapes shapes(*this, split);
    std::optional<int64_t> windowRows;
    SmallVector<Value> operandValues;
    for (auto [index, local] : llvm::enumerate(values)) {
      operandValues.push_back(local.window(window));
      if (local.values.size() > 1 && rule.operands[index][0].extent == ir::Extent::rows) {
        windowRows = typeOf(local.values[window]).getDimSize(0);
        shapes.windows = {{int64_t(window) * typeOf(local.values[0]).getDimSize(0), *windowRows}};
      }
    }
    for (auto [type, dims] : llvm::zip_equal(op->getResultTypes(), rule.results))
      shapes.resultTypes.push_back(localResult(type, dims, split, windowRows));
    if (rule.makesWindows)
      shapes.windows = windowsOfExperts(rule, shapes, split);
    if (window > 0 && rule.collects)
      for (const Local &result : results)
        shapes.before.push_back(result.value());
    Operation *before = builder.getBlock()->empty() ? nullptr : &builder.getBlock()->back();
    SmallVector<Value> built;
    if (failed(op.localize(shapes, builder, operandValues, built)))
      return failure();
    // What windows make together is there for the backward program once it is complete.
    if (window > 0)
      for (Operation *made = &builder.getBlock()->back(); made && made != before;
           made = made->getPrevNode())
        if (!rule.collects || made != built[0].getDefiningOp())
          made->setAttr(ir::overflowAttribute, builder.getUnitAttr());
    for (auto [index, value] : llvm::enumerate(built)) {
      Local &result = results[index % results.size()];
      if (rule.collects)
        result.values.clear();
      if (!llvm::is_contained(result.values, value))
        result.values.push_back(value);
    }
  }

  // Who makes rows of experts makes them for as many as there can be; all others see windows of
  // them.
  bool makesRows = llvm::any_of(rule.results, isOfExperts) && !rule.makesWindows &&
                   llvm::none_of(rule.operands, isOfExperts);
  if (makesRows) {
    SmallVector<Value> built;
    for (const Local &result : results)
      built.push_back(result.value());
    Axes experts = split.axesOf(rule.results[0][0].factors[1]);
    for (auto [result, dims] : llvm::zip(built, rule.results))
      if (dims[0].extent == ir::Extent::rows)
        for (auto [local, windowed] :
             llvm::zip_equal(results, buildWindows(builder, op->getLoc(), rule, built,
                                                   rowsOfWindow(typeOf(result).getDimSize(0),
                                                                mesh.ways(experts), expertRows))))
          local.values = windowed;
  }
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    results[index].sharding = split.result(index, kept);
    mesh.markPartial(results[index].values, results[index].sharding);
    locals[result] = results[index];
  }
  return success();
}

/// All windows of the rows that an operation groups by expert itself.
SmallVector<ir::LocalShapes::Window, 1>
FunctionPartitioner::windowsOfExperts(const ir::ShardingRule &rule, const ir::LocalShapes &shapes,
                                      const OperationSharding &split) {
  for (auto [type, dims] : llvm::zip_equal(shapes.resultTypes, rule.results))
    if (dims[0].extent == ir::Extent::rows) {
      int64_t rows = cast<RankedTensorType>(type).getDimSize(0);
      Axes experts = split.axesOf(dims[0].factors[1]);
      return windowsOf(rows, rowsOfWindow(rows, mesh.ways(experts), expertRows));
    }
  llvm_unreachable("one of the results is a list of rows");
}

/// A partial value is claimed as it would be after its sum: scattered over the tokens as far as
/// tokens are split at all.
Claim FunctionPartitioner::claimOf(const Local &local) const {
  Claim claim{local.isParameter ? Claim::parameter : Claim::value, local.sharding};
  if (typeOf(local.values[0]).getElementType().isInteger())
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

/// Partial operands that lie alike are added before they are summed over ranks: rows of experts
/// window by window, all else at once.
SmallVector<Local> FunctionPartitioner::addAlike(Operation *op, ArrayRef<Local> operands) {
  SmallVector<Local> groups;
  SmallVector<SmallVector<SmallVector<Value>>> members; // of a group, of each of its windows
  for (const Local &local : operands) {
    bool rows = local.sharding.dims[0].second > 0;
    auto *group = llvm::find_if(groups, [&](const Local &other) {
      return !local.sharding.partial.empty() && other.sharding == local.sharding;
    });
    if (group == groups.end()) {
      groups.push_back(local);
      members.emplace_back(rows ? local.values.size() : 1);
      group = std::prev(groups.end());
    }
    auto &windows = members[group - groups.begin()];
    for (auto [index, value] : llvm::enumerate(local.values))
      windows[rows ? index : 0].push_back(value);
  }
  for (auto [group, windows] : llvm::zip(groups, members)) {
    if (group.sharding.partial.empty())
      continue;
    group.values.clear();
    for (ArrayRef<Value> values : windows)
      group.values.push_back(values.size() == 1 ? values[0]
                                                : ir::AddOp::create(builder, op->getLoc(),
                                                                    values[0].getType(), values));
    mesh.markPartial(group.values, group.sharding);
  }
  return groups;
}

/// The one value that windows of rows of experts contribute to.
Local FunctionPartitioner::sumOfWindows(Operation *user, const Local &local) {
  if (local.values.size() == 1)
    return local;
  Value sum = ir::AddOp::create(builder, user->getLoc(), local.values[0].getType(), local.values);
  Local whole{{sum}, local.sharding, local.isParameter};
  mesh.markPartial(whole.values, whole.sharding);
  return whole;
}

/// The value as `user` needs it, in one piece. What was made for one user is there for the next,
/// but is not kept from the forward to the backward program.
FailureOr<Local> FunctionPartitioner::as(Operation *user, const Local &local,
                                         const Sharding &wanted) {
  if (local.sharding == wanted && local.values.size() == 1)
    return local;
  bool backward = ir::isBackward(user);
  for (const Exchanged &earlier : exchanged)
    if (earlier.from == local.values[0] && earlier.to == wanted && earlier.backward == backward)
      return Local{{earlier.value}, wanted};
  Value whole = sumOfWindows(user, local).value();
  FailureOr<Value> value =
      resharder.reshard(builder, user->getLoc(), whole, local.sharding, wanted);
  if (failed(value))
    return failure();
  exchanged.push_back({local.values[0], wanted, backward, *value});
  return Local{{*value}, wanted};
}

Type FunctionPartitioner::localResult(Type whole, const ir::ShardingRule::Dims &dims,
                                      const OperationSharding &split,
                                      std::optional<int64_t> windowRows) {
  auto type = cast<RankedTensorType>(whole);
  SmallVector<int64_t> shape;
  for (auto [size, dim] : llvm::zip_equal(type.getShape(), dims)) {
    auto ways = [&](size_t factor) {
      return factor < dim.factors.size() ? mesh.ways(split.axesOf(dim.factors[factor])) : 1;
    };
    switch (dim.extent) {
    case ir::Extent::divided:
      shape.push_back(llvm::divideCeil(size, ways(0) * ways(1)));
      break;
    case ir::Extent::rows: // all rows of a rank's tokens may belong to its experts
      shape.push_back(windowRows.value_or(llvm::divideCeil(size, ways(0))));
      break;
    case ir::Extent::slots:
      shape.push_back(llvm::divideCeil(size, ways(0)));
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
      if (failed(FunctionPartitioner(function, *mesh, symbols, axes, expertRows).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace step37
