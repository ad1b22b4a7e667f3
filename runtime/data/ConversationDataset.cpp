// From samples to rows; see ConversationDataset.h.
#include "runtime/data/ConversationDataset.h"

#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <utility>

namespace step37 {

ConversationDataset::ConversationDataset(safetensors::File opened, const DataLimits &limits,
                                         const ConversationOptions &options)
    : file(std::move(opened), limits.vocab), limits(limits), options(options),
      views{limits.images.image_size, limits.images.crop_size}, bad(options.on_bad_sample),
      imageSizes(static_cast<size_t>(file.images())) {
  if (file.images() > 0)
    requirePictures();
  measure();
  pack();
}

void ConversationDataset::requirePictures() const {
  if (limits.images.images == 0)
    throw Error(file.path().string() + ": has pictures, and the plan takes none");
  if (file.imageTokens().feature != limits.images.image_token)
    throw Error(file.path().string() + ": image_tokens: <im_patch> is " +
                std::to_string(file.imageTokens().feature) + ", the model's image_token_id is " +
                std::to_string(limits.images.image_token));
}

int64_t ConversationDataset::packLength() const {
  if (options.pack_length > limits.seqLen)
    throw Error("--pack-length " + std::to_string(options.pack_length) + ": the plan's rows have " +
                std::to_string(limits.seqLen) + " tokens");
  return options.pack_length > 0 ? options.pack_length : limits.seqLen;
}

CropLayout ConversationDataset::layout(int64_t image) const {
  return cropLayout(imageSizes[static_cast<size_t>(image)], views);
}

/// Looks at the headers of a sample's pictures. Throws Error where one is bad.
ConversationDataset::Sample ConversationDataset::measured(int64_t number) {
  Sample sample{.number = number, .length = static_cast<int64_t>(file.ids(number).size())};
  for (int64_t image = file.firstImage(number); image < file.firstImage(number + 1); ++image) {
    const MappedFile picture(file.imagePath(image));
    imageSizes[static_cast<size_t>(image)] =
        readImageSize(picture.bytes(), picture.path().string(), options.max_pixels);
    sample.length += imageTokenCount(layout(image), limits.images) - 1; // 1: its placeholder
    sample.crops += layout(image).crops();
    ++sample.images;
  }
  return sample;
}

void ConversationDataset::measure() {
  const int64_t longest = options.overlong == Overlong::drop ? std::numeric_limits<int64_t>::max()
                          : options.overlong == Overlong::extend ? limits.seqLen
                                                                 : packLength();
  bool predicts = false;
  for (int64_t number = 0; number < file.samples(); ++number)
    try {
      const Sample sample = measured(number);
      if (sample.length > longest)
        throw Error("has " + std::to_string(sample.length) + " tokens, " + std::to_string(longest) +
                    " fit");
      samples.push_back(sample);
      std::span<const uint8_t> mask = file.mask(number);
      predicts = predicts || std::find(mask.begin() + !mask.empty(), mask.end(), 1) != mask.end();
    } catch (const Error &error) {
      bad.report(number, file.origin(number) + ": " + error.what());
    }
  if (!predicts)
    throw Error(file.path().string() + ": no sample that can be used has a token to predict" +
                (bad.count() > 0 ? "; " + std::to_string(bad.count()) + " are bad" : ""));
}

void ConversationDataset::pack() {
  std::vector<int64_t> lengths;
  for (const Sample &sample : samples)
    lengths.push_back(sample.length);
  packing = packSamples(lengths, packLength(), options.overlong.value_or(Overlong::drop));
  if (packing.packs.empty())
    throw Error(file.path().string() + ": all " + std::to_string(packing.dropped) +
                " samples are longer than " + std::to_string(packLength()) + " tokens");
  for (const Pack &pack : packing.packs)
    checkRoom(pack);
  order.emplace(static_cast<int64_t>(packing.packs.size()));
}

/// A row that no micro-batch can hold.
void ConversationDataset::checkRoom(const Pack &pack) const {
  int64_t images = 0, crops = 0;
  for (int64_t i = pack.first; i < pack.first + pack.count; ++i) {
    images += samples[static_cast<size_t>(i)].images;
    crops += samples[static_cast<size_t>(i)].crops;
  }
  auto require = [&](int64_t count, int64_t room, const char *what, const char *option) {
    if (count > room)
      throw Error(file.origin(samples[static_cast<size_t>(pack.first)].number) + ": the row of " +
                  std::to_string(pack.count) + " samples from here on has " +
                  std::to_string(count) + " " + what + ", the plan has room for " +
                  std::to_string(room) + ": compile it with a larger " + option);
  };
  require(images, limits.images.images, "pictures", "--images");
  require(crops, limits.images.crops, "crops", "--crops");
}

/// The pixels of a sample's pictures. Throws Error where they are damaged.
ImageBatch ConversationDataset::decoded(const Sample &sample) const {
  ImageBatch images;
  const int64_t first = file.firstImage(sample.number);
  for (int64_t number = first; number < first + sample.images; ++number) {
    const MappedFile picture(file.imagePath(number));
    const Image image = decodeImage(picture.bytes(), picture.path().string(), options.max_pixels);
    if (image.size != imageSizes[static_cast<size_t>(number)])
      throw Error(picture.path().string() + ": has another size than when the run began");
    const CropLayout cuts = layout(number);
    const size_t view = images.pixels.size(), crops = images.cropPixels.size();
    images.crops.push_back(cuts.crops());
    images.pixels.resize(view + static_cast<size_t>(3 * views.view * views.view));
    images.cropPixels.resize(crops +
                             static_cast<size_t>(cuts.crops() * 3 * views.crop * views.crop));
    writeViews(image, cuts, views, options.preprocess, std::span(images.pixels).subspan(view),
               std::span(images.cropPixels).subspan(crops));
  }
  return images;
}

/// Writes a sample's tokens as a document that begins at place `begin` of the row.
void ConversationDataset::copySample(const Sample &sample, TokenRows &rows, int64_t row,
                                     int64_t begin) const {
  std::vector<int32_t> ids;
  std::vector<float> mask;
  int64_t image = file.firstImage(sample.number);
  std::span<const int32_t> written = file.ids(sample.number);
  for (size_t i = 0; i < written.size(); ++i)
    if (sample.images > 0 && written[i] == file.imageTokens().feature) {
      appendImageTokens(layout(image++), limits.images, file.imageTokens(), ids);
      mask.resize(ids.size(), 0.0f);
    } else {
      ids.push_back(written[i]);
      mask.push_back(file.mask(sample.number)[i]);
    }
  assert(static_cast<int64_t>(ids.size()) == sample.length);
  if (!mask.empty())
    mask.front() = 0;
  const int64_t place = row * rows.seqLen + begin;
  std::copy(ids.begin(), ids.end(), rows.ids.begin() + place);
  std::copy(mask.begin(), mask.end(), rows.mask.begin() + place);
  std::fill_n(rows.documentStart.begin() + place, sample.length, static_cast<int32_t>(begin));
}

void ConversationDataset::copyRow(int64_t index, Batch &batch, int64_t row) {
  const Pack &pack = packing.packs[static_cast<size_t>(index)];
  TokenRows &rows = batch.tokens;
  int64_t filled = 0;
  for (int64_t i = pack.first; i < pack.first + pack.count; ++i) {
    const Sample &sample = samples[static_cast<size_t>(i)];
    try {
      batch.images.append(decoded(sample));
    } catch (const Error &error) {
      bad.report(sample.number, file.origin(sample.number) + ": " + error.what());
      continue;
    }
    copySample(sample, rows, row, filled);
    filled += sample.length;
  }
  const int64_t place = row * rows.seqLen + filled, rest = rows.seqLen - filled;
  std::fill_n(rows.ids.begin() + place, rest, 0);
  std::fill_n(rows.mask.begin() + place, rest, 0.0f);
  std::fill_n(rows.documentStart.begin() + place, rest, static_cast<int32_t>(filled));
}

void ConversationDataset::trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) {
  copyRow(order->trainingRow(seed, sample), batch, row);
}

void ConversationDataset::heldOutRow(int64_t index, Batch &batch, int64_t row) {
  copyRow(order->heldOutRow(index), batch, row);
}

std::string ConversationDataset::description() const {
  std::string text = file.path().string() + ": " + std::to_string(file.samples()) +
                     " samples with " + std::to_string(file.images()) + " pictures in " +
                     order->description();
  if (packing.dropped > 0)
    text += "; " + std::to_string(packing.dropped) + " samples longer than " +
            std::to_string(packLength()) + " tokens dropped";
  return text;
}

std::string ConversationDataset::sha256() const {
  return sha256Hex(MappedFile(file.path()).bytes());
}

} // namespace step37
