#include "frontend/MtpBuilder.h"

using namespace mlir;

namespace step37 {

TensorAt mtpHead(const ModelConfig &config, const FrontendOptions &options, int64_t depth) {
  if (!options.ownMtpHeads())
    return TensorId::lmHead;
  return {TensorId::sharedHeadOutput, int64_t(config.layers.size()) + depth};
}

SmallVector<MtpDepth> buildMtp(ModuleBuilder &build, DecoderBuilder &decoder,
                               const ModelConfig &config, const FrontendOptions &options,
                               EmbedAhead embed, Value stream, Value normed, Targets targets) {
  bool postNorm = options.switches.word("mtp_hidden") == "post_norm";
  SmallVector<MtpDepth> depths;
  for (auto [depth, layer] : llvm::enumerate(config.mtp_layers)) {
    int64_t index = int64_t(config.layers.size() + depth);
    // What the depth before predicts is what this one embeds: the token depth+1 positions on, and
    // token 0 past the end of a row.
    Value embedded = embed(targets.labels, int64_t(depth) + 1);
    const TensorAt enorm(TensorId::enorm, index), norm(TensorId::sharedHeadNorm, index);
    build.setPath(enorm.parent());
    SmallVector<Value> halves = {
        build.rmsNorm(embedded, enorm, config.rms_norm_eps),
        build.rmsNorm(postNorm ? normed : stream, {TensorId::hnorm, index}, config.rms_norm_eps)};
    Value joined = ir::JoinColumnsOp::create(
        build.ops(), build.location(), build.tensor({options.tokens(), 2 * config.hidden}), halves);
    stream = decoder.layer(build.linear(joined, {TensorId::ehProj, index}), index, layer);
    build.setPath(norm.parent());
    normed = build.rmsNorm(stream, norm, config.rms_norm_eps);
    targets = decoder.targets(int64_t(depth) + 2);
    depths.push_back(
        {normed, decoder.loss(normed, mtpHead(config, options, int64_t(depth)), targets).sum});
  }
  return depths;
}

} // namespace step37
