// Puts moves of rows, there and back, around what works on rows of experts: tokens are then not
// gathered by the ranks that share experts. What a move is on a rank is the operations' own.
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_EXCHANGEEXPERTSPASS
#include "passes/Passes.h.inc"

namespace {

/// Whether a dimension is rows of experts, and what they hold are numbers.
bool isRows(Value value, const ir::ShardingRule::Dims &dims) {
  return dims[0].extent == ir::Extent::rows && dims[0].factors.size() == 2 &&
         isa<FloatType>(cast<RankedTensorType>(value.getType()).getElementType());
}

/// One grouping of token slots by expert, and everything between tokens and rows.
class RowExchange {
public:
  explicit RowExchange(ir::SortByExpertOp sort) : sort(sort) {
    OpBuilder builder(sort);
    Type list = sort.getRowSlot().getType(), offsets = sort.getOffsets().getType();
    place = ir::PlaceRowsOp::create(builder, sort.getLoc(), list, sort.getSlotRow().getType(),
                                    offsets, offsets, list, list, sort.getChosen());
  }

  void run() {
    // In the order of the program: rows that come back once are there for later users.
    SmallVector<Operation *> users;
    for (Operation *user : sort.getRowSlot().getUsers())
      if (!llvm::is_contained(users, user))
        users.push_back(user);
    llvm::sort(users, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    sort.getOffsets().replaceAllUsesWith(place.getOffsets());
    sort.getRowSlot().replaceAllUsesWith(place.getRowSlot());
    sort.getSlotRow().replaceAllUsesWith(place.getSlotRow());
    sort.erase();
    for (Operation *user : users)
      move(user);
  }

private:
  void move(Operation *user) {
    ir::ShardingRule rule = cast<ir::ShardableOpInterface>(user).getShardingRule();
    for (auto [operand, dims] : llvm::zip_equal(user->getOpOperands(), rule.operands))
      if (isRows(operand.get(), dims)) {
        Value &back = returned[operand.get()];
        if (!back)
          back = moved<ir::ReturnRowsOp>(OpBuilder(user), user->getLoc(), operand.get());
        operand.set(back);
      }
    for (auto [result, dims] : llvm::zip_equal(user->getResults(), rule.results))
      if (isRows(result, dims)) {
        OpBuilder after(user->getBlock(), std::next(user->getIterator()));
        Value sent = moved<ir::SendRowsOp>(after, user->getLoc(), result);
        result.replaceAllUsesExcept(sent, sent.getDefiningOp());
      }
  }

  template <class Move> Value moved(OpBuilder builder, Location loc, Value rows) {
    return Move::create(builder, loc, rows.getType(), rows, place.getBounds(), place.getSourceRow(),
                        place.getReceivedRow());
  }

  ir::SortByExpertOp sort;
  ir::PlaceRowsOp place;
  DenseMap<Value, Value> returned; // rows where their tokens are, by themselves
};

struct ExchangeExpertsPass : impl::ExchangeExpertsPassBase<ExchangeExpertsPass> {
  void runOnOperation() override {
    SmallVector<ir::SortByExpertOp> sorts;
    getOperation().walk([&](ir::SortByExpertOp sort) { sorts.push_back(sort); });
    for (ir::SortByExpertOp sort : sorts)
      RowExchange(sort).run();
  }
};

} // namespace
} // namespace step37
