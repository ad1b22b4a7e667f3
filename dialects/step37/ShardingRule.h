// How the dimensions of an operation's operands and results belong together: what every operation
// says about itself so that programs can be cut into what the ranks of a mesh compute. Which axes
// of the mesh a factor gets, and what is exchanged for that, is decided in passes/shard.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace step37::ir {

/// How long a dimension is on a rank.
enum class Extent : uint8_t {
  divided, // its size over the ranks of its factors, rounded up
  rows,  // rows of the experts of a rank: as many as the mesh allows for (LocalShapes::expertRows)
  slots, // divided by the ranks of its first factor only
  bounds // one more than the divided rest: offsets of groups
};

/// The factors that a dimension runs over, the slower one first: none (never split), one, or two
/// (rows grouped by expert: tokens, then experts). A dimension with two that is divided is that of
/// the first one, split over the ranks of the second one as well (tokens that are not gathered over
/// the ranks of their experts).
struct DimRule {
  llvm::SmallVector<int, 2> factors;
  Extent extent = Extent::divided;

  DimRule(int factor) : factors{factor} {}
  DimRule(std::initializer_list<int> factors, Extent extent = Extent::divided)
      : factors(factors), extent(extent) {}
};

/// A dimension that is never split.
inline const DimRule whole{std::initializer_list<int>{}};

/// Dimensions with the same factor are split alike. A result that lacks a factor is a sum over it:
/// on a rank it is partial. Methods return the rule, so that a rule is one expression.
class ShardingRule {
public:
  struct Factor {
    int64_t units = 0; // ranks must divide this number; 0: any number of ranks, the rest is padded
  };
  using Dims = llvm::SmallVector<DimRule, 4>;

  /// A new factor.
  int factor(int64_t units = 0) {
    factors.push_back({units});
    return int(factors.size()) - 1;
  }
  ShardingRule &operand(std::initializer_list<DimRule> dims) {
    operands.emplace_back(dims);
    return *this;
  }
  /// An operand that may be left out.
  ShardingRule &operandIf(mlir::Value present, std::initializer_list<DimRule> dims) {
    return present ? operand(dims) : *this;
  }
  ShardingRule &result(std::initializer_list<DimRule> dims) {
    results.emplace_back(dims);
    return *this;
  }
  ShardingRule &resultIf(mlir::Value present, std::initializer_list<DimRule> dims) {
    return present ? result(dims) : *this;
  }
  /// The last result is not partial over this factor: the operation itself makes it whole.
  ShardingRule &wholeOver(int factor) {
    complete.emplace_back(int(results.size()) - 1, factor);
    return *this;
  }
  /// The operation is linear in its last operand: a partial one makes these results partial.
  ShardingRule &linear(std::initializer_list<int> resultNumbers) {
    linearIn.emplace_back(int(operands.size()) - 1, resultNumbers);
    return *this;
  }
  /// All operands are added up: the ones that are partial alike are added before they are
  /// exchanged.
  ShardingRule &sum() {
    isSum = true;
    return *this;
  }

  /// The operation makes the windows of rows of experts itself: its localize() is called once, with
  /// LocalShapes::windows, and appends the results of every window.
  ShardingRule &windowsItself() {
    makesWindows = true;
    return *this;
  }
  /// Windows of rows of experts make one result together: localize() gets what the windows before
  /// have made of it (LocalShapes::before).
  ShardingRule &collectsWindows() {
    collects = true;
    return *this;
  }

  llvm::SmallVector<Factor, 4> factors;
  llvm::SmallVector<Dims, 8> operands, results;
  llvm::SmallVector<std::pair<int, int>, 2> complete;                       // result, factor
  llvm::SmallVector<std::pair<int, llvm::SmallVector<int, 2>>, 1> linearIn; // operand, results
  bool isSum = false, makesWindows = false, collects = false;
};

/// What an operation that is cut may ask about its surroundings.
class LocalShapes {
public:
  virtual ~LocalShapes() = default;

  llvm::SmallVector<mlir::Type> resultTypes;

  /// Some of the rows that can be a rank's experts'.
  struct Window {
    int64_t first = 0, rows = 0;
  };
  /// All of them, for an operation that makes them; else the one that this call is about.
  llvm::SmallVector<Window, 1> windows{{}};

  /// The result so far of an operation that collects windows; empty in the first one.
  llvm::SmallVector<mlir::Value, 1> before;

  /// Ranks that a factor is split over.
  virtual int64_t ways(int factor) const = 0;

  /// The axes of a factor by name, slowest first.
  virtual mlir::ArrayAttr axes(mlir::Builder &builder, int factor) const = 0;

  /// This rank's index along the axes of a factor: tensor<1xi32>.
  virtual mlir::Value coordinate(mlir::Location loc, int factor) const = 0;

  /// The parts of all ranks along the axes of a factor, one after another in dimension 0.
  virtual mlir::Value gather(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value part,
                             int factor) const = 0;
};

/// Clones the operation with other operands and the local result types.
mlir::LogicalResult localizeByClone(mlir::Operation *op, const LocalShapes &local,
                                    mlir::OpBuilder &builder, mlir::ValueRange operands,
                                    llvm::SmallVectorImpl<mlir::Value> &results);

} // namespace step37::ir
