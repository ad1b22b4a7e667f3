// Where links in a directory of weights may lead: of published weights inside the directory, or,
// for a snapshot in the Hub's cache, to the blobs beside it. A rank checkpoint has none.
#pragma once

#include <filesystem>

namespace step37 {

/// True where `folder` is `path` or one of its parents, by their components alone.
bool isWithin(const std::filesystem::path &folder, const std::filesystem::path &path);

/// `target` exists; both are resolved through links first.
bool isContained(const std::filesystem::path &directory, const std::filesystem::path &target);

/// Returns `path`. Throws Error where it is a link.
const std::filesystem::path &notALink(const std::filesystem::path &path);

} // namespace step37
