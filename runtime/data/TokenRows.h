// Rows of tokens with their loss mask and document starts, as a plan's inputs take them, and their
// form in safetensors files. Used by training data and the probe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace step37 {

/// Every vector holds rows · seqLen values, row after row.
struct TokenRows {
  int64_t rows = 0, seqLen = 0;
  std::vector<int32_t> ids;
  std::vector<float> mask;            // weight of the prediction of this token
  std::vector<int32_t> documentStart; // index in the row where the token's document starts

  TokenRows() = default;
  /// Token 0 everywhere, mask 1, one document a row.
  TokenRows(int64_t rows, int64_t seqLen);

  /// Copies row `from` of `other`, which is as long.
  void copyRow(int64_t to, const TokenRows &other, int64_t from);

  /// Σ mask over the tokens that are predicted from `by` positions before them: in the same row
  /// and, for by > 1, in the same document.
  double counted(int64_t by = 1) const;
};

/// What a plan asks of its tokens.
struct TokenLimits {
  int64_t seqLen = 0, vocab = 0;
};

/// Reads `input_ids` I64 or I32 [rows, seqLen], `loss_mask` F32 (default ones) and `document_start`
/// I32 (default zeros); other tensors are ignored. Throws Error naming file, tensor, and the row
/// and position of a value that cannot be.
TokenRows readTokenRows(const std::filesystem::path &path, const TokenLimits &limits);

} // namespace step37
