// Which kind of data a path is; the kinds are TextDataset, RowDataset and
// ConversationDataset.
#include "runtime/data/Dataset.h"

#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/data/ConversationDataset.h"
#include "runtime/data/RowDataset.h"
#include "runtime/data/TextDataset.h"

namespace step37 {

std::unique_ptr<Dataset> Dataset::open(const std::filesystem::path &path,
                                       std::string_view builtInText, const DataLimits &limits,
                                       const ConversationOptions &options) {
  if (limits.seqLen < 2)
    throw Error("the plan's rows have one token: there is no next token to train on");
  if (path.empty())
    return std::make_unique<TextDataset>(builtInText, "built-in text", limits);
  if (path.extension() == ".jsonl")
    throw Error(path.string() +
                ": conversations are tokenised ahead: tools/pack_conversations.py "
                "TOKENIZER " +
                path.string() + " -o " + path.stem().string() + ".safetensors");
  if (path.extension() != ".safetensors")
    return std::make_unique<TextDataset>(MappedFile(path), limits);
  safetensors::File file(path);
  if (ConversationFile::matches(file))
    return std::make_unique<ConversationDataset>(std::move(file), limits, options);
  return std::make_unique<RowDataset>(path, limits);
}

} // namespace step37
