// A directory of published weights as a WeightSource: experts stored one by one look like the
// stack, 8-bit tensors with block scales like bf16. Opening and checking the files is
// HfDirectory.h.
#pragma once

#include "bridge/HfDirectory.h"
#include "bridge/WeightSource.h"

namespace step37 {

class HfWeights final : public WeightSource {
public:
  /// Throws what HfDirectory throws.
  explicit HfWeights(std::filesystem::path path);

  const std::filesystem::path &path() const override { return directory.path(); }

  /// Accepts F32, F16, BF16, and F8_E4M3 with a `…_scale_inv` beside it, as which type() is bf16.
  std::unique_ptr<TensorSource> open(const std::string &name,
                                     const std::vector<int64_t> &shape) const override;

  std::vector<ListedTensor> list() const override;
  std::unique_ptr<TensorSource> openStored(const ListedTensor &tensor) const override;
  std::vector<ListedTensor>
  beside(const std::set<std::string, std::less<>> &published) const override;
  std::filesystem::path companions() const override { return directory.path(); }

private:
  std::vector<StoredTensor> findStored(const std::string &name,
                                       const std::vector<int64_t> &shape) const;

  /// The stack that this tensor is one expert of; empty for tensors that stand for themselves.
  std::string stackOf(std::string_view name) const;

  HfDirectory directory;
  std::map<std::string, std::set<int64_t>, std::less<>> experts; // those of each such stack
};

} // namespace step37
