// In which order the steps of a program touch its buffers: which must come before which, and when
// each may run, given its stream and what it waits for. Passes that move steps, place buffers or
// check a plan read it; nothing here changes a program.
#pragma once

#include "dialects/plan/PlanDialect.h"

namespace step37::planir {

/// Elements [begin, end) of a buffer that a step reads or writes.
struct StepAccess {
  /// The `plan.temporary`, or the symbol of a buffer that outlives the program.
  const void *buffer;
  int64_t begin, end;
  bool writes;
  int64_t argument; // of the step
};

/// The first and the last step of stream 0, by number, that may run at the same time as a step.
/// For a step of stream 0 that is itself.
struct StepInterval {
  int64_t first, last;
};

class StepOrder {
public:
  StepOrder(ProgramOp program, mlir::SymbolTable &symbols);

  llvm::ArrayRef<mlir::Operation *> steps() const { return list; }
  llvm::ArrayRef<StepAccess> accesses(int64_t step) const { return touched[step]; }

  /// Earlier steps that touch elements which this step touches, one of both writing, and the one
  /// that brings the rows it works on; those that come before another one of them may be left out.
  /// Ascending.
  llvm::ArrayRef<int64_t> dependencies(int64_t step) const { return needed[step]; }

  /// Whether streams and waits make the earlier step end before the later one begins.
  bool ordered(int64_t earlier, int64_t later) const;

  StepInterval interval(int64_t step) const;

private:
  void findDependencies();
  void followStreams();

  llvm::SmallVector<mlir::Operation *> list;
  std::vector<llvm::SmallVector<StepAccess, 6>> touched;
  std::vector<llvm::SmallVector<int64_t, 4>> needed;
  /// By step: the last step of each stream that has ended when this one begins, or −1.
  std::vector<std::array<int64_t, 2>> ended;
  /// By step of stream 1: the first step of stream 0 that begins when it has ended.
  llvm::DenseMap<int64_t, int64_t> awaited;
};

} // namespace step37::planir
