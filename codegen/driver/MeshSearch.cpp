#include "codegen/driver/MeshSearch.h"

#include "codegen/cost/MemoryUse.h"
#include "runtime/base/Error.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <thread>

namespace step37 {
namespace {

std::vector<int64_t> divisors(int64_t number) {
  std::vector<int64_t> found;
  for (int64_t candidate = 1; candidate <= number; ++candidate)
    if (number % candidate == 0)
      found.push_back(candidate);
  return found;
}

bool fits(const CompileOptions &options) {
  try {
    (void)meshOf(options);
    return true;
  } catch (const Error &) {
    return false;
  }
}

/// Says which mesh it was where one cannot be compiled.
plan::Plan compiled(const CompileOptions &options) {
  try {
    return compile(options).value();
  } catch (const Error &error) {
    throw Error("on the mesh " + plan::describe(meshOf(options)) + ": " + error.what());
  }
}

/// With the first mode of recomputation that fits, least first; the one that needs least if none
/// does.
report::MeshCost costOf(CompileOptions candidate, const report::Cluster &cluster) {
  std::vector<std::string> modes{"none", "selective", "full"};
  if (candidate.recompute)
    modes = {*candidate.recompute};
  std::optional<report::MeshCost> least;
  for (const std::string &mode : modes) {
    candidate.recompute = mode;
    const plan::Plan plan = compiled(candidate);
    const plan::Target &target = plan.targets.front();
    if (!least || target.arena_bytes < least->memory)
      least = {plan.mesh, target.arena_bytes, predict(plan, target, cluster), mode};
    if (least->memory <= cluster.memory ||
        report::memoryUse(target).lastingBytes() > cluster.memory)
      break; // or no mode helps
  }
  return *least;
}

/// `work` on every number below `count`, on as many threads as there are cores. Compilations share
/// nothing. What the first of them throws, in order, is thrown.
void forEachOnThreads(size_t count, const std::function<void(size_t)> &work) {
  std::vector<std::exception_ptr> errors(count);
  std::atomic<size_t> next = 0;
  const auto loop = [&] {
    for (size_t number = next++; number < count; number = next++)
      try {
        work(number);
      } catch (...) {
        errors[number] = std::current_exception();
      }
  };
  std::vector<std::thread> threads;
  for (unsigned other = 1; other < std::thread::hardware_concurrency(); ++other)
    threads.emplace_back(loop);
  loop();
  for (std::thread &thread : threads)
    thread.join();
  for (const std::exception_ptr &error : errors)
    if (error)
      std::rethrow_exception(error);
}

} // namespace

std::vector<MeshOptions> meshesOf(const CompileOptions &options, int64_t ranks) {
  CompileOptions candidate = options;
  MeshOptions &mesh = candidate.mesh;
  mesh.dp = ranks;
  mesh.tp = mesh.ep = mesh.etp = 1;
  (void)meshOf(candidate); // fits every model: what it throws is not about the mesh

  std::vector<MeshOptions> meshes;
  for (const int64_t tp : divisors(ranks))
    for (const int64_t ep : divisors(ranks))
      for (const int64_t etp : divisors(ranks / ep)) {
        mesh.dp = ranks / tp;
        mesh.tp = tp;
        mesh.ep = ep;
        mesh.etp = etp;
        if (fits(candidate))
          meshes.push_back(mesh);
      }
  return meshes;
}

std::vector<report::MeshCost> meshCosts(const CompileOptions &options,
                                        const report::Cluster &cluster) {
  if (std::ranges::count(supportedTargets(), "cuda") == 0)
    throw Error("this build of step37c has no cuda target to plan for");
  const std::vector<MeshOptions> meshes = meshesOf(options, cluster.gpus);
  std::vector<report::MeshCost> costs(meshes.size());
  forEachOnThreads(meshes.size(), [&](size_t number) {
    CompileOptions candidate = options;
    candidate.targets = {"cuda"};
    candidate.kernelImages = false;
    candidate.mesh = meshes[number];
    costs[number] = costOf(candidate, cluster);
  });
  return costs;
}

} // namespace step37
