// Tells the two forms apart; see WeightSource.h.
#include "bridge/WeightSource.h"

#include "bridge/HfWeights.h"
#include "bridge/RankWeights.h"
#include "runtime/base/AtomicDirectory.h"

namespace step37 {

std::unique_ptr<WeightSource> openWeights(const std::filesystem::path &directory) {
  recoverDirectory(directory);
  if (isRankCheckpoint(directory))
    return std::make_unique<RankWeights>(directory);
  return std::make_unique<HfWeights>(directory);
}

} // namespace step37
