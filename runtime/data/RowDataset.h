// Rows of token ids from a safetensors file as data, in the order of RowOrder.
#pragma once

#include "runtime/data/Dataset.h"
#include "runtime/data/RowOrder.h"

namespace step37 {

class RowDataset final : public Dataset {
public:
  RowDataset(const std::filesystem::path &path, const TokenLimits &limits);

  void trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) override;
  int64_t heldOutRows() const override { return order.heldOutRows(); }
  void heldOutRow(int64_t index, Batch &batch, int64_t row) override;
  std::string description() const override;
  std::string sha256() const override;

private:
  std::filesystem::path path;
  TokenRows data;
  RowOrder order;
};

} // namespace step37
