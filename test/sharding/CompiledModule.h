// A module of one program, compiled for the host on a mesh or whole, and run on all ranks of it
// with values that are given and read as those of whole tensors. What is compared is
// ShardCheck.cpp.
#pragma once

#include "passes/Passes.h"
#include "runtime/exec/base/Executor.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace step37::test {

/// Row-major. Integers are small enough to be exact.
using Values = std::vector<float>;

/// The mesh and how the program lies on it; no axes: one rank.
struct Layout {
  std::vector<std::string> axes, dims, tokenAxes; // as options of the passes
  double expertRows = 2;
  bool exchangeExperts = false;
};

/// Elements of a published tensor.
int64_t elementsOf(const plan::Part &part);

class CompiledModule {
public:
  /// Differentiates the program if it has an objective, cuts it, chooses kernels and places
  /// buffers. Exits with the pass's message where one fails.
  CompiledModule(mlir::ModuleOp module, const Layout &layout);

  int ranks() const { return executor->localRanks(); }
  const std::vector<plan::Buffer> &buffers() const { return plan.targets[0].buffers; }
  const std::vector<plan::Parameter> &parameters() const { return plan.parameters; }

  /// The exchanges of the cut program in order: "all_reduce tp tensor<8x16xf32>".
  const std::vector<std::string> &exchanges() const { return exchangeLines; }

  /// Gives each rank its piece of an argument of `shape`.
  void writeArgument(const std::string &name, const std::vector<int64_t> &shape,
                     const Values &values);

  /// Gives each rank its piece of a published tensor.
  void writeTensor(const plan::Parameter &parameter, const plan::Part &part, const Values &values);

  void run() { executor->run(0); }

  /// Calls visit(index in the whole, value on the rank) for what a rank has of a result of `shape`.
  using Visit = std::function<void(int64_t, float)>;
  void visitResult(const plan::Buffer &buffer, const std::vector<int64_t> &shape, int rank,
                   const Visit &visit) const;

  /// The same for the gradient of a published tensor, added up over the ranks that it is a sum
  /// over.
  void visitGradient(const plan::Parameter &parameter, const plan::Part &part, int rank,
                     const Visit &visit) const;

  /// Whether the elements of a gradient that belong to no published tensor are zero on a rank: they
  /// count in the norm.
  bool hasZeroPadding(const plan::Parameter &parameter, int rank) const;

private:
  /// visit(published, local, count) for the runs of a published tensor that a rank has.
  template <class VisitRun> void forEachRun(const plan::Part &part, int rank, VisitRun visit) const;
  Values summedGradient(const plan::Parameter &parameter, int rank) const;
  Values read(const plan::Buffer &buffer, int rank) const;
  void write(const std::string &buffer, int rank, int64_t first, const float *values,
             int64_t count);
  int find(const std::string &buffer) const;

  plan::Plan plan;
  std::vector<std::string> exchangeLines;
  std::unique_ptr<Executor> executor;
};

} // namespace step37::test
