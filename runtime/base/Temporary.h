// What AtomicFile and AtomicDirectory share: the names of temporaries, the removal of those that
// killed processes left, and syncing. Not for other rooms.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace step37 {

/// `path` with ".tmp-" and `tag` appended to its last component.
std::filesystem::path temporaryName(const std::filesystem::path &path, std::string_view tag);

/// The same with this process' id.
std::filesystem::path temporaryName(const std::filesystem::path &path);

/// Removes the temporaries of `path` that belong to this process' id or to processes that no longer
/// run. Errors are ignored: what cannot be removed does not hinder writing.
void removeLeftovers(const std::filesystem::path &path);

/// Syncs a file or a directory to the device. Throws Error naming it.
void syncPath(const std::filesystem::path &path);

/// Syncs the directory that holds `path`, so that its name is on the device too.
void syncParent(const std::filesystem::path &path);

/// Throws Error: "<path>: <what>: <text of the error number>".
[[noreturn]] void throwSystemError(const std::filesystem::path &path, std::string_view what,
                                   int errorNumber);

} // namespace step37
