// Conversations that tools/pack_conversations.py has tokenised: one safetensors file, mapped, every
// field checked. What rows are made of it is ConversationDataset.h.
//
// Metadata: "format" = "step37-conversations-1"; "source", the name of the JSONL file. Tensors, for
// n samples, T tokens and m pictures:
//   tokens              I32 [T]      ids; one <im_patch> stands for a picture, whatever its size
//   loss_mask           U8 [T]       1: the prediction of this token counts
//   sample_tokens       I64 [n + 1]  sample i has tokens sample_tokens[i] … sample_tokens[i + 1] −
//   1 sample_lines        I64 [n]      the line of the JSONL file that sample i comes from, from 1
//   sample_images       I64 [n + 1]  sample i has pictures sample_images[i] … sample_images[i + 1]
//   − 1 image_paths         U8 [P]       their paths, UTF-8, without anything between them;
//   relative
//                                    ones start at the directory of this file
//   image_path_offsets  I64 [m + 1]  of picture j: bytes image_path_offsets[j] …, likewise
//   image_tokens        I32 [6]      <im_patch>, <im_start>, <im_end>, <patch_start>, <patch_end>,
//                                    <patch_newline>; −1 where the tokenizer has no such token
#pragma once

#include "runtime/base/Safetensors.h"
#include "runtime/data/ImagePrompt.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace step37 {

class ConversationFile {
public:
  /// True for a file that says that it is one.
  static bool matches(const safetensors::File &file);

  /// Throws Error naming file, tensor and what is wrong with it; ids are below `vocab`, and a
  /// sample has a <im_patch> for each of its pictures.
  ConversationFile(safetensors::File file, int64_t vocab);

  const std::filesystem::path &path() const { return file.path(); }
  int64_t samples() const { return static_cast<int64_t>(lines.size()); }
  int64_t images() const { return static_cast<int64_t>(pathOffsets.size()) - 1; }
  const ImageTokens &imageTokens() const { return specialTokens; }

  std::span<const int32_t> ids(int64_t sample) const { return slice(tokens, tokenOffsets, sample); }
  std::span<const uint8_t> mask(int64_t sample) const {
    return slice(lossMask, tokenOffsets, sample);
  }

  /// Pictures of a sample are numbers firstImage(sample) … firstImage(sample + 1) − 1.
  int64_t firstImage(int64_t sample) const { return imageOffsets[static_cast<size_t>(sample)]; }

  /// As it was written.
  std::string imageName(int64_t image) const;
  /// Where it lies.
  std::filesystem::path imagePath(int64_t image) const;

  /// "captions.jsonl:17", for messages.
  std::string origin(int64_t sample) const;

private:
  template <class T>
  static std::span<const T> slice(std::span<const T> values, std::span<const int64_t> offsets,
                                  int64_t index) {
    const auto from = static_cast<size_t>(offsets[static_cast<size_t>(index)]);
    return values.subspan(from,
                          static_cast<size_t>(offsets[static_cast<size_t>(index) + 1]) - from);
  }
  template <class T> std::span<const T> tensor(const char *name, const char *dtype) const;
  [[noreturn]] void fail(const char *name, const std::string &message) const;
  void checkOffsets(const char *name, std::span<const int64_t> offsets, size_t count,
                    size_t end) const;
  void checkTokens(int64_t vocab) const;
  void checkImageTokens(int64_t vocab) const;
  void checkPictures() const;

  safetensors::File file;
  std::string source;
  std::span<const int32_t> tokens;
  std::span<const uint8_t> lossMask, paths;
  std::span<const int64_t> tokenOffsets, lines, imageOffsets, pathOffsets;
  ImageTokens specialTokens;
};

} // namespace step37
