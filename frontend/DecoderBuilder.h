// The decoder of Step-3.5, layer by layer (docs/model.md, section B), and the loss behind an output
// head. Multi-token prediction, which is made of the same layers, is MtpBuilder.h; what the
// programs are is ModelBuilder.h.
#pragma once

#include "frontend/FrontendOptions.h"
#include "frontend/ModuleBuilder.h"

namespace step37 {

/// What each token is to predict: labels i32 [tokens] and their weights f32 [tokens].
struct Targets {
  mlir::Value labels, weights;
};

/// Loss behind an output head: the sum [1] and its summands [tokens].
struct HeadLoss {
  mlir::Value sum, ofTokens;
};

/// The three projections of a gated MLP.
struct MlpTensors {
  TensorAt gate, up, down;
};

class DecoderBuilder {
public:
  /// Builds into the current program of `build`, which has the arguments input_ids, loss_mask and
  /// document_start.
  DecoderBuilder(ModuleBuilder &build, const ModelConfig &config, const FrontendOptions &options)
      : build(build), config(config), options(options), tokens(options.tokens()) {}

  /// Token ids i32 [tokens] to their rows of the embedding.
  mlir::Value embed(mlir::Value ids);
  /// The residual stream through all layers of the decoder.
  mlir::Value layers(mlir::Value stream);
  /// The stream through one layer, whose parameters are those of layer `index`.
  mlir::Value layer(mlir::Value stream, int64_t index, const LayerConfig &layer);
  mlir::Value finalNorm(mlir::Value stream);

  /// Targets of predicting the token `by` positions on.
  Targets targets(int64_t by);
  /// The loss after the output head `head`.
  HeadLoss loss(mlir::Value hidden, const TensorAt &head, const Targets &targets);

private:
  mlir::Value attention(mlir::Value x, int64_t index, const LayerConfig &layer);
  mlir::Value denseMlp(mlir::Value x, const MlpTensors &mlp, double limit);
  mlir::Value experts(mlir::Value x, int64_t index, const LayerConfig &layer);
  mlir::Value swiglu(mlir::Value gate, mlir::Value up, double limit);
  mlir::Value ropeTable(const LayerConfig &layer);

  ModuleBuilder &build;
  const ModelConfig &config;
  const FrontendOptions &options;
  int64_t tokens;
  // One for each set of frequencies.
  std::vector<std::pair<std::vector<double>, mlir::Value>> tables;
};

} // namespace step37
