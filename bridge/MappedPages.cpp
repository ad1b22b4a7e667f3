// Whole pages around the bytes; a hint that fails changes nothing.
#include "bridge/MappedPages.h"

#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace step37 {

namespace {

void advise(std::span<const std::byte> mapped, int advice) {
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(mapped.data());
  const uintptr_t first = begin / page * page;
  ::madvise(reinterpret_cast<void *>(first), begin + mapped.size() - first, advice);
}

} // namespace

void prefetchPages(std::span<const std::byte> mapped) { advise(mapped, MADV_WILLNEED); }

void releasePages(std::span<const std::byte> mapped) { advise(mapped, MADV_DONTNEED); }

} // namespace step37
