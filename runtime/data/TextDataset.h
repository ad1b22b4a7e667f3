// A text as data: every byte is a token, training rows are windows at random places.
#pragma once

#include "runtime/base/MappedFile.h"
#include "runtime/data/Dataset.h"

#include <optional>

namespace step37 {

class TextDataset final : public Dataset {
public:
  /// `text` outlives the dataset; `name` stands for it in messages.
  TextDataset(std::string_view text, std::string name, const TokenLimits &limits);
  TextDataset(MappedFile file, const TokenLimits &limits);

  void trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) override;
  int64_t heldOutRows() const override;
  void heldOutRow(int64_t index, Batch &batch, int64_t row) override;
  std::string description() const override;
  std::string sha256() const override;

private:
  void copyWindow(int64_t begin, int64_t length, TokenRows &rows, int64_t row) const;

  std::optional<MappedFile> file;
  std::string_view text;
  std::string name;
  int64_t seqLen;
  int64_t trainingTokens = 0, heldOutTokens = 0;
};

} // namespace step37
