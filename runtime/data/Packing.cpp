// One walk over the lengths; see Packing.h.
#include "runtime/data/Packing.h"

namespace step37 {

Packing packSamples(std::span<const int64_t> lengths, int64_t maxLength, Overlong overlong) {
  Packing result;
  Pack open;
  int64_t total = 0;
  auto close = [&](int64_t next) {
    if (open.count > 0)
      result.packs.push_back(open);
    open = {next, 0};
    total = 0;
  };
  for (int64_t i = 0; i < static_cast<int64_t>(lengths.size()); ++i) {
    const int64_t length = lengths[static_cast<size_t>(i)];
    if (length > maxLength && overlong == Overlong::drop) {
      close(i + 1);
      ++result.dropped;
      continue;
    }
    if (total + length > maxLength)
      close(i);
    ++open.count;
    total += length;
  }
  close(static_cast<int64_t>(lengths.size()));
  return result;
}

} // namespace step37
