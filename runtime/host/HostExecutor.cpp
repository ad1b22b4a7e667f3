// See HostExecutor.h.
#include "runtime/host/HostExecutor.h"

#include "runtime/StepBinding.h"
#include "runtime/host/HostKernels.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace step37::host {
namespace {

/// Floats of one worker's scratch: the largest that a kernel needs, in whole cache lines.
int64_t scratchFloatsOf(const std::vector<spec::KernelSpec> &specs) {
  int64_t floats = 0;
  for (const spec::KernelSpec &spec : specs)
    floats =
        std::max(floats, std::visit([](const auto &typed) { return scratchFloats(typed); }, spec));
  return (floats + 15) / 16 * 16;
}

} // namespace

HostExecutor::HostExecutor(const plan::Target &target, int threads)
    : Executor(target), specs(parseSpecs(target)), arena(target.arena_bytes), pool(threads),
      context{pool, blas, nullptr, scratchFloatsOf(specs)},
      scratch(context.scratchPerWorker * pool.threads() * int64_t(sizeof(float))) {
  context.scratch = reinterpret_cast<float *>(scratch.data());
  for (const plan::Program &program : target.programs)
    bind(program);
}

void HostExecutor::bind(const plan::Program &program) {
  checkSteps(target(), program, specs);
  std::vector<BoundStep> &steps = programs.emplace_back();
  for (const plan::Step &step : program.steps) {
    BoundStep &bound = steps.emplace_back(BoundStep{&specs[size_t(step.kernel)], {}});
    for (auto [buffer, offset] : step.arguments)
      bound.arguments.push_back(arena.data() + target().buffers[size_t(buffer)].offset + offset);
  }
}

void HostExecutor::run(int program) {
  const std::vector<BoundStep> &steps = programs.at(size_t(program));
  for (size_t index = 0; index < steps.size(); ++index) {
    const double began = stepWatch ? stepWatch->now() : 0;
    std::visit([&](const auto &typed) { host::run(typed, context, steps[index].arguments); },
               *steps[index].spec);
    if (stepWatch)
      watchStep(program, index, began);
  }
}

void HostExecutor::watchStep(int program, size_t index, double began) {
  stepWatch->note({0, program, int(index), began, stepWatch->now() - began});
  if (stepWatch->checks())
    stepWatch->requireFinite(program, index, [&](int64_t offset, std::span<std::byte> bytes) {
      std::memcpy(bytes.data(), arena.data() + offset, bytes.size());
    });
}

std::byte *HostExecutor::address(int rank, int buffer, int64_t offset, size_t bytes) const {
  const plan::Buffer &place = target().buffers.at(size_t(buffer));
  assert(rank == 0 && offset >= 0 && offset + int64_t(bytes) <= place.bytes());
  return arena.data() + place.offset + offset;
}

void HostExecutor::write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) {
  std::memcpy(address(rank, buffer, offset, bytes.size()), bytes.data(), bytes.size());
}

void HostExecutor::read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const {
  std::memcpy(bytes.data(), address(rank, buffer, offset, bytes.size()), bytes.size());
}

std::string HostExecutor::description() const {
  int threads = pool.threads();
  return "host, " + std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
         blas.description();
}

} // namespace step37::host
