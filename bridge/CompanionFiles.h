// The files beside published weights that are no weights: config.json, tokenizer, chat template,
// licence. They go into a rank checkpoint and out of it unchanged.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace step37 {

/// Copies what is in `from` and its folders to `to`, except safetensors files and their index, and
/// names that begin with a dot. Returns the links that lead outside of `from` (or of the Hub's
/// cache that it is in), which are left out. Throws Error naming a file that cannot be copied.
std::vector<std::string> copyCompanions(const std::filesystem::path &from,
                                        const std::filesystem::path &to);

} // namespace step37
