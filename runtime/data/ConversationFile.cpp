// Checks; see ConversationFile.h.
#include "runtime/data/ConversationFile.h"

#include "runtime/base/Error.h"
#include "runtime/plan/Names.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace step37 {

namespace {

constexpr const char *formatName = "step37-conversations-1";

std::string metadata(const safetensors::File &file, const char *key) {
  auto found = file.metadata().find(key);
  return found == file.metadata().end() ? std::string() : found->second;
}

} // namespace

bool ConversationFile::matches(const safetensors::File &file) {
  return metadata(file, "format") == formatName;
}

ConversationFile::ConversationFile(safetensors::File opened, int64_t vocab)
    : file(std::move(opened)), source(metadata(file, "source")) {
  if (source.empty())
    throw Error(path().string() + ": metadata: source: is missing");
  tokens = tensor<int32_t>("tokens", "I32");
  lossMask = tensor<uint8_t>(plan::names::lossMask, "U8");
  tokenOffsets = tensor<int64_t>("sample_tokens", "I64");
  lines = tensor<int64_t>("sample_lines", "I64");
  imageOffsets = tensor<int64_t>("sample_images", "I64");
  paths = tensor<uint8_t>("image_paths", "U8");
  pathOffsets = tensor<int64_t>("image_path_offsets", "I64");
  std::span<const int32_t> special = tensor<int32_t>("image_tokens", "I32");
  if (special.size() != 6)
    fail("image_tokens", "has " + std::to_string(special.size()) + " values, 6 are needed");
  specialTokens = {special[0], special[1], special[2], special[3], special[4], special[5]};
  if (lines.empty())
    fail("sample_lines", "there is no sample");
  if (pathOffsets.empty())
    fail("image_path_offsets", "is empty");
  checkOffsets("sample_tokens", tokenOffsets, lines.size(), tokens.size());
  checkOffsets("sample_images", imageOffsets, lines.size(), pathOffsets.size() - 1);
  checkOffsets("image_path_offsets", pathOffsets, pathOffsets.size() - 1, paths.size());
  if (auto line = std::find_if(lines.begin(), lines.end(), [](int64_t line) { return line < 1; });
      line != lines.end())
    fail("sample_lines", std::to_string(*line) + " is no line");
  checkTokens(vocab);
  checkImageTokens(vocab);
  checkPictures();
}

void ConversationFile::fail(const char *name, const std::string &message) const {
  throw Error(path().string() + ": " + name + ": " + message);
}

/// The elements where they are mapped.
template <class T>
std::span<const T> ConversationFile::tensor(const char *name, const char *dtype) const {
  const safetensors::Tensor &found = file.at(name);
  if (found.dtype != dtype)
    fail(name, "is " + found.dtype + ", " + dtype + " is needed");
  if (found.shape.size() != 1)
    fail(name, "has rank " + std::to_string(found.shape.size()) + ", not 1");
  if (found.offset % static_cast<int64_t>(sizeof(T)) != 0)
    fail(name, "is not aligned to its elements");
  const std::byte *bytes = file.bytes(found).data();
  return {reinterpret_cast<const T *>(bytes), static_cast<size_t>(found.shape[0])};
}

/// `offsets` cut `end` things into `count` consecutive ranges.
void ConversationFile::checkOffsets(const char *name, std::span<const int64_t> offsets,
                                    size_t count, size_t end) const {
  if (offsets.size() != count + 1)
    fail(name, "has " + std::to_string(offsets.size()) + " values, " + std::to_string(count + 1) +
                   " are needed");
  if (offsets.front() != 0 || offsets.back() != static_cast<int64_t>(end))
    fail(name, "goes from " + std::to_string(offsets.front()) + " to " +
                   std::to_string(offsets.back()) + ", not from 0 to " + std::to_string(end));
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    if (offsets[i] > offsets[i + 1])
      fail(name, "value " + std::to_string(i + 1) + " is below the one before it");
}

void ConversationFile::checkTokens(int64_t vocab) const {
  if (lossMask.size() != tokens.size())
    fail(plan::names::lossMask, "has " + std::to_string(lossMask.size()) + " values, tokens has " +
                                    std::to_string(tokens.size()));
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocab)
      fail("tokens", "value " + std::to_string(i) + ": " + std::to_string(tokens[i]) +
                         " is no token id: the vocabulary has " + std::to_string(vocab));
    if (lossMask[i] > 1)
      fail(plan::names::lossMask, "value " + std::to_string(i) + " is neither 0 nor 1");
  }
}

void ConversationFile::checkImageTokens(int64_t vocab) const {
  const int32_t lowest = images() > 0 ? 0 : -1;
  for (int32_t token : {specialTokens.feature, specialTokens.viewBegin, specialTokens.viewEnd,
                        specialTokens.cropBegin, specialTokens.cropEnd, specialTokens.newline})
    if (token < lowest || token >= vocab)
      fail("image_tokens", std::to_string(token) + " is no token id: the vocabulary has " +
                               std::to_string(vocab) + ", and there are " +
                               std::to_string(images()) + " pictures");
}

void ConversationFile::checkPictures() const {
  for (int64_t sample = 0; sample < samples(); ++sample) {
    std::span<const int32_t> ofSample = ids(sample);
    const int64_t placeholders =
        specialTokens.feature < 0
            ? 0
            : std::count(ofSample.begin(), ofSample.end(), specialTokens.feature);
    const int64_t pictures = firstImage(sample + 1) - firstImage(sample);
    if (placeholders != pictures)
      throw Error(path().string() + ": " + origin(sample) + ": has " + std::to_string(pictures) +
                  " images and " + std::to_string(placeholders) + " placeholders");
  }
}

std::string ConversationFile::imageName(int64_t image) const {
  std::span<const uint8_t> bytes = slice(paths, pathOffsets, image);
  return {bytes.begin(), bytes.end()};
}

std::filesystem::path ConversationFile::imagePath(int64_t image) const {
  return path().parent_path() / imageName(image);
}

std::string ConversationFile::origin(int64_t sample) const {
  return source + ":" + std::to_string(lines[static_cast<size_t>(sample)]);
}

} // namespace step37
