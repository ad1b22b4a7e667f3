// See HostExecutor.h.
#include "runtime/host/HostExecutor.h"

#include "codegen/spec/SpecJson.h"
#include "runtime/file/Error.h"
#include "runtime/host/HostKernels.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace step37::host {
namespace {

std::vector<spec::KernelSpec> parseSpecs(const plan::Target &target) {
  std::vector<spec::KernelSpec> specs;
  for (const plan::Kernel &kernel : target.kernels) {
    try {
      specs.push_back(spec::parseSpec(kernel.family, kernel.spec));
    } catch (const Error &error) {
      throw Error("target " + target.name + ", kernel " + kernel.name + ": " + error.what());
    }
  }
  return specs;
}

/// Floats of one worker's scratch: the largest that a kernel needs, in whole cache lines.
int64_t scratchFloatsOf(const std::vector<spec::KernelSpec> &specs) {
  int64_t floats = 0;
  for (const spec::KernelSpec &spec : specs)
    floats =
        std::max(floats, std::visit([](const auto &typed) { return scratchFloats(typed); }, spec));
  return (floats + 15) / 16 * 16;
}

/// What is wrong with a buffer, seen from an offset on, as a kernel's argument; empty if it fits.
std::string mismatch(const spec::Argument &wanted, const plan::Buffer &buffer, int64_t offset) {
  std::string subject = "argument " + wanted.name + ", buffer " + buffer.name + ": ";
  if (buffer.type != wanted.type)
    return subject + "is " + std::string(name(buffer.type)) + ", must be " +
           std::string(name(wanted.type));
  int64_t size = byteSize(wanted.type);
  if (offset < 0 || offset % size != 0)
    return subject + "offset " + std::to_string(offset) + " is not at an element";
  int64_t available = (buffer.bytes() - offset) / size;
  if (offset > buffer.bytes() || available < wanted.elements)
    return subject + "has " + std::to_string(std::max<int64_t>(available, 0)) + " elements from " +
           "offset " + std::to_string(offset) + " on, must have " + std::to_string(wanted.elements);
  return {};
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
  std::vector<BoundStep> &steps = programs.emplace_back();
  for (size_t index = 0; index < program.steps.size(); ++index) {
    const plan::Step &step = program.steps[index];
    auto require = [&](bool holds, const std::string &what) {
      if (!holds)
        throw Error("program " + program.name + ", step " + std::to_string(index) + " (" +
                    step.origin + "): " + what);
    };
    require(step.kernel >= 0 && size_t(step.kernel) < specs.size(), "no such kernel");
    const spec::KernelSpec &spec = specs[size_t(step.kernel)];
    spec::Arguments wanted = spec::arguments(spec);
    std::string kernel = target().kernels[size_t(step.kernel)].name;
    require(step.arguments.size() == wanted.size(),
            "kernel " + kernel + " takes " + std::to_string(wanted.size()) + " arguments, not " +
                std::to_string(step.arguments.size()));

    BoundStep &bound = steps.emplace_back(BoundStep{&spec, {}});
    for (size_t i = 0; i < wanted.size(); ++i) {
      auto [buffer, offset] = step.arguments[i];
      require(buffer >= 0 && size_t(buffer) < target().buffers.size(),
              "argument " + wanted[i].name + ": no such buffer");
      const plan::Buffer &place = target().buffers[size_t(buffer)];
      std::string wrong = mismatch(wanted[i], place, offset);
      require(wrong.empty(), "kernel " + kernel + ", " + wrong);
      bound.arguments.push_back(arena.data() + place.offset + offset);
    }
  }
}

void HostExecutor::run(int program) {
  for (const BoundStep &step : programs.at(size_t(program)))
    std::visit([&](const auto &typed) { host::run(typed, context, step.arguments); }, *step.spec);
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
