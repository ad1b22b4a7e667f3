// Plan files: eight bytes of little-endian header length, a JSON header, then 64-byte aligned
// blobs. Every byte is covered: the header starts with {"sha256":"<64 hex digits>", the SHA-256 of
// the header with those digits as zeros; blobs carry their own hash; padding is zero; the size is
// exact.
#pragma once

#include "runtime/plan/Plan.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace step37::plan {

/// The file's bytes. The same plan gives the same bytes.
std::string serialize(const Plan &plan);

/// Reads and checks every field: types, indices, offsets and lengths inside the arena, argument
/// offsets inside their buffers, hashes. (That a kernel's extents fit is checked by the executor,
/// which knows its spec.) Throws Error: "<origin>: <field path>: what is wrong".
Plan deserialize(std::string_view bytes, const std::string &origin);

/// serialize to a temporary name beside `path`, sync, rename. Throws Error and leaves nothing
/// behind.
void save(const Plan &plan, const std::filesystem::path &path);

/// Maps the file and deserializes it.
Plan load(const std::filesystem::path &path);

} // namespace step37::plan
