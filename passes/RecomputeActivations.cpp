// Which activations the backward program keeps from the forward one, and which it computes again.
// Runs on what a rank computes, before residual additions are fused into norms: a norm is then
// computed again from the residual stream.
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_RECOMPUTEACTIVATIONSPASS
#include "passes/Passes.h.inc"

namespace {

/// A column range of another value: no bytes and no work of its own.
bool isView(Operation *op) { return isa<tensor::ExtractSliceOp>(op); }

/// Whether an operation's work is no more than a few operations an element of its operands and
/// results: it contracts nothing and exchanges nothing. Sums are no gain: they have more operands
/// than results.
bool isCheap(Operation *op) {
  auto shardable = dyn_cast<ir::ShardableOpInterface>(op);
  if (!shardable)
    return false;
  ir::ShardingRule rule = shardable.getShardingRule();
  return !rule.isSum && !rule.isExpensive();
}

/// "model.layers.3" of "model.layers.3.self_attn.q_proj": what full recomputation works on at once.
StringRef blockOf(Operation *op) {
  auto path = dyn_cast<NameLoc>(op->getLoc());
  if (!path)
    return "";
  StringRef name = path.getName();
  for (size_t i = 0; i < name.size();) {
    size_t end = std::min(name.find('.', i), name.size());
    if (!name.slice(i, end).empty() && llvm::all_of(name.slice(i, end), llvm::isDigit))
      return name.take_front(end);
    i = end + 1;
  }
  return name;
}

enum class Mode { none, selective, full };

class Recomputation {
public:
  Recomputation(func::FuncOp function, Mode mode) : mode(mode) {
    for (Operation &op : function.front())
      if (ir::isBackward(&op))
        backward.push_back(&op);
  }

  void run() {
    for (Operation *op : backward)
      for (OpOperand &operand : op->getOpOperands())
        if (Value again = computedAgain(operand.get(), op))
          operand.set(again);
  }

private:
  /// Whether the value is not kept: it is computed again from others. `forOverflow`: for an
  /// operation that is computed again because it is marked so; what only such ones need is not kept
  /// for them either, if it is cheap.
  bool isDropped(Value value, bool forOverflow) {
    Operation *producer = value.getDefiningOp();
    if (!producer || ir::isBackward(producer) || !isMemoryEffectFree(producer) ||
        clones.contains(producer))
      return false;
    if (isView(producer))
      return isDropped(producer->getOperand(0), forOverflow);
    if (producer->hasAttr(ir::overflowAttribute))
      return true;
    if (forOverflow && isCheap(producer) && isLarge(producer) &&
        llvm::none_of(value.getUsers(), ir::isBackward))
      return true;
    if (mode == Mode::none || producer->getNumOperands() == 0)
      return false;
    return mode == Mode::full ? staysInBlock(value) : isCheap(producer) && isLarge(producer);
  }

  /// Small results are kept: statistics of rows, chosen experts, places of rows.
  bool isLarge(Operation *op) {
    return llvm::any_of(op->getResults(), [&](Value result) {
      auto type = cast<RankedTensorType>(result.getType());
      return type.getRank() == 2 && type.getDimSize(1) >= smallestWidth;
    });
  }

  /// Whether the forward program uses the value only where it was made.
  bool staysInBlock(Value value) {
    StringRef block = blockOf(value.getDefiningOp());
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      return ir::isBackward(user) || blockOf(user) == block;
    });
  }

  /// The value computed again before `user`, or null where it is kept.
  Value computedAgain(Value value, Operation *user, bool forOverflow = false) {
    if (Value known = again.lookup(value))
      return known;
    if (!isDropped(value, forOverflow))
      return Value();
    Operation *producer = value.getDefiningOp();
    IRMapping mapping;
    for (Value operand : producer->getOperands())
      if (Value earlier = computedAgain(operand, user, producer->hasAttr(ir::overflowAttribute)))
        mapping.map(operand, earlier);
    OpBuilder builder(user);
    Operation *clone = builder.clone(*producer, mapping);
    clone->setLoc(ir::recomputedOf(producer->getLoc()));
    clones.insert(clone);
    for (auto [result, computed] : llvm::zip(producer->getResults(), clone->getResults()))
      again[result] = computed;
    return again.lookup(value);
  }

  static constexpr int64_t smallestWidth = 16;

  Mode mode;
  SmallVector<Operation *> backward;
  DenseMap<Value, Value> again;
  DenseSet<Operation *> clones;
};

struct RecomputeActivationsPass : impl::RecomputeActivationsPassBase<RecomputeActivationsPass> {
  using RecomputeActivationsPassBase::RecomputeActivationsPassBase;

  void runOnOperation() override {
    auto chosen = llvm::StringSwitch<std::optional<Mode>>(mode)
                      .Case("none", Mode::none)
                      .Case("selective", Mode::selective)
                      .Case("full", Mode::full)
                      .Default(std::nullopt);
    if (!chosen) {
      getOperation().emitError() << "mode must be none, selective or full, not '" << mode << "'";
      return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      Recomputation(function, *chosen).run();
  }
};

} // namespace
} // namespace step37
