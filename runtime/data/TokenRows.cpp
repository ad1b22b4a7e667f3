// Checked reading of rows of tokens; see TokenRows.h.
#include "runtime/data/TokenRows.h"

#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/plan/Names.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace step37 {

namespace {

/// One tensor of the file that must be [rows, seqLen].
class RowTensor {
public:
  RowTensor(const safetensors::File &file, const safetensors::Tensor &tensor, int64_t seqLen)
      : tensor(tensor), bytes(file.bytes(tensor)), seqLen(seqLen),
        origin(file.path().string() + ": " + tensor.name) {
    if (tensor.shape.size() != 2)
      throw Error(origin + ": has rank " + std::to_string(tensor.shape.size()) +
                  ", rows of tokens are needed: [rows, " + std::to_string(seqLen) + "]");
    if (tensor.shape[1] != seqLen)
      throw Error(origin + ": rows have " + std::to_string(tensor.shape[1]) +
                  " tokens, the plan's sequence length is " + std::to_string(seqLen));
  }

  int64_t rows() const { return tensor.shape[0]; }
  const std::string &dtype() const { return tensor.dtype; }

  void expectRows(int64_t rows) const {
    if (this->rows() != rows)
      throw Error(origin + ": has " + std::to_string(this->rows()) + " rows, input_ids has " +
                  std::to_string(rows));
  }

  [[noreturn]] void wrongType(const char *expected) const {
    throw Error(origin + ": is " + tensor.dtype + ", " + expected + " is needed");
  }

  /// The values as T; `legal(value, position in the row)` is asked for each.
  template <class T, class Legal> std::vector<T> values(Legal legal, const char *rule) const {
    std::vector<T> result(bytes.size() / sizeof(T));
    if (!result.empty())
      std::memcpy(result.data(), bytes.data(), bytes.size());
    for (size_t i = 0; i < result.size(); ++i) {
      auto position = static_cast<int64_t>(i) % seqLen;
      if (!legal(result[i], position))
        throw Error(origin + ": row " + std::to_string(static_cast<int64_t>(i) / seqLen) +
                    ", position " + std::to_string(position) + ": " + std::to_string(result[i]) +
                    " " + rule);
    }
    return result;
  }

private:
  const safetensors::Tensor &tensor;
  std::span<const std::byte> bytes;
  int64_t seqLen;
  std::string origin;
};

std::vector<int32_t> readIds(const RowTensor &ids, int64_t vocab) {
  auto legal = [&](int64_t id, int64_t) { return id >= 0 && id < vocab; };
  std::string rule = "is no token id: the vocabulary has " + std::to_string(vocab);
  if (ids.dtype() == "I32")
    return ids.values<int32_t>(legal, rule.c_str());
  if (ids.dtype() != "I64")
    ids.wrongType("I32 or I64");
  std::vector<int64_t> wide = ids.values<int64_t>(legal, rule.c_str());
  return {wide.begin(), wide.end()};
}

} // namespace

TokenRows::TokenRows(int64_t rows, int64_t seqLen)
    : rows(rows), seqLen(seqLen), ids(static_cast<size_t>(rows * seqLen), 0),
      mask(static_cast<size_t>(rows * seqLen), 1.0f),
      documentStart(static_cast<size_t>(rows * seqLen), 0) {}

void TokenRows::copyRow(int64_t to, const TokenRows &other, int64_t from) {
  std::copy_n(other.ids.begin() + from * seqLen, seqLen, ids.begin() + to * seqLen);
  std::copy_n(other.mask.begin() + from * seqLen, seqLen, mask.begin() + to * seqLen);
  std::copy_n(other.documentStart.begin() + from * seqLen, seqLen,
              documentStart.begin() + to * seqLen);
}

double TokenRows::counted(int64_t by) const {
  double sum = 0;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t position = by; position < seqLen; ++position) {
      auto token = static_cast<size_t>(row * seqLen + position);
      if (by == 1 || documentStart[token] == documentStart[token - static_cast<size_t>(by)])
        sum += mask[token];
    }
  return sum;
}

TokenRows readTokenRows(const std::filesystem::path &path, const TokenLimits &limits) {
  safetensors::File file(path);
  RowTensor ids(file, file.at(plan::names::inputIds), limits.seqLen);
  if (ids.rows() == 0)
    throw Error(path.string() + ": input_ids: has no rows");
  TokenRows result(ids.rows(), limits.seqLen);
  result.ids = readIds(ids, limits.vocab);
  if (const safetensors::Tensor *tensor = file.find(plan::names::lossMask)) {
    RowTensor mask(file, *tensor, limits.seqLen);
    mask.expectRows(result.rows);
    if (mask.dtype() != "F32")
      mask.wrongType("F32");
    result.mask =
        mask.values<float>([](float value, int64_t) { return std::isfinite(value) && value >= 0; },
                           "is no weight of a loss");
  }
  if (const safetensors::Tensor *tensor = file.find(plan::names::documentStart)) {
    RowTensor starts(file, *tensor, limits.seqLen);
    starts.expectRows(result.rows);
    if (starts.dtype() != "I32")
      starts.wrongType("I32");
    result.documentStart = starts.values<int32_t>(
        [](int32_t start, int64_t position) { return start >= 0 && start <= position; },
        "is no start of this token's document");
  }
  return result;
}

} // namespace step37
