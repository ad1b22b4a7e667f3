// Host twin of Collective: all ranks of a group live in this process, so that an exchange is a loop
// over their memory. Sums are taken in f32 in rank order and rounded once.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <cassert>
#include <cstring>

namespace step37::host {
namespace {

/// A group's buffers, by rank.
class Group {
public:
  Group(const spec::Collective &spec, GroupBuffers<spec::Collective> at)
      : ranks(spec.ranks), elements(spec.elements), type(spec.type), at(at) {
    assert(at.size() == size_t(ranks));
  }

  const std::byte *in(int64_t rank) const { return at[size_t(rank)].in.data; }
  std::byte *out(int64_t rank) const { return at[size_t(rank)].out.data; }

  /// to(r, s) becomes from(r, s), `elements` elements, for every pair of ranks.
  template <class To, class From> void copyPairs(ThreadPool &pool, To &&to, From &&from) const {
    pool.parallelFor(ranks * ranks, [&](int64_t pair) {
      int64_t r = pair / ranks, s = pair % ranks;
      std::memcpy(to(r, s), from(r, s), size_t(blockBytes()));
    });
  }

  /// `to` of all these ranks become the sum of block `block` of every rank's input.
  void sum(ThreadPool &pool, int64_t block, int64_t firstTo, int64_t lastTo) const {
    withType(type, [&](auto zero) {
      using T = decltype(zero);
      forEachBlock(pool, elements, rowsPerItem(1), [&](int64_t, int64_t first, int64_t last, int) {
        for (int64_t begin = first; begin < last; begin += columnChunk) {
          int64_t count = std::min(columnChunk, last - begin);
          float total[columnChunk] = {}, addend[columnChunk];
          for (int64_t r = 0; r < ranks; ++r) {
            loadRow(reinterpret_cast<const T *>(in(r)) + block * elements + begin, count, addend);
            for (int64_t i = 0; i < count; ++i)
              total[i] += addend[i];
          }
          for (int64_t r = firstTo; r < lastTo; ++r)
            storeRow(total, count, reinterpret_cast<T *>(out(r)) + begin);
        }
      });
    });
  }

  int64_t blockBytes() const { return elements * byteSize(type); }

  const int64_t ranks, elements;

private:
  DType type;
  GroupBuffers<spec::Collective> at;
};

} // namespace

static void run(const spec::Collective &spec, HostContext &context,
                const GroupBuffers<spec::Collective> &at) {
  Group group(spec, at);
  int64_t bytes = group.blockBytes();
  auto outBlock = [&](int64_t r, int64_t s) { return group.out(r) + s * bytes; };
  switch (spec.exchange) {
  case spec::Exchange::allGather:
    group.copyPairs(context.pool, outBlock, [&](int64_t, int64_t s) { return group.in(s); });
    break;
  case spec::Exchange::allToAll:
    group.copyPairs(context.pool, outBlock,
                    [&](int64_t r, int64_t s) { return group.in(s) + r * bytes; });
    break;
  case spec::Exchange::allReduce:
    group.sum(context.pool, 0, 0, group.ranks);
    break;
  case spec::Exchange::reduceScatter:
    for (int64_t r = 0; r < group.ranks; ++r)
      group.sum(context.pool, r, r, r + 1);
    break;
  }
}

HostTwin<spec::Collective> twinOf(const spec::Collective &) { return {run}; }

} // namespace step37::host
