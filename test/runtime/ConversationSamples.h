// Conversation files for tests: written field by field, so that each can be made wrong.
#pragma once

#include "runtime/data/ConversationDataset.h"
#include "test/runtime/TrainSupport.h"

#include <cstdint>
#include <string>
#include <vector>

namespace step37::test {

/// Ids of the special tokens in these files; text is below 100.
inline constexpr int32_t feature = 100, viewBegin = 101, viewEnd = 102, cropBegin = 103,
                         cropEnd = 104, newline = 105;

struct ConversationFields {
  std::string format = "step37-conversations-1", source = "talk.jsonl";
  std::vector<int32_t> tokens;
  std::vector<uint8_t> mask;
  std::vector<int64_t> sampleTokens{0}, lines, sampleImages{0}, pathOffsets{0};
  std::string paths;
  std::vector<int32_t> imageTokens{feature, viewBegin, viewEnd, cropBegin, cropEnd, newline};
  DType maskType = DType::u8;

  /// Appends a sample. `answer` tokens at its end count.
  ConversationFields &add(const std::vector<int32_t> &ids, int64_t answer,
                          const std::vector<std::string> &images = {}) {
    tokens.insert(tokens.end(), ids.begin(), ids.end());
    mask.resize(tokens.size(), 0);
    std::fill(mask.end() - answer, mask.end(), uint8_t{1});
    sampleTokens.push_back(static_cast<int64_t>(tokens.size()));
    lines.push_back(static_cast<int64_t>(lines.size()) + 1);
    for (const std::string &path : images) {
      paths += path;
      pathOffsets.push_back(static_cast<int64_t>(paths.size()));
    }
    sampleImages.push_back(static_cast<int64_t>(pathOffsets.size()) - 1);
    return *this;
  }

  /// A sample of `length` text tokens, all equal to `token`.
  ConversationFields &addText(int64_t length, int32_t token) {
    return add(std::vector<int32_t>(static_cast<size_t>(length), token), 1);
  }

  void write(const fs::path &path) const {
    std::vector<safetensors::TensorSpec> specs;
    auto size = [](const auto &values) { return static_cast<int64_t>(values.size()); };
    auto spec = [&](const char *name, DType type, const auto &values) {
      specs.push_back({name, type, {size(values)}});
    };
    spec("sample_tokens", DType::i64, sampleTokens);
    spec("sample_lines", DType::i64, lines);
    spec("sample_images", DType::i64, sampleImages);
    spec("image_path_offsets", DType::i64, pathOffsets);
    spec("tokens", DType::i32, tokens);
    spec("image_tokens", DType::i32, imageTokens);
    spec("loss_mask", maskType, mask);
    spec("image_paths", DType::u8, paths);
    safetensors::Writer writer(path, specs, safetensors::Order::given,
                               {{"format", format}, {"source", source}});
    auto write = [&](const char *name, const auto &values) {
      writer.write(name, std::as_bytes(std::span(values)));
    };
    write("sample_tokens", sampleTokens);
    write("sample_lines", lines);
    write("sample_images", sampleImages);
    write("image_path_offsets", pathOffsets);
    write("tokens", tokens);
    write("image_tokens", imageTokens);
    write("loss_mask", mask);
    write("image_paths", paths);
    writer.commit();
  }
};

/// A plan's limits: views of 26 pixels become 4 tokens, crops of 18 one.
inline DataLimits conversationLimits(int64_t seqLen, int64_t images = 8, int64_t crops = 32) {
  DataLimits limits;
  limits.seqLen = seqLen;
  limits.vocab = 110;
  limits.images = {.images = images,
                   .crops = crops,
                   .channels = 3,
                   .image_size = 26,
                   .crop_size = 18,
                   .image_tokens = 4,
                   .crop_tokens = 1,
                   .image_token = feature};
  return limits;
}

} // namespace step37::test
