// Counting sort of indices by a small integer key: how tokens find their expert and gradients their
// row of the embedding.
#pragma once

#include <algorithm>
#include <cstdint>

namespace step37::host {

/// Lists 0 … count−1 in `order` by key[i] in [0, buckets), equal keys in index order. Bucket b is
/// order[begin[b]] … order[begin[b+1]−1]; `begin` has buckets+1 elements.
inline void sortByKey(const int32_t *key, int64_t count, int64_t buckets, int32_t *begin,
                      int32_t *order) {
  std::fill_n(begin, buckets + 1, 0);
  for (int64_t i = 0; i < count; ++i)
    ++begin[key[i]];
  for (int64_t b = 0; b < buckets;
       ++b) // to the end of each bucket, which filling moves to its begin
    begin[b + 1] += begin[b];
  for (int64_t i = count; i-- > 0;)
    order[--begin[key[i]]] = static_cast<int32_t>(i);
}

} // namespace step37::host
