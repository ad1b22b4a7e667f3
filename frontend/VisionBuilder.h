// The vision tower of Step-3.7, its projector, and the insertion of its features into the embedding
// (spec/model.md, section E). Called by ModelBuilder, which has the decoder behind it.
#pragma once

#include "frontend/ModuleBuilder.h"
#include "frontend/config/ImageBounds.h"
#include "frontend/config/Switches.h"

#include <string>

namespace step37 {

/// What a tensor of the tower is initialised around: layer norms do nothing at first, layer scales
/// are the config's; 0 for all others, and for tensors of the decoder, whose norms are
/// zero-centred.
double initMean(const ModelConfig &config, const PublishedTensor &tensor);

class VisionBuilder {
public:
  /// `config` has a vision tower. Keeps references.
  VisionBuilder(ModuleBuilder &build, const ModelConfig &config, const ImageBounds &bounds,
                const SwitchValues &switches);

  /// What a program with images takes for `tokens` tokens: `pixel_values` [images, channels, H, W]
  /// and `pixel_values_local` [crops, channels, h, w], f32; `image_feature` [tokens], the row of
  /// the features that stands at a token, or −1; `image_position` [features], its inverse. Rows of
  /// features: all global views, then all crops.
  llvm::SmallVector<ProgramArgument> arguments(int64_t tokens) const;

  /// The embedded tokens with features in the place of image tokens.
  mlir::Value insertFeatures(mlir::Value embedded);

private:
  mlir::Value features();
  mlir::Value embeddedPatches();
  mlir::Value ropeTable();
  mlir::Value block(mlir::Value x, mlir::Value table, const std::string &path);
  mlir::Value attention(mlir::Value x, mlir::Value table, const std::string &path);

  // Each takes the module path of its parameters.
  mlir::Value layerNorm(mlir::Value x, const std::string &path);
  mlir::Value addBias(mlir::Value x, const std::string &path, llvm::StringRef name = "bias");
  mlir::Value affine(mlir::Value x, const std::string &path);
  mlir::Value residual(mlir::Value x, mlir::Value branch, const std::string &path);
  mlir::Value convolution(mlir::Value x, llvm::ArrayRef<int64_t> grids, bool classToken,
                          const std::string &path);
  int64_t featureRows() const;

  ModuleBuilder &build;
  const ModelConfig &config;
  const VisionConfig &vision;
  const ImageBounds &bounds;
  const SwitchValues &switches;
  llvm::SmallVector<int64_t> grids; // of the patches: global views, then crops
};

} // namespace step37
