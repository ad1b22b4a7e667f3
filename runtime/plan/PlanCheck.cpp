// The plan as a whole, and a target's buffers and steps. Overlaps are in OverlapCheck.cpp,
// parameters in ParameterCheck.cpp,
// activations in ActivationCheck.cpp.
#include "runtime/plan/PlanCheck.h"

#include "runtime/base/CheckedSize.h"
#include "runtime/plan/UniqueNames.h"

#include <algorithm>
#include <array>

namespace step37::plan {

namespace {

/// An index into a list of `count` elements.
void checkIndex(int64_t index, size_t count, std::string_view what, const FieldPath &path) {
  if (index < 0 || static_cast<uint64_t>(index) >= count)
    path.fail("there is no " + std::string(what) + " " + std::to_string(index) + ", there are " +
              std::to_string(count));
}

/// Sizes whose products are sizes of buffers, which the runtime compares with the buffers' own.
void checkImages(const ImageInputs &images, const FieldPath &path) {
  if (images.images == 0)
    return;
  checkPositive(images.images, path.field("images"));
  if (images.crops < 0)
    path.field("crops").fail(std::to_string(images.crops) + " is less than 0");
  checkPositive(images.channels, path.field("channels"));
  checkPositive(images.image_size, path.field("image_size"));
  checkPositive(images.crop_size, path.field("crop_size"));
  checkPositive(images.image_tokens, path.field("image_tokens"));
  checkPositive(images.crop_tokens, path.field("crop_tokens"));
  const std::array<int64_t, 4> image{images.images, images.channels, images.image_size,
                                     images.image_size};
  checkShape(image, sizeof(float), path.field("image_size"));
  const std::array<int64_t, 4> crop{std::max<int64_t>(images.crops, 1), images.channels,
                                    images.crop_size, images.crop_size};
  checkShape(crop, sizeof(float), path.field("crop_size"));
  if (images.images > INT32_MAX / images.image_tokens ||
      images.crops > INT32_MAX / images.crop_tokens || images.features() > INT32_MAX)
    path.field("image_tokens").fail("makes more than 2^31 features");
}

void checkModel(const Plan &plan, const FieldPath &root) {
  checkPositive(plan.micro_batch, root.field("micro_batch"));
  checkPositive(plan.seq_len, root.field("seq_len"));
  checkPositive(plan.vocab, root.field("vocab"));
  if (!checkedMultiply(plan.micro_batch, plan.seq_len))
    root.field("seq_len").fail("times micro_batch is beyond 64 bits");
  checkImages(plan.images, root.field("images"));
  checkMesh(plan.mesh, root.field("mesh"));
}

void checkLifetime(const Target &target, const Buffer &buffer, const FieldPath &path) {
  if (buffer.cls != BufferClass::temporary) {
    if (buffer.program != -1)
      path.field("program").fail("only a temporary belongs to a program");
    if (buffer.first_step != -1)
      path.field("first_step").fail("only a temporary has a lifetime");
    if (buffer.last_step != -1)
      path.field("last_step").fail("only a temporary has a lifetime");
    return;
  }
  checkIndex(buffer.program, target.programs.size(), "program", path.field("program"));
  const auto &steps = target.programs[static_cast<size_t>(buffer.program)].steps;
  checkIndex(buffer.first_step, steps.size(), "step", path.field("first_step"));
  checkIndex(buffer.last_step, steps.size(), "step", path.field("last_step"));
  if (buffer.last_step < buffer.first_step)
    path.field("last_step").fail("is before first_step");
}

/// What the ranks have different parts of, and where a rank's coordinate goes.
void checkPlace(const Buffer &buffer, const Mesh &mesh, const FieldPath &path) {
  const FieldPath split = path.field("split"), coordinate = path.field("coordinate");
  if (!buffer.split.empty() && buffer.cls != BufferClass::input &&
      buffer.cls != BufferClass::output)
    split.fail("only an input or an output is split");
  checkSplit(mesh, buffer.split, buffer.shape.size(), split);
  checkAxes(mesh, buffer.coordinate, coordinate);
  if (!buffer.coordinate.empty() &&
      (buffer.cls != BufferClass::scalar || buffer.type != DType::i32 || buffer.elements() != 1))
    coordinate.fail("only a scalar i32 [1] holds a coordinate");
}

/// Streams, and waits for earlier steps of the other stream. Where there is a second stream it has
/// all collectives and nothing else, so that all ranks begin them in one order.
void checkStreams(const std::vector<Step> &steps, const FieldPath &path) {
  const bool exchanges =
      std::ranges::any_of(steps, [](const Step &step) { return step.stream == 1; });
  for (size_t s = 0; s < steps.size(); ++s) {
    const FieldPath step = path.element(s), after = step.field("after");
    if (steps[s].stream != 0 && steps[s].stream != 1)
      step.field("stream").fail(std::to_string(steps[s].stream) + " is neither 0 nor 1");
    if (exchanges && (steps[s].stream == 1) != (steps[s].kind == StepKind::collective))
      step.field("stream").fail("is " + std::to_string(steps[s].stream) +
                                ": stream 1 has all collective steps and no other ones");
    int last = -1;
    for (size_t i = 0; i < steps[s].after.size(); ++i) {
      const int other = steps[s].after[i];
      if (other <= last || other >= static_cast<int>(s) ||
          steps[static_cast<size_t>(other)].stream == steps[s].stream)
        after.element(i).fail(std::to_string(other) +
                              " is no earlier step of the other stream, in ascending order");
      last = other;
    }
  }
}

void checkArgument(const Target &target, size_t program, const StepInterval &interval,
                   const Argument &argument, const FieldPath &path) {
  checkIndex(argument.buffer, target.buffers.size(), "buffer", path);
  const Buffer &buffer = target.buffers[static_cast<size_t>(argument.buffer)];
  if (argument.offset < 0 || argument.offset >= buffer.bytes())
    path.fail("byte " + std::to_string(argument.offset) + " is not in buffer '" + buffer.name +
              "' of " + std::to_string(buffer.bytes()) + " bytes");
  if (argument.offset % byteSize(buffer.type) != 0)
    path.fail("byte " + std::to_string(argument.offset) + " is not at an element of buffer '" +
              buffer.name + "'");
  if (buffer.cls == BufferClass::temporary &&
      (buffer.program != static_cast<int64_t>(program) || interval.first < buffer.first_step ||
       interval.last > buffer.last_step))
    path.fail("temporary '" + buffer.name + "' does not live at this step");
}

/// What the runtime writes or reads of a program is what the table of programs says of it.
/// Coordinates are written once, for all programs.
void checkExchanged(const ProgramInfo &info, const Buffer &buffer, const FieldPath &path) {
  const bool written = buffer.cls == BufferClass::input ||
                       (buffer.cls == BufferClass::scalar && buffer.coordinate.empty() &&
                        !buffer.name.starts_with(std::string(names::coordinate) + "."));
  if (written && !info.takesBuffer(buffer.name))
    path.fail("program '" + std::string(info.name) + "' does not take '" + buffer.name + "'");
  if (buffer.cls == BufferClass::output && !info.givesBuffer(buffer.name))
    path.fail("program '" + std::string(info.name) + "' does not give '" + buffer.name + "'");
}

/// The table's row for a program; null for one that the table does not have: the runtime runs none
/// of those, and their role means nothing.
const ProgramInfo *checkRole(const Program &program, const FieldPath &path) {
  const ProgramInfo *info = findProgramInfo(program.name);
  if (info && info->role != program.role)
    path.field("role").fail("is " + std::string(name(program.role)) + ", that of '" + program.name +
                            "' is " + std::string(name(info->role)));
  return info;
}

constexpr int64_t maxThreads = 1024; // of a block, on every GPU there is

void checkStage(const KernelStage &stage, const FieldPath &path) {
  if (stage.entry.empty())
    path.field("entry").fail("is empty");
  const FieldPath grid = path.field("grid");
  if (stage.grid.size() != 3)
    grid.fail("must have three numbers");
  for (size_t i = 0; i < stage.grid.size(); ++i)
    checkPositive(stage.grid[i], grid.element(i));
  if (stage.block < 1 || stage.block > maxThreads)
    path.field("block").fail(std::to_string(stage.block) + " is not between 1 and " +
                             std::to_string(maxThreads));
  if (stage.shared_bytes < 0)
    path.field("shared_bytes").fail("is negative");
}

/// A kernel with an image has launches, and both its blobs are in the file.
void checkKernel(const Kernel &kernel, const Plan &plan, const FieldPath &path) {
  const FieldPath stages = path.field("stages");
  if (kernel.image.empty() != kernel.stages.empty())
    stages.fail(kernel.image.empty() ? "must be empty without an image" : "is empty");
  if (!kernel.image.empty() && !plan.findBlob(kernel.image))
    path.field("image").fail("there is no blob '" + kernel.image + "'");
  if (!kernel.source.empty() && !plan.findBlob(kernel.source))
    path.field("source").fail("there is no blob '" + kernel.source + "'");
  for (size_t i = 0; i < kernel.stages.size(); ++i)
    checkStage(kernel.stages[i], stages.element(i));
}

void checkTarget(const Target &target, const Plan &plan, const FieldPath &path) {
  const FieldPath kernels = path.field("kernels"), programs = path.field("programs");
  UniqueNames kernelNames, programNames;
  for (size_t i = 0; i < target.kernels.size(); ++i) {
    kernelNames.add(target.kernels[i].name, kernels.element(i));
    checkKernel(target.kernels[i], plan, kernels.element(i));
  }
  for (size_t i = 0; i < target.programs.size(); ++i)
    programNames.add(target.programs[i].name, programs.element(i));
  checkBuffers(target, plan.mesh, path);
  checkOverlaps(target, path);
  checkSteps(target, path);
}

} // namespace

void checkPositive(int64_t value, const FieldPath &path) {
  if (value < 1)
    path.fail(std::to_string(value) + " is less than 1");
}

int64_t checkShape(std::span<const int64_t> shape, int64_t unit, const FieldPath &path) {
  for (size_t i = 0; i < shape.size(); ++i)
    checkPositive(shape[i], path.element(i));
  const std::optional<int64_t> product = checkedProduct(shape, unit);
  if (!product)
    path.fail("the size is beyond 64 bits");
  return *product;
}

void checkBuffers(const Target &target, const Mesh &mesh, const FieldPath &path) {
  if (target.arena_bytes < 0)
    path.field("arena_bytes").fail("is negative");
  const FieldPath list = path.field("buffers");
  UniqueNames names;
  for (size_t i = 0; i < target.buffers.size(); ++i) {
    const Buffer &buffer = target.buffers[i];
    const FieldPath here = list.element(i);
    names.add(buffer.name, here);
    const int64_t bytes = checkShape(buffer.shape, byteSize(buffer.type), here.field("shape"));
    const FieldPath offset = here.field("offset");
    if (buffer.offset < 0)
      offset.fail(std::to_string(buffer.offset) + " is negative");
    if (buffer.offset % alignment != 0)
      offset.fail(std::to_string(buffer.offset) + " is not a multiple of " +
                  std::to_string(alignment));
    if (buffer.offset > target.arena_bytes)
      offset.fail(std::to_string(buffer.offset) + " is past the arena's end (" +
                  std::to_string(target.arena_bytes) + ")");
    if (bytes > target.arena_bytes - buffer.offset)
      offset.fail(std::to_string(buffer.offset) + " and " + std::to_string(bytes) +
                  " bytes more are past the arena's end (" + std::to_string(target.arena_bytes) +
                  ")");
    checkLifetime(target, buffer, here);
    checkPlace(buffer, mesh, here);
  }
}

void checkSteps(const Target &target, const FieldPath &path) {
  const FieldPath programs = path.field("programs");
  for (size_t p = 0; p < target.programs.size(); ++p) {
    const FieldPath program = programs.element(p);
    const FieldPath steps = program.field("steps");
    const ProgramInfo *info = checkRole(target.programs[p], program);
    checkStreams(target.programs[p].steps, steps);
    const std::vector<StepInterval> intervals = stepIntervals(target.programs[p].steps);
    for (size_t s = 0; s < target.programs[p].steps.size(); ++s) {
      const Step &step = target.programs[p].steps[s];
      const FieldPath here = steps.element(s);
      checkIndex(step.kernel, target.kernels.size(), "kernel", here.field("kernel"));
      const Kernel &kernel = target.kernels[static_cast<size_t>(step.kernel)];
      if ((step.kind == StepKind::collective) !=
          kernel.family.starts_with(name(StepKind::collective)))
        here.field("kind").fail("is " + std::string(name(step.kind)) + ", but kernel '" +
                                kernel.name + "' is of family " + kernel.family);
      const bool sends =
          step.rows_of >= 0 && step.rows_of < static_cast<int>(s) &&
          target.programs[p].steps[static_cast<size_t>(step.rows_of)].kind == StepKind::collective;
      if (step.rows_of != -1 && (!sends || step.kind == StepKind::collective))
        here.field("rows_of").fail(
            "is " + std::to_string(step.rows_of) +
            ", which is no earlier collective step that this one can follow");
      const FieldPath arguments = here.field("arguments");
      for (size_t a = 0; a < step.arguments.size(); ++a) {
        checkArgument(target, p, intervals[s], step.arguments[a], arguments.element(a));
        if (info)
          checkExchanged(*info, target.buffers[static_cast<size_t>(step.arguments[a].buffer)],
                         arguments.element(a));
      }
    }
  }
}

void check(const Plan &plan, const std::string &origin) {
  const FieldPath root(origin);
  checkModel(plan, root);
  const FieldPath targets = root.field("targets");
  if (plan.targets.empty())
    targets.fail("is empty");
  UniqueNames names;
  for (size_t i = 0; i < plan.targets.size(); ++i) {
    const FieldPath target = targets.element(i);
    names.add(plan.targets[i].name, target);
    checkTarget(plan.targets[i], plan, target);
  }
  checkParameters(plan, root);
  checkActivations(plan, root.field("activations"));
}

} // namespace step37::plan
