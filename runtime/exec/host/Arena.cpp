// See Arena.h.
#include "runtime/exec/host/Arena.h"

#include "runtime/base/Error.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace step37::host {

Arena::Arena(int64_t bytes) : size(size_t(std::max<int64_t>(bytes, 1))) {
  void *mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    throw Error("cannot allocate " + std::to_string(bytes) +
                " bytes of memory: " + std::strerror(errno));
  madvise(mapped, size, MADV_HUGEPAGE); // a wish: small pages do too
  memory = static_cast<std::byte *>(mapped);
}

Arena::~Arena() { munmap(memory, size); }

} // namespace step37::host
