// Parameters: their buffers in every target, and the published tensors that fill them.
#include "runtime/base/CheckedSize.h"
#include "runtime/plan/Mesh.h"
#include "runtime/plan/PlanCheck.h"
#include "runtime/plan/UniqueNames.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace step37::plan {

namespace {

/// A target's buffers by name, each taken by one parameter at most.
class BufferIndex {
public:
  explicit BufferIndex(const Target &target) : target(target) {
    for (const Buffer &buffer : target.buffers)
      buffers.emplace(buffer.name, &buffer);
  }

  /// The buffer of this name, of this class and size. `path`: the field that names it.
  const Buffer &take(const std::string &name, BufferClass cls, int64_t elements,
                     const FieldPath &path) {
    const auto found = buffers.find(name);
    if (found == buffers.end())
      path.fail("target '" + target.name + "' has no buffer '" + name + "'");
    const Buffer &buffer = *found->second;
    if (buffer.cls != cls)
      path.fail("buffer '" + name + "' is of class " + std::string(plan::name(buffer.cls)) +
                ", expected " + std::string(plan::name(cls)));
    if (buffer.elements() != elements)
      path.fail("buffer '" + name + "' has " + std::to_string(buffer.elements()) +
                " elements, expected " + std::to_string(elements));
    if (!taken.insert(name).second)
      path.fail("buffer '" + name + "' is used by two parameters");
    return buffer;
  }

  /// Elements of the buffer of this name, where there is one.
  std::optional<int64_t> elementsOf(const std::string &name) const {
    const auto found = buffers.find(name);
    return found == buffers.end() ? std::nullopt : std::optional(found->second->elements());
  }

private:
  const Target &target;
  std::unordered_map<std::string_view, const Buffer *> buffers;
  std::unordered_set<std::string_view> taken;
};

/// A part as runs of `block` elements at begin, begin + stride, …, all within [0, blocks·stride).
struct Runs {
  int64_t blocks, block, begin, stride;
  size_t part;
};

/// Checks one part by itself. `held`: elements of a rank's piece of it; `elements`: of the
/// parameter.
Runs checkPart(const Part &part, size_t index, int64_t held, int64_t elements,
               const FieldPath &path) {
  if (part.blocks < 1)
    path.field("blocks").fail(std::to_string(part.blocks) + " is less than 1");
  if (checkedMultiply(part.blocks, part.block) != held)
    path.field("block").fail(std::to_string(part.blocks) + " blocks of " +
                             std::to_string(part.block) + " elements are not the " +
                             (part.split.empty() ? "shape's " : "piece's ") + std::to_string(held));
  if (part.begin < 0 || part.begin >= elements)
    path.field("begin").fail(std::to_string(part.begin) + " is not within the parameter's " +
                             std::to_string(elements) + " elements");
  if (!std::isfinite(part.init_std) || part.init_std < 0)
    path.field("init_std").fail("is negative");
  if (!std::isfinite(part.init_mean))
    path.field("init_mean").fail("is not finite");
  if (part.blocks == 1 || part.stride == part.block)
    return {1, held, part.begin, elements, index};
  return {part.blocks, part.block, part.begin, part.stride, index};
}

/// The parts of one parameter cover it once. Their blocks repeat with one stride, so that looking
/// at the first stride is enough; and since the parts have as many elements as the parameter, they
/// end where it ends if none overlaps another and no gap is left. `held`: elements of each part;
/// `elements`: of all.
void checkTiling(const Parameter &parameter, const std::vector<int64_t> &held, int64_t elements,
                 const FieldPath &list) {
  std::vector<Runs> runs;
  for (size_t i = 0; i < parameter.parts.size(); ++i)
    runs.push_back(checkPart(parameter.parts[i], i, held[i], elements, list.element(i)));
  const int64_t blocks = runs.front().blocks, stride = runs.front().stride;
  for (const Runs &run : runs) {
    const FieldPath part = list.element(run.part);
    if (run.blocks != blocks)
      part.field("blocks").fail("differs from the other parts of this parameter");
    if (run.stride != stride || checkedMultiply(blocks, stride) != elements)
      part.field("stride").fail(std::to_string(blocks) +
                                " blocks at this distance do not make up "
                                "the parameter's " +
                                std::to_string(elements) + " elements");
  }
  std::sort(runs.begin(), runs.end(),
            [](const Runs &a, const Runs &b) { return a.begin < b.begin; });
  int64_t end = 0;
  for (const Runs &run : runs) {
    const FieldPath part = list.element(run.part);
    if (run.begin != end)
      part.field("begin").fail(std::to_string(run.begin) +
                               (run.begin < end ? " overlaps another part"
                                                : " leaves elements before it that belong to no "
                                                  "part"));
    end += run.block;
  }
}

/// Elements of master and moments: one number for all, of which the ranks along `state_split` hold
/// the parameter's together. Empty where there is no such buffer.
std::optional<int64_t> stateElements(const Parameter &parameter, const Mesh &mesh, int64_t elements,
                                     const BufferIndex &buffers, const FieldPath &path) {
  if (parameter.state_split.empty())
    return elements;
  for (const std::string *name : {&parameter.master, &parameter.moment1, &parameter.moment2})
    if (const std::optional<int64_t> found = buffers.elementsOf(*name)) {
      const int64_t ways = rankCount(mesh, parameter.state_split);
      if (*found < localSize(elements, ways))
        path.field("state_split")
            .fail("buffer '" + *name + "' has " + std::to_string(*found) + " elements, " +
                  std::to_string(ways) + " ranks need " +
                  std::to_string(localSize(elements, ways)) + " each for " +
                  std::to_string(elements));
      return found;
    }
  return std::nullopt;
}

void checkState(const Parameter &parameter, const Mesh &mesh, int64_t elements,
                BufferIndex &buffers, const FieldPath &path) {
  const auto check = [&](std::string_view field, const std::string &name, bool narrow,
                         int64_t wanted) {
    if (name.empty())
      return;
    const FieldPath here = path.field(field);
    if (!parameter.trained)
      here.fail("the parameter is not trained");
    const DType type = buffers.take(name, BufferClass::state, wanted, here).type;
    if (type != DType::f32 && !(narrow && type == DType::bf16))
      here.fail("buffer '" + name + "' is of type " + std::string(step37::name(type)));
  };
  check("gradient", parameter.gradient, true, elements);
  const int64_t held = stateElements(parameter, mesh, elements, buffers, path).value_or(elements);
  check("master", parameter.master, false, held);
  check("moment1", parameter.moment1, false, held);
  check("moment2", parameter.moment2, false, held);
}

/// An axis that has a split of a part cannot also sum or share out the parameter: the ranks along
/// it hold different elements.
void checkApart(const Parameter &parameter, const std::vector<std::string> &axes,
                const FieldPath &path) {
  for (size_t i = 0; i < axes.size(); ++i)
    for (const Part &part : parameter.parts)
      for (const std::vector<std::string> &dimension : part.split)
        if (std::find(dimension.begin(), dimension.end(), axes[i]) != dimension.end())
          path.element(i).fail("'" + axes[i] + "' splits part '" + part.name + "'");
}

/// The axes of a parameter and its parts.
void checkParameterAxes(const Parameter &parameter, const Mesh &mesh, const FieldPath &path) {
  const FieldPath parts = path.field("parts"), partial = path.field("gradient_partial"),
                  state = path.field("state_split");
  for (size_t i = 0; i < parameter.parts.size(); ++i) {
    const FieldPath part = parts.element(i);
    checkSplit(mesh, parameter.parts[i].split, parameter.parts[i].shape.size(),
               part.field("split"));
  }
  checkAxes(mesh, parameter.gradient_partial, partial);
  checkAxes(mesh, parameter.state_split, state);
  checkApart(parameter, parameter.gradient_partial, partial);
  checkApart(parameter, parameter.state_split, state);
  if (!parameter.gradient_partial.empty() && parameter.gradient.empty())
    partial.fail("there is no gradient");
}

/// Elements of a rank's piece of each part.
std::vector<int64_t> heldElements(const Parameter &parameter, const Mesh &mesh,
                                  const FieldPath &list) {
  std::vector<int64_t> held;
  for (size_t i = 0; i < parameter.parts.size(); ++i) {
    const Part &part = parameter.parts[i];
    const FieldPath path = list.element(i);
    checkShape(part.shape, 1, path.field("shape"));
    // No overflow: a piece is no larger than the whole.
    held.push_back(*checkedProduct(localShape(mesh, part.shape, part.split)));
  }
  return held;
}

/// The sum of these.
int64_t total(const std::vector<int64_t> &held, const FieldPath &list) {
  int64_t sum = 0;
  for (size_t i = 0; i < held.size(); ++i) {
    const std::optional<int64_t> next = checkedAdd(sum, held[i]);
    const FieldPath part = list.element(i);
    if (!next)
      part.field("shape").fail("the size is beyond 64 bits");
    sum = *next;
  }
  return sum;
}

} // namespace

