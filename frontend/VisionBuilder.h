// The vision tower of Step-3.7, its projector, and the insertion of its features into the embedding
// (docs/model.md, section E). Called by ModelBuilder, which has the decoder behind it.
#pragma once

#include "frontend/FrontendOptions.h"
#include "frontend/ModuleBuilder.h"

#include <string>

namespace step37 {

class VisionBuilder {
public:
  /// `config` has a vision tower, and `options` have images. Keeps references.
  VisionBuilder(ModuleBuilder &build, const ModelConfig &config, const FrontendOptions &options);

  /// What a program with images takes: `pixel_values` [images, channels, H, W] and
  /// `pixel_values_local` [crops, channels, h, w], f32; `image_feature` [tokens], the row of the
  /// features that stands at a token, or −1; `image_position` [features], its inverse; with
  /// multi-token prediction also `image_feature.<n>` and `image_position.<n>`, the same for tokens
  /// n positions on. Rows of features are, for each batch, all global views, then all crops; places
  /// count within a batch.
  llvm::SmallVector<ProgramArgument> arguments() const;

  /// The features of all images.
  mlir::Value features();

  /// The embedded tokens with features in the place of image tokens. The tokens are those `ahead`
  /// positions on.
  mlir::Value insert(mlir::Value embedded, mlir::Value features, int64_t ahead);

private:
  mlir::Value embeddedPatches();
  mlir::Value ropeTable();
  mlir::Value block(mlir::Value x, mlir::Value table, int64_t index);
  mlir::Value attention(mlir::Value x, mlir::Value table, int64_t index);

  mlir::Value layerNorm(mlir::Value x, const TensorAt &weight, const TensorAt &bias);
  mlir::Value addBias(mlir::Value x, const TensorAt &bias);
  mlir::Value affine(mlir::Value x, const TensorAt &weight, const TensorAt &bias);
  mlir::Value residual(mlir::Value x, mlir::Value branch, const TensorAt &gamma);
  /// 3×3, stride 2, padding 1.
  mlir::Value convolution(mlir::Value x, llvm::ArrayRef<int64_t> grids, bool classToken,
                          const TensorAt &weight, const TensorAt &bias);
  int64_t featureRows() const;
  int64_t patchRows() const;

  ModuleBuilder &build;
  const ModelConfig &config;
  const FrontendOptions &options;
  const VisionConfig &vision;
  const ImageBounds &bounds;
  llvm::SmallVector<int64_t> grids; // of the patches of a batch: global views, then crops
};

} // namespace step37
