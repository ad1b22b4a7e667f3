// Host twin of MergeRows (docs/model.md E.3): copies of rows by index.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <cstring>

namespace step37::host {

static void run(const spec::MergeRows &spec, HostContext &context,
                const Buffers<spec::MergeRows> &at) {
  const std::byte *x = at.x.data, *source = at.source.data;
  auto *index = at.index.as<const int32_t>();
  std::byte *out = at.out.data;
  int64_t rowBytes = spec.cols * byteSize(spec.type);
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t i = first; i < last; ++i) {
                   const std::byte *from = index[i] < 0 ? x : source;
                   int64_t row = index[i] < 0 ? i : index[i];
                   std::byte *to = out + i * rowBytes;
                   if (!from)
                     std::memset(to, 0, size_t(rowBytes));
                   else if (from + row * rowBytes != to) // in place, most rows stay where they are
                     std::memcpy(to, from + row * rowBytes, size_t(rowBytes));
                 }
               });
}

HostTwin<spec::MergeRows> twinOf(const spec::MergeRows &) { return {run}; }

} // namespace step37::host
