#include "runtime/exec/base/StepBinding.h"

#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/exec/base/StreamCheck.h"

#include <algorithm>

namespace step37 {
namespace {

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
    return subject + "has " + std::to_string(std::max<int64_t>(available, 0)) +
           " elements from offset " + std::to_string(offset) + " on, must have " +
           std::to_string(wanted.elements);
  return {};
}

/// What is wrong with a group of ranks on this mesh; empty if nothing is.
std::string mismatch(const spec::RankGroup &group, const plan::Mesh &mesh) {
  size_t next = 0;
  int64_t ranks = 1;
  for (const std::string &name : *group.axes) {
    auto axis = std::find_if(mesh.axes.begin() + std::ptrdiff_t(next), mesh.axes.end(),
                             [&](const plan::Axis &candidate) { return candidate.name == name; });
    if (axis == mesh.axes.end())
      return "axis " + name + " is not in the mesh, or not in its order";
    next = size_t(axis - mesh.axes.begin()) + 1;
    ranks *= axis->size;
  }
  if (ranks != group.ranks)
    return "its axes have " + std::to_string(ranks) + " ranks, not " + std::to_string(group.ranks);
  return {};
}

} // namespace

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

std::string describeStep(const plan::Program &program, size_t index) {
  return "program " + program.name + ", step " + std::to_string(index) + " (" +
         program.steps[index].origin + ")";
}

void checkSteps(const plan::Mesh &mesh, const plan::Target &target, const plan::Program &program,
                const std::vector<spec::KernelSpec> &specs) {
  for (size_t index = 0; index < program.steps.size(); ++index) {
    const plan::Step &step = program.steps[index];
    auto require = [&](bool holds, const std::string &what) {
      if (!holds)
        throw Error(describeStep(program, index) + ": " + what);
    };
    require(step.kernel >= 0 && size_t(step.kernel) < specs.size(), "no such kernel");
    const std::string &kernel = target.kernels[size_t(step.kernel)].name;
    if (const auto group = spec::rankGroupOf(specs[size_t(step.kernel)])) {
      std::string wrong = mismatch(*group, mesh);
      require(wrong.empty(), "kernel " + kernel + ": " + wrong);
    }
    require(step.rows_of < 0 || std::holds_alternative<spec::CountedExchange>(
                                    specs[size_t(program.steps[size_t(step.rows_of)].kernel)]),
            "works on rows of a step that brings none");
    spec::Arguments wanted = spec::arguments(specs[size_t(step.kernel)]);
    require(step.arguments.size() == wanted.size(),
            "kernel " + kernel + " takes " + std::to_string(wanted.size()) + " arguments, not " +
                std::to_string(step.arguments.size()));
    for (size_t i = 0; i < wanted.size(); ++i) {
      auto [buffer, offset] = step.arguments[i];
      require(buffer >= 0 && size_t(buffer) < target.buffers.size(),
              "argument " + wanted[i].name + ": no such buffer");
      std::string wrong = mismatch(wanted[i], target.buffers[size_t(buffer)], offset);
      require(wrong.empty(), "kernel " + kernel + ", " + wrong);
    }
  }
  checkStreams(target, program, specs);
}

} // namespace step37
