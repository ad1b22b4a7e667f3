// Names to indices, checked, and bytes to ranks; see Model.h.
#include "runtime/exec/Model.h"
#include "runtime/exec/CreateExecutor.h"

#include "bridge/PartRuns.h"
#include "runtime/base/Error.h"
#include "runtime/plan/PieceRuns.h"

#include <numeric>
#include <string>

namespace step37 {

namespace {

int findProgram(const plan::Target &target, std::string_view name) {
  int program = target.findProgram(name);
  if (program < 0)
    throw Error("the plan has no program " + std::string(name) + " for " + target.name +
                " (see --programs of step37c compile)");
  return program;
}

} // namespace

Model::Model(const plan::Plan &plan, const ExecutorOptions &options)
    : modelPlan(plan), modelExecutor(createExecutor(plan, options)),
      rankBuffers(*modelExecutor, plan::rankCount(plan.mesh), options.job) {
  for (const plan::Parameter &parameter : plan.parameters)
    checkParameter(parameter);
}

void Model::checkParameter(const plan::Parameter &parameter) const {
  const int64_t elements = bufferOf(buffer(parameter.buffer)).elements();
  for (const plan::Part &part : parameter.parts)
    checkPart(parameter, part, elements, modelPlan.mesh);
  if (!parameter.gradient.empty() && bufferOf(buffer(parameter.gradient)).elements() != elements)
    throw Error("the plan's buffer " + parameter.gradient + " is not as large as its parameter " +
                parameter.buffer);
  if (!parameter.state_split.empty())
    return; // plan::check has seen to it
  for (const std::string *name : {&parameter.master, &parameter.moment1, &parameter.moment2})
    if (!name->empty())
      buffer(*name, DType::f32, elements);
}

std::string Model::description() const {
  return modelExecutor->description() +
         (modelPlan.mesh.axes.empty() ? "" : ", mesh " + plan::describe(modelPlan.mesh));
}

void Model::requirePrograms(std::initializer_list<std::string_view> names) const {
  for (std::string_view name : names)
    findProgram(modelExecutor->target(), name);
}

void Model::run(std::string_view program) {
  modelExecutor->run(findProgram(modelExecutor->target(), program));
}

int Model::buffer(std::string_view name) const {
  int index = modelExecutor->target().findBuffer(name);
  if (index < 0)
    throw Error("the plan has no buffer " + std::string(name));
  return index;
}

const plan::Buffer &Model::bufferOf(int index) const {
  return modelExecutor->target().buffers[static_cast<size_t>(index)];
}

int Model::buffer(std::string_view name, DType type) const {
  const int index = buffer(name);
  if (bufferOf(index).type != type)
    throw Error("the plan's buffer " + std::string(name) + " is " +
                std::string(step37::name(bufferOf(index).type)) + ", not " +
                std::string(step37::name(type)));
  return index;
}

int Model::buffer(std::string_view name, DType type, int64_t elements) const {
  int index = buffer(name);
  const plan::Buffer &found = bufferOf(index);
  if (found.type != type || found.elements() != elements)
    throw Error("the plan's buffer " + std::string(name) + " is " +
                std::string(step37::name(found.type)) + " [" + std::to_string(found.elements()) +
                "], not " + std::string(step37::name(type)) + " [" + std::to_string(elements) +
                "]");
  return index;
}

std::vector<int64_t> Model::wholeShape(const plan::Buffer &buffer) const {
  std::vector<int64_t> shape = buffer.shape;
  for (size_t i = 0; i < buffer.split.size(); ++i)
    shape[i] *= plan::rankCount(modelPlan.mesh, buffer.split[i]);
  return shape;
}

void Model::writeInput(int index, std::span<const std::byte> bytes) {
  const plan::Buffer &buffer = bufferOf(index);
  const int64_t size = byteSize(buffer.type);
  const std::vector<int64_t> shape = wholeShape(buffer);
  for (int rank = 0; rank < rankBuffers.count(); ++rank) {
    if (!rankBuffers.isHere(rank))
      continue;
    const plan::PieceRuns runs(modelPlan.mesh, shape, buffer.split, rank);
    if (static_cast<int64_t>(bytes.size()) != runs.elements() * size)
      throw Error("the plan's input " + buffer.name + " takes " +
                  std::to_string(runs.elements() * size) + " bytes of all ranks together, not " +
                  std::to_string(bytes.size()));
    runs.forEach(0, runs.elements(), [&](int64_t whole, int64_t local, int64_t count) {
      rankBuffers.write(
          rank, index, local * size,
          bytes.subspan(static_cast<size_t>(whole * size), static_cast<size_t>(count * size)));
    });
  }
}

void Model::readOutput(int index, int64_t first, std::span<std::byte> bytes) const {
  const plan::Buffer &buffer = bufferOf(index);
  const int64_t size = byteSize(buffer.type);
  const std::vector<int64_t> shape = wholeShape(buffer);
  rankBuffers.collect("reading " + buffer.name, [&](auto read) {
    for (int rank = 0; rank < rankBuffers.count(); ++rank)
      plan::PieceRuns(modelPlan.mesh, shape, buffer.split, rank)
          .forEach(first, static_cast<int64_t>(bytes.size()) / size,
                   [&](int64_t whole, int64_t local, int64_t count) {
                     read(rank, index, local * size,
                          bytes.subspan(static_cast<size_t>((whole - first) * size),
                                        static_cast<size_t>(count * size)));
                   });
  });
}

void Model::writeScalars(std::string_view name, std::span<const float> values) {
  int index = buffer(name, DType::f32, static_cast<int64_t>(values.size()));
  for (int rank = 0; rank < rankBuffers.count(); ++rank)
    rankBuffers.write(rank, index, 0, std::as_bytes(values));
}

void Model::writeScalar(std::string_view name, int32_t value) {
  int index = buffer(name, DType::i32, 1);
  for (int rank = 0; rank < rankBuffers.count(); ++rank)
    rankBuffers.write(rank, index, 0, std::as_bytes(std::span(&value, 1)));
}

float Model::readScalar(std::string_view name) const {
  float value = 0;
  rankBuffers.readOwn(buffer(name, DType::f32, 1), 0, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void Model::startScalar(std::string_view name, float &value) {
  modelExecutor->startRead(0, buffer(name, DType::f32, 1), 0,
                           std::as_writable_bytes(std::span(&value, 1)));
}

} // namespace step37
