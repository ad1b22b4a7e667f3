// Zeroed memory from the operating system, on large pages where it has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace step37::host {

class Arena {
public:
  /// Throws Error with the size where there is not as much memory.
  explicit Arena(int64_t bytes);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  std::byte *data() const { return memory; }

private:
  std::byte *memory = nullptr;
  size_t size;
};

} // namespace step37::host
