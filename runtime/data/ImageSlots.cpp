#include "runtime/data/ImageSlots.h"

#include "runtime/base/Error.h"

#include <algorithm>
#include <string>

namespace step37 {

namespace {

/// A crop or a global view, and the tokens of the batch that its first features stand at.
struct Placement {
  bool crop;
  int64_t index; // over the batch
  std::vector<int64_t> tokens;
};

std::string counted(int64_t count, const char *what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string describe(const plan::ImageInputs &inputs, const ImageBatch &images) {
  return counted(images.images(), "image") + " of " + std::to_string(inputs.image_tokens) +
         " features and " + counted(images.cropCount(), "crop") + " of " +
         std::to_string(inputs.crop_tokens);
}

[[noreturn]] void mismatch(const std::string &found, const plan::ImageInputs &inputs,
                           const ImageBatch &images) {
  throw Error("input_ids: " + found + ", but the batch has " + describe(inputs, images) +
              " (--set image_mismatch=truncate of step37c compile cuts what does not match)");
}

std::vector<int64_t> positionsOf(const TokenRows &tokens, int64_t id) {
  std::vector<int64_t> positions;
  for (size_t i = 0; i < tokens.ids.size(); ++i)
    if (tokens.ids[i] == id)
      positions.push_back(static_cast<int64_t>(i));
  return positions;
}

/// Every image token takes the next feature.
std::vector<Placement> placeInOrder(const plan::ImageInputs &inputs, const TokenRows &tokens,
                                    const ImageBatch &images) {
  const std::vector<int64_t> positions = positionsOf(tokens, inputs.image_token);
  const int64_t features =
      images.images() * inputs.image_tokens + images.cropCount() * inputs.crop_tokens;
  if (std::ssize(positions) != features && !inputs.truncate)
    mismatch(counted(std::ssize(positions), "image token") + " (id " +
                 std::to_string(inputs.image_token) + ")",
             inputs, images);
  std::vector<Placement> placements;
  auto next = positions.begin();
  auto place = [&](bool crop, int64_t index) {
    const int64_t count = std::min(crop ? inputs.crop_tokens : inputs.image_tokens,
                                   static_cast<int64_t>(positions.end() - next));
    placements.push_back({crop, index, {next, next + count}});
    next += count;
  };
  int64_t crop = 0;
  for (int64_t image = 0; image < images.images(); ++image) {
    for (int64_t i = 0; i < images.crops[static_cast<size_t>(image)]; ++i)
      place(true, crop++);
    place(false, image);
  }
  return placements;
}

/// The features of each crop, then of each image, behind its start token, up to the row's end.
std::vector<Placement> placeBehindStarts(const plan::ImageInputs &inputs, const TokenRows &tokens,
                                         const ImageBatch &images) {
  std::vector<Placement> placements;
  auto placeAll = [&](bool crop, int64_t startId, int64_t count, int64_t features) {
    const std::vector<int64_t> starts = positionsOf(tokens, startId);
    if (std::ssize(starts) != count && !inputs.truncate)
      mismatch(counted(std::ssize(starts), crop ? "patch start" : "image start") + " (id " +
                   std::to_string(startId) + ")",
               inputs, images);
    for (int64_t i = 0; i < std::min(count, static_cast<int64_t>(std::ssize(starts))); ++i) {
      const int64_t first = starts[static_cast<size_t>(i)] + 1;
      const int64_t rowEnd = (first - 1) / tokens.seqLen * tokens.seqLen + tokens.seqLen;
      if (rowEnd - first < features && !inputs.truncate)
        mismatch("row " + std::to_string((first - 1) / tokens.seqLen) + " ends " +
                     counted(rowEnd - first, "token") + " behind a start token",
                 inputs, images);
      Placement placement{crop, i, {}};
      for (int64_t token = first; token < std::min(first + features, rowEnd); ++token)
        placement.tokens.push_back(token);
      placements.push_back(std::move(placement));
    }
  };
  placeAll(true, inputs.patch_start, images.cropCount(), inputs.crop_tokens);
  placeAll(false, inputs.image_start, images.images(), inputs.image_tokens);
  return placements;
}

/// "the micro-batch", where there are several with its rows.
std::string microBatchName(const plan::Plan &plan, int64_t number, size_t count) {
  if (count == 1)
    return "the micro-batch";
  const int64_t first = number * plan.micro_batch, last = first + plan.micro_batch - 1;
  return "the micro-batch of data-parallel rank " + std::to_string(number) +
         (first == last ? " (row " + std::to_string(first)
                        : " (rows " + std::to_string(first) + " to " + std::to_string(last)) +
         " of the batch)";
}

/// Puts a placement into the next slot of its rank.
void assign(const plan::Plan &plan, const Placement &placement, std::vector<RankImages> &ranks) {
  const plan::ImageInputs &inputs = plan.images;
  const int64_t rankTokens = plan.micro_batch * plan.seq_len;
  if (placement.tokens.empty())
    return; // truncated away
  const int64_t number = placement.tokens.front() / rankTokens;
  const char *what = placement.crop ? "crop" : "image";
  if (placement.tokens.back() / rankTokens != number)
    throw Error("input_ids: the tokens of " + std::string(what) + " " +
                std::to_string(placement.index) + " lie in rows of two ranks");
  RankImages &rank = ranks[static_cast<size_t>(number)];
  std::vector<int64_t> &slots = placement.crop ? rank.crops : rank.images;
  const int64_t slot = std::ssize(slots), most = placement.crop ? inputs.crops : inputs.images;
  slots.push_back(placement.index);
  if (slot >= most)
    throw Error(microBatchName(plan, number, ranks.size()) + " has more than " +
                counted(most, what) +
                (placement.crop ? ", the plan's --crops" : ", the plan's --images") +
                " of step37c compile");
  int64_t feature = placement.crop ? inputs.images * inputs.image_tokens + slot * inputs.crop_tokens
                                   : slot * inputs.image_tokens;
  for (int64_t token : placement.tokens) {
    int32_t &place = rank.featureOfToken[static_cast<size_t>(token % rankTokens)];
    if (place >= 0) // a later feature takes the token of an earlier one
      rank.tokenOfFeature[static_cast<size_t>(place)] = -1;
    place = static_cast<int32_t>(feature);
    rank.tokenOfFeature[static_cast<size_t>(feature++)] = static_cast<int32_t>(token % rankTokens);
  }
}

} // namespace

std::vector<RankImages> placeImages(const plan::Plan &plan, const TokenRows &tokens,
                                    const ImageBatch &images) {
  const plan::ImageInputs &inputs = plan.images;
  const auto features = static_cast<size_t>(inputs.features());
  const auto rankTokens = static_cast<size_t>(plan.micro_batch * plan.seq_len);
  std::vector<RankImages> ranks(static_cast<size_t>(tokens.rows / plan.micro_batch));
  for (RankImages &rank : ranks) {
    rank.featureOfToken.assign(rankTokens, -1);
    rank.tokenOfFeature.assign(features, -1);
  }
  const bool behindStarts = inputs.image_start >= 0;
  for (const Placement &placement : behindStarts ? placeBehindStarts(inputs, tokens, images)
                                                 : placeInOrder(inputs, tokens, images))
    assign(plan, placement, ranks);
  return ranks;
}

RankImages placesAhead(const RankImages &rank, const TokenRows &tokens, int64_t number,
                       int64_t ahead) {
  RankImages shifted = rank;
  const auto count = static_cast<int64_t>(rank.featureOfToken.size());
  const int32_t *documentStart = tokens.documentStart.data() + number * count;
  std::fill(shifted.featureOfToken.begin(), shifted.featureOfToken.end(), -1);
  std::fill(shifted.tokenOfFeature.begin(), shifted.tokenOfFeature.end(), -1);
  for (int64_t token = ahead; token < count; ++token) {
    const int64_t position = token % tokens.seqLen;
    const int32_t feature = rank.featureOfToken[static_cast<size_t>(token)];
    if (feature < 0 || position < ahead || (ahead > 1 && documentStart[token] > position - ahead))
      continue;
    shifted.featureOfToken[static_cast<size_t>(token - ahead)] = feature;
    shifted.tokenOfFeature[static_cast<size_t>(feature)] = static_cast<int32_t>(token - ahead);
  }
  return shifted;
}

} // namespace step37
