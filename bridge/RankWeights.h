// A rank checkpoint (RankManifest.h) as a WeightSource: published tensors put together from the
// ranks' slices, with the hash of every block that is read checked.
#pragma once

#include "bridge/RankFile.h"
#include "bridge/RankManifest.h"
#include "bridge/WeightSource.h"

namespace step37 {

class RankWeights final : public WeightSource {
public:
  /// Opens what ranks are there. Throws Error naming the file or field that is wrong.
  explicit RankWeights(std::filesystem::path path);

  const std::filesystem::path &path() const override { return directory; }

  /// Throws Error, too, where a rank that has some of the tensor is not there.
  std::unique_ptr<TensorSource> open(const std::string &name,
                                     const std::vector<int64_t> &shape) const override;
  std::vector<ListedTensor> list() const override;
  std::unique_ptr<TensorSource> openStored(const ListedTensor &tensor) const override {
    return open(tensor.name, tensor.shape);
  }
  std::vector<ListedTensor>
  beside(const std::set<std::string, std::less<>> &published) const override;
  std::filesystem::path companions() const override { return publishedFolder(directory); }

private:
  std::filesystem::path directory;
  RankManifest manifest;
  TensorMap map;
  std::vector<std::unique_ptr<RankFile>> files;
  std::vector<std::vector<RankPiece>> pieces; // of each tensor of the map, no element twice
};

} // namespace step37
