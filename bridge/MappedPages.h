// Hints to the kernel about the pages of mapped files, which count as this process' memory while
// they are mapped in.
#pragma once

#include <cstddef>
#include <span>

namespace step37 {

/// Starts to read the bytes from the disk.
void prefetchPages(std::span<const std::byte> mapped);

/// Takes the pages out of this process' memory; touching them again brings them back.
void releasePages(std::span<const std::byte> mapped);

} // namespace step37
