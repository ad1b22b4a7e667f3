// The files beside published weights that are no weights: config.json, tokenizer, chat template,
// licence. They go into a rank checkpoint and out of it unchanged.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace step37 {

/// Copies what is in `from` and its folders to `to`, except safetensors files and their index, and
/// names that begin with a dot. Returns what is left out: links to folders, and those that lead
/// nowhere or outside of `from` (or of the Hub's cache that it is in). Throws Error naming a file
/// that cannot be copied, or config.json where that is such a link.
std::vector<std::string> copyCompanions(const std::filesystem::path &from,
                                        const std::filesystem::path &to);

} // namespace step37
