// See StepOrder.h.
#include "dialects/plan/StepOrder.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace step37::planir {
namespace {

/// What has touched a buffer so far, as far as later steps have to know.
struct History {
  struct Entry {
    int64_t step, begin, end;
  };
  SmallVector<Entry> writes, reads;

  static bool overlap(const Entry &entry, const StepAccess &access) {
    return entry.begin < access.end && access.begin < entry.end;
  }

  void collect(const StepAccess &access, SmallVectorImpl<int64_t> &steps) const {
    for (const Entry &entry : writes)
      if (overlap(entry, access))
        steps.push_back(entry.step);
    if (access.writes)
      for (const Entry &entry : reads)
        if (overlap(entry, access))
          steps.push_back(entry.step);
  }

  void add(int64_t step, const StepAccess &access) {
    if (access.writes) {
      // Who comes later depends on this step, and so on what it has covered.
      auto covered = [&](const Entry &entry) {
        return access.begin <= entry.begin && entry.end <= access.end;
      };
      llvm::erase_if(writes, covered);
      llvm::erase_if(reads, covered);
    }
    (access.writes ? writes : reads).push_back({step, access.begin, access.end});
  }
};

} // namespace

StepOrder::StepOrder(ProgramOp program, SymbolTable &symbols) {
  for (Operation &op : program.getBody().front()) {
    if (!isStep(&op))
      continue;
    list.push_back(&op);
    KernelOp kernel = kernelOf(&op, symbols);
    auto &accesses = touched.emplace_back();
    for (auto [index, operand] : llvm::enumerate(op.getOperands())) {
      auto argument = cast<ArgumentAttr>(kernel.getArguments()[index]);
      Origin origin = originOf(operand);
      const void *buffer = origin.buffer.getAsOpaquePointer();
      if (auto get = origin.buffer.getDefiningOp<GetOp>())
        buffer = get.getSymbolAttr().getAttr().getAsOpaquePointer();
      int64_t end = origin.begin + argument.getElements();
      if (argument.getAccess() != Access::Write)
        accesses.push_back({buffer, origin.begin, end, false, int64_t(index)});
      if (argument.getAccess() != Access::Read)
        accesses.push_back({buffer, origin.begin, end, true, int64_t(index)});
    }
  }
  findDependencies();
  followStreams();
}

void StepOrder::findDependencies() {
  DenseMap<const void *, History> histories;
  DenseMap<Attribute, int64_t> bringing; // steps that bring a counted number of rows
  for (int64_t step = 0; step < int64_t(list.size()); ++step) {
    auto &steps = needed.emplace_back();
    for (const StepAccess &access : touched[step])
      histories[access.buffer].collect(access, steps);
    if (Attribute rows = list[step]->getAttr(rowsOfAttribute))
      steps.push_back(bringing.at(rows));
    if (Attribute rows = list[step]->getAttr(rowsAttribute))
      bringing[rows] = step;
    llvm::sort(steps);
    steps.erase(llvm::unique(steps), steps.end());
    for (const StepAccess &access : touched[step])
      histories[access.buffer].add(step, access);
  }
}

void StepOrder::followStreams() {
  std::array<int64_t, 2> lastOf{-1, -1};
  int64_t known = -1; // the last step of stream 1 that stream 0 has waited for
  SmallVector<int64_t> unawaited;
  for (int64_t step = 0; step < int64_t(list.size()); ++step) {
    int64_t stream = streamOf(list[step]);
    std::array<int64_t, 2> state{-1, -1};
    if (lastOf[stream] >= 0)
      state = ended[lastOf[stream]];
    state[stream] = lastOf[stream];
    for (int64_t other : afterOf(list[step])) {
      for (size_t i = 0; i < 2; ++i)
        state[i] = std::max(state[i], ended[other][i]);
      state[1 - stream] = std::max(state[1 - stream], other);
    }
    ended.push_back(state);
    lastOf[stream] = step;
    if (stream == 1) {
      unawaited.push_back(step);
    } else if (state[1] > known) {
      known = state[1];
      llvm::erase_if(unawaited, [&](int64_t waiting) {
        if (waiting > known)
          return false;
        awaited[waiting] = step;
        return true;
      });
    }
  }
}

bool StepOrder::ordered(int64_t earlier, int64_t later) const {
  return ended[later][streamOf(list[earlier])] >= earlier;
}

StepInterval StepOrder::interval(int64_t step) const {
  if (streamOf(list[step]) == 0)
    return {step, step};
  auto found = awaited.find(step);
  return {ended[step][0] + 1, found == awaited.end() ? int64_t(list.size()) - 1 : found->second};
}

} // namespace step37::planir
