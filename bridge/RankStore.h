// The buffers of all ranks of a mesh as the mover of weights sees them (PartMover.h). The runtime
// has them on devices and in several processes; a test has them in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace step37 {

class RankStore {
public:
  virtual ~RankStore() = default;

  virtual bool isHere(int rank) const = 0;

  /// Whether `collect` brings what it reads to this process, and it is the one that writes files.
  virtual bool isRoot() const = 0;

  /// Copies bytes into a buffer of a rank, if that is here.
  virtual void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) = 0;

  using Read = std::function<void(int rank, int buffer, int64_t offset, std::span<std::byte> to)>;

  /// Calls traverse(read), which calls `read` for every piece that is wanted, in the same order on
  /// all processes. In the last call of `traverse` on the root, and only in that, `read` has filled
  /// `to` when it returns; elsewhere `to` is left with anything.
  virtual void collect(const std::string &what,
                       const std::function<void(const Read &read)> &traverse) const = 0;
};

} // namespace step37
