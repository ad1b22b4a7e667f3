// What all programs share: what --version prints, and which message and exit code a failure
// becomes.
#pragma once

#include <functional>
#include <string>

namespace step37 {

/// "step37c 0.1.0 (1a2b3c4d5e6f)": the commit that the program was built from, with "-dirty" where
/// files had changed since, or "unknown".
std::string versionOf(const std::string &program);

/// The exit code of a program whose work is `work`: what it returns, or 1 after one line on stderr,
/// "<prefix>: …", where it throws.
int exitCodeOf(const char *prefix, const std::function<int()> &work);

} // namespace step37
