// Which kind of data a path is; the kinds are TextDataset and RowDataset.
#include "runtime/train/Dataset.h"

#include "runtime/file/Error.h"
#include "runtime/train/RowDataset.h"
#include "runtime/train/TextDataset.h"

namespace step37 {

std::unique_ptr<Dataset> Dataset::open(const std::filesystem::path &path,
                                       std::string_view builtInText, const TokenLimits &limits) {
  if (limits.seqLen < 2)
    throw Error("the plan's rows have one token: there is no next token to train on");
  if (path.empty())
    return std::make_unique<TextDataset>(builtInText, "built-in text", limits);
  if (path.extension() == ".safetensors")
    return std::make_unique<RowDataset>(path, limits);
  return std::make_unique<TextDataset>(MappedFile(path), limits);
}

} // namespace step37
