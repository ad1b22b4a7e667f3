// Where a link in a directory of weights may lead: inside the directory, or, for a snapshot in the
// Hub's cache, to the blobs beside it.
#pragma once

#include <filesystem>

namespace step37 {

/// `target` exists; both are resolved through links first.
bool isContained(const std::filesystem::path &directory, const std::filesystem::path &target);

} // namespace step37
