// Counting sort of indices by a small integer key: how tokens find their expert and gradients their
// row of the embedding. Keys outside the buckets (another rank's) are left out.
#pragma once

#include <algorithm>
#include <cstdint>

namespace step37::host {

/// Calls place(i, position) for each i in [0, count) with key[i] in [0, buckets): its position in
/// the order by key, equal keys in index order. Bucket b has the positions begin[b] … begin[b+1]−1;
/// `begin` has buckets+1 elements.
template <class Place>
void sortByKey(const int32_t *key, int64_t count, int64_t buckets, int32_t *begin,
               const Place &place) {
  auto held = [&](int64_t i) { return key[i] >= 0 && key[i] < buckets; };
  std::fill_n(begin, buckets + 1, 0);
  for (int64_t i = 0; i < count; ++i)
    if (held(i))
      ++begin[key[i]];
  for (int64_t b = 0; b < buckets;
       ++b) // to the end of each bucket, which filling moves to its begin
    begin[b + 1] += begin[b];
  for (int64_t i = count; i-- > 0;)
    if (held(i))
      place(static_cast<int32_t>(i), --begin[key[i]]);
}

} // namespace step37::host
