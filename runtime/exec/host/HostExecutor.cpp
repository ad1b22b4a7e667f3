// See HostExecutor.h.
#include "runtime/exec/host/HostExecutor.h"

#include "codegen/spec/ExchangedRows.h"
#include "runtime/exec/base/StepBinding.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace step37::host {
namespace {

/// Floats of one worker's scratch: the largest that a kernel needs, in whole cache lines.
int64_t scratchFloatsOf(const std::vector<spec::KernelSpec> &specs) {
  int64_t floats = 0;
  for (const spec::KernelSpec &spec : specs)
    floats = std::max(
        floats, std::visit([](const auto &typed) { return twinOf(typed).scratchFloats; }, spec));
  return (floats + 15) / 16 * 16;
}

/// A call of a spec's twin. `ranks`: the arguments of each rank, in launch order; several in an
/// exchange.
template <class Spec>
std::function<void(HostContext &)> bindTwin(const Spec &spec,
                                            const std::vector<std::vector<HostBuffer>> &ranks) {
  std::vector<Buffers<Spec>> buffers;
  for (const std::vector<HostBuffer> &rank : ranks)
    buffers.push_back(spec::byName<Spec, HostBuffer>(spec, rank));
  return [&spec, run = twinOf(spec).run, at = std::move(buffers)](HostContext &context) {
    if constexpr (spec::exchanges<Spec>)
      run(spec, context, at);
    else
      run(spec, context, at.front());
  };
}

} // namespace

HostExecutor::HostExecutor(const plan::Plan &plan, const plan::Target &target, int threads)
    : Executor(target), specs(parseSpecs(target)), pool(threads),
      context{pool, blas, nullptr, scratchFloatsOf(specs)},
      scratch(context.scratchPerWorker * pool.threads() * int64_t(sizeof(float))) {
  context.scratch = reinterpret_cast<float *>(scratch.data());
  for (int64_t rank = 0; rank < plan::rankCount(plan.mesh); ++rank)
    arenas.emplace_back(target.arena_bytes);
  for (const plan::Program &program : target.programs)
    bind(plan.mesh, program);
  writeCoordinates(plan.mesh);
}

void HostExecutor::bind(const plan::Mesh &mesh, const plan::Program &program) {
  checkSteps(mesh, target(), program, specs);
  std::vector<BoundStep> &steps = programs.emplace_back();
  for (const plan::Step &step : program.steps) {
    const spec::KernelSpec &spec = specs[size_t(step.kernel)];
    BoundStep &bound = steps.emplace_back();
    bound.spec = &spec;
    bound.rowsOf = step.rows_of;
    const auto group = spec::rankGroupOf(spec);
    bound.groups = plan::groupsAlong(mesh, group ? *group->axes : std::vector<std::string>());
    for (const std::vector<int64_t> &ranks : bound.groups) {
      std::vector<std::vector<HostBuffer>> buffers;
      for (int64_t rank : ranks) {
        std::vector<HostBuffer> &own = buffers.emplace_back();
        for (auto [buffer, offset] : step.arguments)
          own.push_back({address(int(rank), buffer, offset, 0)});
      }
      bound.calls.push_back(
          std::visit([&](const auto &typed) { return bindTwin(typed, buffers); }, spec));
      if (const auto *counted = std::get_if<spec::CountedExchange>(&spec))
        bound.bounds.push_back(spec::byName<spec::CountedExchange, HostBuffer>(*counted, buffers[0])
                                   .bounds.as<const int32_t>());
    }
  }
}

void HostExecutor::writeCoordinates(const plan::Mesh &mesh) {
  for (size_t i = 0; i < target().buffers.size(); ++i) {
    const plan::Buffer &buffer = target().buffers[i];
    if (buffer.coordinate.empty())
      continue;
    for (int rank = 0; rank < localRanks(); ++rank) {
      auto index = int32_t(plan::indexAlong(mesh, buffer.coordinate, rank));
      write(rank, int(i), 0, std::as_bytes(std::span(&index, 1)));
    }
  }
}

void HostExecutor::run(int program) {
  std::vector<BoundStep> &steps = programs.at(size_t(program));
  for (size_t index = 0; index < steps.size(); ++index) {
    const double began = stepWatch ? stepWatch->now() : 0;
    BoundStep &step = steps[index];
    countRows(step);
    for (size_t call = 0; call < step.calls.size(); ++call)
      if (runsOn(steps, step, size_t(step.groups[call].front())))
        step.calls[call](context);
    if (stepWatch)
      watchStep(program, index, began);
  }
}

bool HostExecutor::runsOn(const std::vector<BoundStep> &steps, const BoundStep &step,
                          size_t rank) const {
  return step.rowsOf < 0 || steps[size_t(step.rowsOf)].rows[rank] > 0;
}

void HostExecutor::countRows(BoundStep &step) const {
  const auto *counted = std::get_if<spec::CountedExchange>(step.spec);
  if (!counted)
    return;
  step.rows.resize(arenas.size());
  for (size_t call = 0; call < step.calls.size(); ++call) {
    const std::span<const int32_t> bounds(step.bounds[call],
                                          size_t(counted->ranks * (counted->experts + 1)));
    for (size_t member = 0; member < step.groups[call].size(); ++member)
      step.rows[size_t(step.groups[call][member])] =
          spec::rowsTo(*counted, bounds, int64_t(member));
  }
}

void HostExecutor::watchStep(int program, size_t index, double began) {
  stepWatch->note({0, program, int(index), began, stepWatch->now() - began});
  if (!stepWatch->checks())
    return;
  const std::vector<BoundStep> &steps = programs[size_t(program)];
  for (size_t rank = 0; rank < arenas.size(); ++rank)
    if (runsOn(steps, steps[index], rank))
      stepWatch->requireFinite(program, index, [&](int64_t offset, std::span<std::byte> bytes) {
        std::memcpy(bytes.data(), arenas[rank].data() + offset, bytes.size());
      });
}

std::byte *HostExecutor::address(int rank, int buffer, int64_t offset, size_t bytes) const {
  const plan::Buffer &place = target().buffers.at(size_t(buffer));
  assert(offset >= 0 && offset + int64_t(bytes) <= place.bytes());
  return arenas.at(size_t(rank)).data() + place.offset + offset;
}

void HostExecutor::write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) {
  std::memcpy(address(rank, buffer, offset, bytes.size()), bytes.data(), bytes.size());
}

void HostExecutor::read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const {
  std::memcpy(bytes.data(), address(rank, buffer, offset, bytes.size()), bytes.size());
}

std::string HostExecutor::description() const {
  int threads = pool.threads(), ranks = localRanks();
  return "host, " + (ranks == 1 ? "" : std::to_string(ranks) + " ranks, ") +
         std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") + blas.description();
}

} // namespace step37::host
