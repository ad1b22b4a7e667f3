// Counting sort of indices by a small integer key: how tokens find their expert and gradients their
// row of the embedding. A key of −1 is in no bucket.
#pragma once

#include <algorithm>
#include <cstdint>

namespace step37::host {

/// Puts each index in [0, count) whose key is in [0, buckets) in its bucket, equal keys in index
/// order: calls place(index, position), positions from 0 on. Bucket b has the positions from
/// begin[b] to begin[b+1]; `begin` has buckets+1 elements.
template <class Place>
void placeByKey(const int32_t *key, int64_t count, int64_t buckets, int32_t *begin, Place place) {
  std::fill_n(begin, buckets + 1, 0);
  for (int64_t i = 0; i < count; ++i)
    if (key[i] >= 0)
      ++begin[key[i] + 1];
  for (int64_t b = 0; b < buckets; ++b)
    begin[b + 1] += begin[b];
  for (int64_t i = 0; i < count; ++i) // moves each bucket's begin to its end
    if (key[i] >= 0)
      place(i, begin[key[i]]++);
  std::copy_backward(begin, begin + buckets, begin + buckets + 1);
  begin[0] = 0;
}

/// Lists the indices in `order`: bucket b is order[begin[b]] … order[begin[b+1]−1].
inline void sortByKey(const int32_t *key, int64_t count, int64_t buckets, int32_t *begin,
                      int32_t *order) {
  placeByKey(key, count, buckets, begin, [&](int64_t index, int32_t position) {
    order[position] = static_cast<int32_t>(index);
  });
}

} // namespace step37::host
