// Rows of token ids from a safetensors file as data: every epoch sees each row once, in an order of
// its own.
#pragma once

#include "runtime/train/Dataset.h"

#include <vector>

namespace step37 {

class RowDataset final : public Dataset {
public:
  RowDataset(const std::filesystem::path &path, const TokenLimits &limits);

  void trainingRow(uint64_t seed, int64_t sample, TokenRows &batch, int64_t row) override;
  int64_t heldOutRows() const override { return data.rows - firstHeldOut; }
  void heldOutRow(int64_t index, TokenRows &batch, int64_t row) const override;
  std::string description() const override;
  std::string sha256() const override;

private:
  void shuffle(uint64_t seed, int64_t epoch);

  std::filesystem::path path;
  TokenRows data;
  int64_t trainingRows, firstHeldOut;
  std::vector<int64_t> order; // of the training rows in `orderEpoch` of `orderSeed`
  int64_t orderEpoch = -1;
  uint64_t orderSeed = 0;
};

} // namespace step37
