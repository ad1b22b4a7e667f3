// Notes and checks; see StepWatch.h.
#include "runtime/exec/base/StepWatch.h"

#include "runtime/base/Error.h"
#include "runtime/exec/base/StepBinding.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace step37 {
namespace {

/// Index, at least `from`, of the first of these elements whose exponent is all ones.
template <class Bits>
std::optional<int64_t> findExponent(std::span<const std::byte> bytes, int64_t from, Bits exponent) {
  for (size_t at = size_t(from) * sizeof(Bits); at < bytes.size(); at += sizeof(Bits)) {
    Bits value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    if ((value & exponent) == exponent)
      return int64_t(at / sizeof(Bits));
  }
  return std::nullopt;
}

std::optional<int64_t> findNonFinite(std::span<const std::byte> bytes, int64_t from, DType type) {
  return type == DType::bf16 ? findExponent(bytes, from, uint16_t{0x7f80})
                             : findExponent(bytes, from, uint32_t{0x7f800000});
}

/// What lies between the rows of an argument is not its own.
bool isInGap(const spec::Argument &argument, int64_t element) {
  return argument.stride > 0 && element % argument.stride >= argument.cols;
}

/// Whether a kernel writes numbers there that somebody will read, and nothing else is there.
bool holdsResults(const spec::Argument &argument) {
  return argument.access != spec::Access::read && argument.name != "workspace" &&
         !argument.partial && (argument.type == DType::f32 || argument.type == DType::bf16);
}

/// Index of the first value of an argument that is not finite. `offset`: where in the arena it
/// begins.
std::optional<int64_t> firstNonFinite(const spec::Argument &argument, int64_t offset,
                                      const StepWatch::Fetch &fetch) {
  constexpr int64_t piece = 1 << 24; // elements
  const int64_t size = byteSize(argument.type);
  std::vector<std::byte> bytes;
  for (int64_t begin = 0; begin < argument.elements; begin += piece) {
    bytes.resize(size_t(std::min(piece, argument.elements - begin) * size));
    fetch(offset + begin * size, bytes);
    std::optional<int64_t> found = findNonFinite(bytes, 0, argument.type);
    while (found && isInGap(argument, begin + *found))
      found = findNonFinite(bytes, *found + 1, argument.type);
    if (found)
      return begin + *found;
  }
  return std::nullopt;
}

} // namespace

StepWatch::StepWatch(const plan::Target &target, bool check)
    : target(target), check(check), specs(parseSpecs(target)),
      totals(target.programs.size(), {0, std::vector<KernelTime>(target.kernels.size())}) {}

double StepWatch::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void StepWatch::note(const StepTime &time) {
  const plan::Step &step = target.programs[size_t(time.program)].steps[size_t(time.step)];
  std::lock_guard lock(mutex);
  if (noted.size() < mostSteps)
    noted.push_back(time);
  else
    dropped = true;
  ProgramTime &program = totals[size_t(time.program)];
  program.runs += time.step == 0;
  KernelTime &total = program.kernels[size_t(step.kernel)];
  ++total.runs;
  total.seconds += time.seconds;
}

void StepWatch::requireFinite(int program, size_t index, const Fetch &fetch) const {
  const plan::Program &steps = target.programs[size_t(program)];
  const plan::Step &step = steps.steps[index];
  const spec::Arguments arguments = spec::arguments(specs[size_t(step.kernel)]);
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!holdsResults(arguments[i]))
      continue;
    const plan::Buffer &buffer = target.buffers[size_t(step.arguments[i].buffer)];
    const int64_t offset = step.arguments[i].offset;
    if (std::optional<int64_t> found = firstNonFinite(arguments[i], buffer.offset + offset, fetch))
      throw Error(
          describeStep(steps, index) + ": kernel " + target.kernels[size_t(step.kernel)].name +
          " writes a value that is not finite: argument " + arguments[i].name + ", buffer " +
          buffer.name + ", element " + std::to_string(offset / byteSize(buffer.type) + *found));
  }
}

} // namespace step37
