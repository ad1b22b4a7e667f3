// How variants say what they launch: one choice or several, and grids by rows, by threads, or by
// accesses of several elements.
#pragma once

#include "codegen/spec/cuda/Variant.h"

#include <utility>

namespace step37::spec {

inline int64_t ceilDiv(int64_t count, int64_t per) { return (count + per - 1) / per; }

/// A variant that takes the spec with one of `configs`; stages(config) gives its launches.
template <class Config, class Stages>
CudaVariant variantWith(std::string_view name, std::string_view header, std::vector<Config> configs,
                        Stages stages) {
  return {name, header, "", {configs.begin(), configs.end()}, [stages](const LaunchConfig &config) {
            return stages(std::get<Config>(config));
          }};
}

/// The same, unless something is in its way.
template <class Config, class Stages>
CudaVariant variantUnless(std::string unmet, std::string_view name, std::string_view header,
                          std::vector<Config> configs, Stages stages) {
  if (unmet.empty())
    return variantWith(name, header, std::move(configs), stages);
  return {name, header, std::move(unmet), {}, {}};
}

/// The family's one variant, which takes every spec.
template <class Config, class Stages>
std::vector<CudaVariant> onlyGeneric(std::string_view header, Config config, Stages stages) {
  return {variantWith("generic", header, std::vector<Config>{config}, stages)};
}

/// The same with these launches, whose blocks have `threads` threads.
inline std::vector<CudaVariant> onlyGeneric(std::string_view header, std::vector<Stage> stages,
                                            int64_t threads = BlockLaunch().threads) {
  return onlyGeneric(header, BlockLaunch{threads},
                     [stages](const BlockLaunch &) { return stages; });
}

/// A block for each of `blocks`.
inline Stage blocksStage(std::string function, int64_t blocks,
                         int64_t threads = BlockLaunch().threads) {
  return {std::move(function), {blocks, 1, 1}, threads};
}

/// A thread for each of `threads`.
inline Stage threadsStage(std::string function, int64_t threads) {
  return blocksStage(std::move(function), ceilDiv(threads, BlockLaunch().threads));
}

/// A thread for as many elements of `type`, the widest that is accessed, as 16 bytes hold.
inline Stage packsStage(std::string function, int64_t elements, DType type) {
  return threadsStage(std::move(function), ceilDiv(elements, 16 / byteSize(type)));
}

/// A warp for each of `warps`.
inline Stage warpsStage(std::string function, int64_t warps) {
  return blocksStage(std::move(function), ceilDiv(warps, BlockLaunch().threads / 32));
}

/// Blocks of rows that leave parts, then a block for each of the config's columns.
template <class Config>
std::vector<Stage> partSumsStages(const std::string &rowsFunction, int64_t rows,
                                  const std::string &sumFunction, int64_t columns,
                                  const Config &config) {
  std::vector<Stage> stages = {
      blocksStage(rowsFunction, ceilDiv(rows, config.rows_per_part), config.row_threads)};
  if (columns > 0)
    stages.push_back(blocksStage(sumFunction, ceilDiv(columns, config.columns), config.threads));
  return stages;
}

} // namespace step37::spec
