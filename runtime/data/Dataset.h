// What to train on and what is held out: a text, rows of ids, or conversations with pictures. What
// training sees at a sample is a function of the seed and the sample's number only, so that a
// resumed run goes on as if nothing had happened. Batches and their order on ranks are the
// trainer's.
#pragma once

#include "runtime/data/Batch.h"
#include "runtime/data/ConversationOptions.h"
#include "runtime/data/DataLimits.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace step37 {

class Dataset {
public:
  virtual ~Dataset() = default;

  /// Opens `path`: NAME.safetensors as conversations or as rows of ids, whichever it holds; any
  /// other file as a text whose bytes are tokens, but for NAME.jsonl, which is refused with the
  /// command that tokenises it. Without a path, `builtInText`. The last tenth of the text or of the
  /// rows is held out; fewer than ten rows serve as both. Throws Error where data is empty, too
  /// short, or has ids beyond the vocabulary.
  static std::unique_ptr<Dataset> open(const std::filesystem::path &path,
                                       std::string_view builtInText, const DataLimits &limits,
                                       const ConversationOptions &options = {});

  /// Writes the `sample`-th training row of `seed` to row `row` of `batch`, and appends its
  /// pictures.
  virtual void trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) = 0;

  /// Held-out rows, in the order of the data. They cover every held-out token once.
  virtual int64_t heldOutRows() const = 0;
  virtual void heldOutRow(int64_t index, Batch &batch, int64_t row) = 0;

  /// Samples that were left out so far; null for data that has no samples of their own.
  virtual BadSamples *badSamples() { return nullptr; }

  /// What it is, for the log: "text.txt: 400433 bytes, the last 40044 held out".
  virtual std::string description() const = 0;

  /// SHA-256 of the data, for checkpoints.
  virtual std::string sha256() const = 0;
};

} // namespace step37
