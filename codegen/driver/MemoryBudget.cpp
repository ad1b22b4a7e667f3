#include "codegen/driver/MemoryBudget.h"

#include "codegen/cost/MemoryUse.h"
#include "runtime/base/Error.h"
#include "runtime/base/Quantities.h"
#include "runtime/plan/Names.h"

#include <algorithm>

namespace step37 {
namespace {

/// Plans made between the one that keeps all and the one that keeps least.
constexpr int attempts = 7;
/// Of the distance of these two, what may be left over.
constexpr int64_t closeEnough = 256;

/// What a person can change so that a rank needs less. Without room for any activations, and where
/// the optimizer decides, fewer of them are no help.
std::string smallerPlans(const CompileOptions &options, const MemoryNeed &need) {
  const MeshOptions &mesh = options.mesh;
  std::string text = "more ranks (--dp, --tp, --ep)";
  if (!mesh.splitState)
    text += ", --zero 1";
  if (options.gradType != "bf16")
    text += ", --grad-dtype bf16";
  if (need.lasting >= *options.memoryBudget || need.program == plan::updateProgram)
    return text;
  if (mesh.tp > 1 && !mesh.sequenceParallel)
    text += ", --sequence-parallel";
  if (options.microBatch > 1)
    text += ", a smaller --micro-batch";
  return text + ", a smaller --seq-len";
}

} // namespace

void MemoryNeed::add(const plan::Target &added) {
  const report::MemoryUse memory = report::memoryUse(added);
  if (target.empty() || added.arena_bytes > arena) {
    target = added.name;
    arena = added.arena_bytes;
    lasting = memory.lastingBytes();
    program = memory.peak_program < 0
                  ? ""
                  : added.programs[static_cast<size_t>(memory.peak_program)].name;
  }
  if (const int number = added.findProgram(plan::accumulateProgram); number >= 0)
    accumulate = std::max(accumulate, memory.programs[static_cast<size_t>(number)].end);
}

FittedMemory fitMemory(int64_t budget,
                       const std::function<MemoryNeed(const Recomputation &)> &attempt) {
  const auto fits = [&](const MemoryNeed &need) { return need.arena <= budget; };
  FittedMemory all{{}, attempt({})};
  if (fits(all.need))
    return all;
  const Recomputation least{"budget", 0};
  FittedMemory best{least, attempt(least)};
  if (!fits(best.need))
    return best.need.arena < all.need.arena ? best : all;

  // What `accumulate` takes grows about evenly with what may be kept: guess on the line between the
  // closest plans that fit and do not, and now and then in the middle, as one end may stay.
  int64_t low = best.need.saved, high = all.need.saved, lowTakes = best.need.accumulate,
          highTakes = all.need.accumulate;
  const int64_t enough = (highTakes - lowTakes) / closeEnough;
  for (int i = 0; i < attempts && budget - best.need.accumulate > enough; ++i) {
    const double line =
        double(budget - lowTakes) / double(std::max<int64_t>(highTakes - lowTakes, 1));
    const int64_t guess = low + int64_t((i % 3 == 2 ? 0.5 : line) * double(high - low));
    if (guess <= low || guess >= high)
      break;
    FittedMemory tried{{"budget", guess}, {}};
    tried.need = attempt(tried.recomputation);
    if (fits(tried.need)) {
      low = guess;
      lowTakes = tried.need.accumulate;
      if (tried.need.saved > best.need.saved)
        best = tried;
    } else {
      high = std::min(guess, tried.need.saved);
      highTakes = tried.need.accumulate;
    }
  }
  return best;
}

void failBudget(const CompileOptions &options, const std::string &origin, const MemoryNeed &need,
                int64_t bytes) {
  const std::string size = readableBytes(bytes);
  throw Error(
      origin + ": does not fit into --memory-budget " + readableBytes(*options.memoryBudget) +
      ": a rank needs " +
      (options.recompute ? size + " with --recompute " + *options.recompute
                         : "at least " + size + " with all activations recomputed that can be") +
      " (target " + need.target + "), " + readableBytes(need.lasting) +
      " of it for weights, gradients and optimizer state" +
      (need.program.empty() ? "" : ", the rest for what program " + need.program + " does") +
      ". Less is needed with " +
      (options.recompute && *options.recompute != "full"
           ? "recomputation chosen for the budget (no --recompute), "
           : "") +
      smallerPlans(options, need));
}

} // namespace step37
