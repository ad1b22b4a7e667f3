// Windows of a text; see TextDataset.h.
#include "runtime/data/TextDataset.h"

#include "runtime/base/Error.h"
#include "runtime/base/Sha256.h"
#include "runtime/data/DataRandom.h"

#include <algorithm>

namespace step37 {

TextDataset::TextDataset(std::string_view text, std::string name, const TokenLimits &limits)
    : text(text), name(std::move(name)), seqLen(limits.seqLen) {
  auto tokens = static_cast<int64_t>(text.size());
  heldOutTokens = tokens / 10;
  trainingTokens = tokens - heldOutTokens;
  if (trainingTokens < seqLen || heldOutTokens < 2)
    throw Error(this->name + ": has " + std::to_string(tokens) + " bytes; a row takes " +
                std::to_string(seqLen) + ", and a tenth of the text is held out");
  if (limits.vocab >= 256)
    return;
  auto beyond = std::find_if(text.begin(), text.end(), [&](char byte) {
    return static_cast<unsigned char>(byte) >= limits.vocab;
  });
  if (beyond != text.end())
    throw Error(this->name + ": byte " +
                std::to_string(static_cast<int>(static_cast<unsigned char>(*beyond))) +
                " at position " + std::to_string(beyond - text.begin()) +
                " is no token id: the vocabulary has " + std::to_string(limits.vocab));
}

TextDataset::TextDataset(MappedFile mapped, const TokenLimits &limits)
    : TextDataset(mapped.text(), mapped.path().string(), limits) {
  file = std::move(mapped); // the mapping stays where it is
}

void TextDataset::copyWindow(int64_t begin, int64_t length, TokenRows &rows, int64_t row) const {
  auto byteToToken = [](char byte) -> int32_t { return static_cast<unsigned char>(byte); };
  auto ids = rows.ids.begin() + row * seqLen;
  auto mask = rows.mask.begin() + row * seqLen;
  std::string_view window = text.substr(static_cast<size_t>(begin), static_cast<size_t>(length));
  std::fill(std::transform(window.begin(), window.end(), ids, byteToToken), ids + seqLen, 0);
  std::fill(std::fill_n(mask, length, 1.0f), mask + seqLen, 0.0f);
  std::fill_n(rows.documentStart.begin() + row * seqLen, seqLen, 0);
}

void TextDataset::trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) {
  uint64_t places = static_cast<uint64_t>(trainingTokens - seqLen + 1);
  uint64_t begin = randomBelow(seed, static_cast<uint64_t>(sample), 0, places);
  copyWindow(static_cast<int64_t>(begin), seqLen, batch.tokens, row);
}

// Held-out windows overlap by one token, since the first of a row is not predicted.
int64_t TextDataset::heldOutRows() const { return (heldOutTokens - 1 + seqLen - 2) / (seqLen - 1); }

void TextDataset::heldOutRow(int64_t index, Batch &batch, int64_t row) {
  int64_t begin = index * (seqLen - 1);
  copyWindow(trainingTokens + begin, std::min(seqLen, heldOutTokens - begin), batch.tokens, row);
}

std::string TextDataset::description() const {
  return name + ": " + std::to_string(text.size()) + " bytes as tokens, the last " +
         std::to_string(heldOutTokens) + " held out";
}

std::string TextDataset::sha256() const { return sha256Hex(text); }

} // namespace step37
