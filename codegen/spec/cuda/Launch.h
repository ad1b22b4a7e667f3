// How families that have one implementation of their own say what they launch: one generic variant,
// and grids by rows, by threads, or by accesses of several elements.
#pragma once

#include "codegen/spec/cuda/Variant.h"

#include <utility>

namespace step37::spec {

/// Threads of a block of most templates (block_threads in codegen/kernels/common.cuh).
inline constexpr int64_t blockThreads = 256;

inline int64_t ceilDiv(int64_t count, int64_t per) { return (count + per - 1) / per; }

/// The family's one variant, which takes every spec.
inline std::vector<CudaVariant> onlyGeneric(std::string_view header, std::vector<Stage> stages) {
  return {{"generic", header, "", std::move(stages)}};
}

/// A block for each of `blocks`.
inline Stage blocksStage(std::string function, int64_t blocks) {
  return {std::move(function), {blocks, 1, 1}, int(blockThreads)};
}

/// A block for each of `rows` of logits, of as many threads as an SM holds together with few rows
/// in flight (loss_threads in codegen/kernels/loss.cuh).
inline Stage lossRowsStage(std::string function, int64_t rows) {
  Stage stage = blocksStage(std::move(function), rows);
  stage.block = 1024;
  return stage;
}

/// A thread for each of `threads`.
inline Stage threadsStage(std::string function, int64_t threads) {
  return blocksStage(std::move(function), ceilDiv(threads, blockThreads));
}

/// A thread for as many elements of `type`, the widest that is accessed, as 16 bytes hold.
inline Stage packsStage(std::string function, int64_t elements, DType type) {
  return threadsStage(std::move(function), ceilDiv(elements, 16 / byteSize(type)));
}

/// A warp for each of `warps`.
inline Stage warpsStage(std::string function, int64_t warps) {
  return blocksStage(std::move(function), ceilDiv(warps, blockThreads / 32));
}

} // namespace step37::spec
