// Multi-token prediction (docs/model.md, section C): layers behind the decoder, each of which
// predicts one token further on. They are made of the decoder's own parts (DecoderBuilder.h).
#pragma once

#include "frontend/DecoderBuilder.h"

namespace step37 {

/// One depth: what its output head reads, and its loss.
struct MtpDepth {
  mlir::Value hidden, lossSum;
};

/// The output head that depth `depth` predicts with.
TensorAt mtpHead(const ModelConfig &config, const FrontendOptions &options, int64_t depth);

/// The embedding of the tokens `ahead` positions on, of which `ids` are the ids.
using EmbedAhead = llvm::function_ref<mlir::Value(mlir::Value ids, int64_t ahead)>;

/// Builds all depths. Depth k joins the embedding of the token k+1 positions on with the hidden
/// state of the depth before it and predicts the token k+2 positions on, within its document.
/// `stream` is the decoder's residual stream, `normed` what its final norm makes of it, `targets`
/// what the model itself predicts.
llvm::SmallVector<MtpDepth> buildMtp(ModuleBuilder &build, DecoderBuilder &decoder,
                                     const ModelConfig &config, const FrontendOptions &options,
                                     EmbedAhead embed, mlir::Value stream, mlir::Value normed,
                                     Targets targets);

} // namespace step37
