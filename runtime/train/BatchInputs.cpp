// See BatchInputs.h.
#include "runtime/train/BatchInputs.h"

#include "runtime/base/Error.h"
#include "runtime/data/ImageSlots.h"
#include "runtime/plan/Mesh.h"
#include "runtime/plan/Names.h"

#include <string>

namespace step37 {
namespace {

void writeImages(Model &model, const TokenRows &tokens, const ImageBatch &images) {
  const plan::ImageInputs &inputs = model.plan().images;
  const std::vector<RankImages> ranks = placeImages(model.plan(), tokens, images);
  const int64_t viewSize = inputs.channels * inputs.image_size * inputs.image_size;
  const int64_t cropSize = inputs.channels * inputs.crop_size * inputs.crop_size;
  // Slots that no image takes keep what they hold: no token reads their features.
  auto writePixels = [&](int rank, std::string_view name, int64_t slots, int64_t size,
                         const std::vector<int64_t> &chosen, const std::vector<float> &pixels) {
    int index = model.buffer(name, DType::f32, slots * size);
    for (size_t slot = 0; slot < chosen.size(); ++slot)
      model.ranks().write(
          rank, index, static_cast<int64_t>(slot) * size * int64_t(sizeof(float)),
          std::as_bytes(std::span(pixels).subspan(static_cast<size_t>(chosen[slot] * size),
                                                  static_cast<size_t>(size))));
  };
  auto writePlaces = [&](int rank, const std::string &suffix, const RankImages &own) {
    for (const auto &[name, places] : {std::pair(plan::names::imageFeature, &own.featureOfToken),
                                       {plan::names::imagePosition, &own.tokenOfFeature}})
      model.ranks().write(rank, model.buffer(name + suffix, DType::i32, std::ssize(*places)), 0,
                          std::as_bytes(std::span(*places)));
  };
  const plan::Split &split = model.bufferOf(model.buffer(plan::names::pixelValues)).split;
  for (int rank = 0; rank < model.ranks().count(); ++rank) {
    if (!model.ranks().isHere(rank))
      continue;
    const int64_t number = split.empty() ? 0 : plan::indexAlong(model.plan().mesh, split[0], rank);
    const RankImages &own = ranks.at(static_cast<size_t>(number));
    writePixels(rank, plan::names::pixelValues, inputs.images, viewSize, own.images, images.pixels);
    if (inputs.crops > 0)
      writePixels(rank, plan::names::pixelValuesLocal, inputs.crops, cropSize, own.crops,
                  images.cropPixels);
    writePlaces(rank, "", own);
    auto suffix = [](int64_t ahead) { return "." + std::to_string(ahead); };
    for (int64_t ahead = 1;
         model.executor().target().findBuffer(plan::names::imageFeature + suffix(ahead)) >= 0;
         ++ahead)
      writePlaces(rank, suffix(ahead), placesAhead(own, tokens, number, ahead));
  }
}

} // namespace

void writeBatch(Model &model, const TokenRows &batch, const ImageBatch &images) {
  model.writeInput(model.buffer(plan::names::inputIds, DType::i32),
                   std::as_bytes(std::span(batch.ids)));
  model.writeInput(model.buffer(plan::names::lossMask, DType::f32),
                   std::as_bytes(std::span(batch.mask)));
  model.writeInput(model.buffer(plan::names::documentStart, DType::i32),
                   std::as_bytes(std::span(batch.documentStart)));
  if (model.plan().images.images > 0)
    writeImages(model, batch, images);
  else if (images.images() > 0)
    throw Error("the batch has images, and the plan takes none: it is a text model");
}

} // namespace step37