void checkParameters(const Plan &plan, const FieldPath &root) {
  std::vector<BufferIndex> indices(plan.targets.begin(), plan.targets.end());
  UniqueNames names, published;
  const FieldPath list = root.field("parameters");
  for (size_t i = 0; i < plan.parameters.size(); ++i) {
    const Parameter &parameter = plan.parameters[i];
    const FieldPath here = list.element(i);
    const FieldPath parts = here.field("parts");
    names.add(parameter.name, here);
    if (parameter.parts.empty())
      parts.fail("is empty");
    for (size_t j = 0; j < parameter.parts.size(); ++j)
      published.add(parameter.parts[j].name, parts.element(j));
    checkParameterAxes(parameter, plan.mesh, here);
    const std::vector<int64_t> held = heldElements(parameter, plan.mesh, parts);
    const int64_t elements = total(held, parts);
    checkTiling(parameter, held, elements, parts);
    const FieldPath field = here.field("buffer");
    std::optional<DType> type;
    for (BufferIndex &buffers : indices) {
      const Buffer &buffer =
          buffers.take(parameter.buffer, BufferClass::parameter, elements, field);
      if (type.value_or(buffer.type) != buffer.type)
        field.fail("buffer '" + parameter.buffer + "' has not the same type in all targets");
      type = buffer.type;
      checkState(parameter, plan.mesh, elements, buffers, here);
    }
  }
  const FieldPath carried = root.field("carried");
  for (size_t i = 0; i < plan.carried.size(); ++i) {
    const FieldPath here = carried.element(i);
    published.add(plan.carried[i].name, here);
    checkShape(plan.carried[i].shape, 1, here.field("shape"));
  }
}

} // namespace step37::plan
