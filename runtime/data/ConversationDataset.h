// Tokenised conversations with pictures as data: every picture is measured when the data is opened,
// its placeholder becomes the tokens that its crops need, samples are packed into rows of the
// plan's length, and pictures are decoded and cut when their row is drawn.
#pragma once

#include "runtime/data/BadSamples.h"
#include "runtime/data/ConversationFile.h"
#include "runtime/data/ConversationOptions.h"
#include "runtime/data/Dataset.h"
#include "runtime/data/Packing.h"
#include "runtime/data/RowOrder.h"

#include <optional>
#include <vector>

namespace step37 {

/// A sample of n tokens takes n places in a row, since the plan takes its labels from the row
/// itself, one place on. Its first token is not predicted, nor is the rest of a row that no sample
/// fills: token 0, a document of its own.
///
/// A sample is bad if a picture is missing, empty, broken, of another kind or too large, or if it
/// is too long. What a picture's header shows is found when the data is opened, damaged pixels when
/// a row is drawn; that row is then without the sample.
class ConversationDataset final : public Dataset {
public:
  /// Throws Error also where a row would need more pictures or crops than the plan has room for,
  /// and where no sample is left or none has a token to predict.
  ConversationDataset(safetensors::File file, const DataLimits &limits,
                      const ConversationOptions &options);

  void trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) override;
  int64_t heldOutRows() const override { return order->heldOutRows(); }
  void heldOutRow(int64_t index, Batch &batch, int64_t row) override;
  std::string description() const override;
  std::string sha256() const override;
  BadSamples *badSamples() override { return &bad; }

private:
  /// One that can be used.
  struct Sample {
    int64_t number = 0;            // in the file
    int64_t length = 0;            // in tokens, those of pictures included
    int64_t images = 0, crops = 0; // how many
  };

  void requirePictures() const;
  int64_t packLength() const;
  Sample measured(int64_t number);
  void measure();
  void pack();
  void checkRoom(const Pack &pack) const;
  CropLayout layout(int64_t image) const;
  void copyRow(int64_t index, Batch &batch, int64_t row);
  void copySample(const Sample &sample, TokenRows &rows, int64_t row, int64_t begin) const;
  ImageBatch decoded(const Sample &sample) const;

  ConversationFile file;
  DataLimits limits;
  ConversationOptions options;
  ViewSizes views; // of the plan
  BadSamples bad;
  std::vector<ImageSize> imageSizes; // of all pictures; unset for those of bad samples
  std::vector<Sample> samples;
  Packing packing; // of `samples`
  std::optional<RowOrder> order;
};

} // namespace step37
