// What the flags of `step37c import` and `step37c export` have in common.
#pragma once

#include "bridge/Conversion.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace step37 {

struct ConversionFlags {
  std::string source, output, layout;
  plan::Mesh mesh;
  std::optional<int64_t> rank;
  ConversionOptions options;

  RankSelection selection() const;
};

/// Adds HF_DIR or CKPT, -o, --layout of `layouts` (the first is the default), --tp, --ep, --etp,
/// --rank, --strict, --threads.
void addConversionFlags(CLI::App &command, ConversionFlags &flags,
                        const std::vector<std::string> &layouts);

/// The source, opened, with the table of its config.
struct OpenedSource {
  std::unique_ptr<WeightSource> weights;
  TensorMap map;
};
OpenedSource openSource(const std::string &directory);

/// "imported 166 tensors …" and what was extra or left out.
void printSummary(const char *did, const ConversionSummary &summary);

} // namespace step37
