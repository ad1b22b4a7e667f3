// Names to indices, checked, and bytes to ranks; see Model.h.
#include "runtime/train/Model.h"

#include "bridge/PartRuns.h"
#include "runtime/file/Error.h"
#include "runtime/train/ImageSlots.h"

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
    : modelPlan(plan), modelExecutor(Executor::create(plan, options)) {
  for (const plan::Parameter &parameter : plan.parameters)
    checkParameter(parameter);
}

void Model::checkParameter(const plan::Parameter &parameter) const {
  const int64_t elements = bufferOf(buffer(parameter.buffer)).elements();
  for (const plan::Part &part : parameter.parts)
    checkPart(parameter, part, elements);
  for (const std::string *name : {&parameter.master, &parameter.moment1, &parameter.moment2})
    if (!name->empty())
      buffer(*name, DType::f32, elements);
  if (!parameter.gradient.empty() && bufferOf(buffer(parameter.gradient)).elements() != elements)
    throw Error("the plan's buffer " + parameter.gradient + " is not as large as its parameter " +
                parameter.buffer);
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

void Model::writeBatch(const TokenRows &batch, const ImageBatch &images) {
  auto tokens = static_cast<size_t>(modelPlan.micro_batch * modelPlan.seq_len);
  auto writeInput = [&]<class T>(std::string_view name, DType type, const std::vector<T> &values) {
    int index = buffer(name, type, static_cast<int64_t>(tokens));
    for (int rank = 0; rank < modelExecutor->localRanks(); ++rank)
      modelExecutor->write(
          rank, index, 0,
          std::as_bytes(std::span(values).subspan(static_cast<size_t>(rank) * tokens, tokens)));
  };
  writeInput("input_ids", DType::i32, batch.ids);
  writeInput("loss_mask", DType::f32, batch.mask);
  writeInput("document_start", DType::i32, batch.documentStart);
  if (modelPlan.images.images > 0)
    writeImages(batch, images);
  else if (images.images() > 0)
    throw Error("the batch has images, and the plan takes none: it is a text model");
}

void Model::writeImages(const TokenRows &tokens, const ImageBatch &images) {
  const plan::ImageInputs &inputs = modelPlan.images;
  const std::vector<RankImages> ranks = placeImages(modelPlan, tokens, images);
  const int64_t viewSize = inputs.channels * inputs.image_size * inputs.image_size;
  const int64_t cropSize = inputs.channels * inputs.crop_size * inputs.crop_size;
  // Slots that no image takes keep what they hold: no token reads their features.
  auto writePixels = [&](int rank, std::string_view name, int64_t slots, int64_t size,
                         const std::vector<int64_t> &chosen, const std::vector<float> &pixels) {
    int index = buffer(name, DType::f32, slots * size);
    for (size_t slot = 0; slot < chosen.size(); ++slot)
      modelExecutor->write(
          rank, index, static_cast<int64_t>(slot) * size * int64_t(sizeof(float)),
          std::as_bytes(std::span(pixels).subspan(static_cast<size_t>(chosen[slot] * size),
                                                  static_cast<size_t>(size))));
  };
  auto writePlaces = [&](int rank, std::string_view name, const std::vector<int32_t> &places) {
    modelExecutor->write(rank, buffer(name, DType::i32, std::ssize(places)), 0,
                         std::as_bytes(std::span(places)));
  };
  for (int rank = 0; rank < modelExecutor->localRanks(); ++rank) {
    const RankImages &own = ranks[static_cast<size_t>(rank)];
    writePixels(rank, "pixel_values", inputs.images, viewSize, own.images, images.pixels);
    if (inputs.crops > 0)
      writePixels(rank, "pixel_values_local", inputs.crops, cropSize, own.crops, images.cropPixels);
    writePlaces(rank, "image_feature", own.featureOfToken);
    writePlaces(rank, "image_position", own.tokenOfFeature);
  }
}

void Model::writeScalars(std::string_view name, std::span<const float> values) {
  int index = buffer(name, DType::f32, static_cast<int64_t>(values.size()));
  for (int rank = 0; rank < modelExecutor->localRanks(); ++rank)
    modelExecutor->write(rank, index, 0, std::as_bytes(values));
}

void Model::writeScalar(std::string_view name, int32_t value) {
  int index = buffer(name, DType::i32, 1);
  for (int rank = 0; rank < modelExecutor->localRanks(); ++rank)
    modelExecutor->write(rank, index, 0, std::as_bytes(std::span(&value, 1)));
}

float Model::readScalar(std::string_view name) const {
  float value = 0;
  modelExecutor->read(0, buffer(name, DType::f32, 1), 0,
                      std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

double Model::lossSum(std::string_view name) const {
  int index = buffer(name, DType::f32, 1);
  double sum = 0;
  for (int rank = 0; rank < modelExecutor->localRanks(); ++rank) {
    float value = 0;
    modelExecutor->read(rank, index, 0, std::as_writable_bytes(std::span(&value, 1)));
    sum += value;
  }
  return sum;
}

} // namespace step37
