#include "frontend/VisionBuilder.h"

#include "dialects/step37/ImageGrids.h"
#include "runtime/plan/Names.h"

#include <cmath>

using namespace mlir;

namespace step37 {
namespace {

int64_t rowsOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(0); }

/// Of the tokens themselves, and of those `ahead` positions on.
std::string placeName(const char *what, int64_t ahead) {
  return ahead == 0 ? what : plan::names::numbered(what, ahead);
}

} // namespace

VisionBuilder::VisionBuilder(ModuleBuilder &build, const ModelConfig &config,
                             const FrontendOptions &options)
    : build(build), config(config), options(options), vision(*config.vision),
      bounds(*options.images) {
  int64_t side = bounds.imageSize / vision.patch_size;
  grids = {bounds.images, side, side};
  side = bounds.cropSize / vision.patch_size;
  if (bounds.crops > 0)
    grids.append({bounds.crops, side, side});
}

int64_t VisionBuilder::featureRows() const {
  return options.batches *
         (bounds.images * bounds.imageTokens(vision) + bounds.crops * bounds.cropTokens(vision));
}

int64_t VisionBuilder::patchRows() const {
  return options.batches * ir::imageTokens(grids, vision.use_cls_token);
}

SmallVector<ProgramArgument> VisionBuilder::arguments() const {
  auto pixels = [&](int64_t count, int64_t size) {
    return build.f32({options.batches * count, vision.num_channels, size, size});
  };
  SmallVector<ProgramArgument> list = {
      {plan::names::pixelValues, "input", pixels(bounds.images, bounds.imageSize), "image"}};
  if (bounds.crops > 0)
    list.push_back(
        {plan::names::pixelValuesLocal, "input", pixels(bounds.crops, bounds.cropSize), "image"});
  const int64_t furthest = options.mtp ? int64_t(config.mtp_layers.size()) : 0;
  for (int64_t ahead = 0; ahead <= furthest; ++ahead) {
    list.push_back({placeName(plan::names::imageFeature, ahead), "input",
                    build.i32({options.tokens()}), "token"});
    list.push_back({placeName(plan::names::imagePosition, ahead), "input",
                    build.i32({featureRows()}), "image"});
  }
  return list;
}

Value VisionBuilder::layerNorm(Value x, const TensorAt &weight, const TensorAt &bias) {
  build.setPath(weight.module());
  Type perRow = build.f32({rowsOf(x)});
  return ir::LayerNormOp::create(build.ops(), build.location(), x.getType(), perRow, perRow, x,
                                 build.parameter(weight), build.parameter(bias),
                                 llvm::APFloat(vision.layer_norm_eps))
      .getY();
}

Value VisionBuilder::addBias(Value x, const TensorAt &bias) {
  build.setPath(bias.module());
  return ir::AddBiasOp::create(build.ops(), build.location(), x.getType(), x,
                               build.parameter(bias));
}

Value VisionBuilder::affine(Value x, const TensorAt &weight, const TensorAt &bias) {
  build.setPath("");
  return addBias(build.linear(x, weight), bias);
}

/// x + gamma ⊙ branch.
Value VisionBuilder::residual(Value x, Value branch, const TensorAt &gamma) {
  build.setPath(gamma.module());
  Value scaled = ir::ScaleColumnsOp::create(build.ops(), build.location(), x.getType(), branch,
                                            build.parameter(gamma));
  return build.add({x, scaled});
}

Value VisionBuilder::embeddedPatches() {
  SmallVector<Value> pixels = {build.argument(plan::names::pixelValues)};
  if (bounds.crops > 0)
    pixels.push_back(build.argument(plan::names::pixelValuesLocal));
  const TensorAt conv1 = TensorId::conv1;
  build.setPath(conv1.module());
  int64_t cols = vision.num_channels * vision.patch_size * vision.patch_size;
  Value patches =
      ir::PatchesOp::create(build.ops(), build.location(), build.tensor({patchRows(), cols}),
                            pixels, vision.patch_size, vision.use_cls_token, options.batches);
  build.setPath("");
  Value x = build.linear(patches, conv1);
  build.setPath(conv1.parent());
  if (!vision.use_abs_posemb && !vision.use_cls_token)
    return x;
  Value table = vision.use_abs_posemb ? build.parameter(TensorId::positionalEmbedding) : Value();
  Value classEmbedding = vision.use_cls_token ? build.parameter(TensorId::classEmbedding) : Value();
  return ir::AddPositionsOp::create(build.ops(), build.location(), x.getType(), x, table,
                                    classEmbedding, grids);
}

/// Half of a head turns by the column's angles, half by the row's. Without RoPE all angles are
/// zero: the rotation is the identity and stays, so that attention never reads a slice of the
/// packed projection. One batch's table serves all.
Value VisionBuilder::ropeTable() {
  int64_t headDim = vision.width / vision.heads, perAxis = headDim / 2;
  SmallVector<double> frequencies;
  for (int64_t i = 0; i < perAxis / 2; ++i)
    frequencies.push_back(
        vision.use_rope2d ? std::pow(vision.rope_theta, -2.0 * double(i) / double(perAxis)) : 0.0);
  build.setPath(TensorAt(TensorId::conv1).parent() + ".transformer");
  Type type = build.f32({ir::imageTokens(grids, vision.use_cls_token), headDim});
  return ir::AxialRopeTableOp::create(build.ops(), build.location(), type, frequencies, grids,
                                      vision.use_cls_token,
                                      options.switches.word("vision_rope") == "row_first");
}

Value VisionBuilder::attention(Value x, Value table, int64_t index) {
  OpBuilder &ops = build.ops();
  int64_t rows = rowsOf(x), headDim = vision.width / vision.heads;
  const TensorAt inProj(TensorId::inProj, index);
  build.setPath(inProj.module());
  Value packed = ir::MatmulOp::create(ops, build.location(), build.tensor({rows, 3 * vision.width}),
                                      x, build.parameter(inProj),
                                      /*transpose_a=*/false, /*transpose_b=*/true);
  packed = addBias(packed, {TensorId::inProjBias, index});
  SmallVector<Type> types(3, x.getType());
  auto parts = ir::SliceColumnsOp::create(ops, build.location(), types, packed).getParts();
  auto rotated = [&](Value heads) -> Value {
    return ir::RotatePairsOp::create(ops, build.location(), x.getType(), heads, table, headDim,
                                     /*inverse=*/false);
  };
  Value q = rotated(parts[0]), k = rotated(parts[1]);
  auto attended = ir::ImageAttentionOp::create(
      ops, build.location(), x.getType(), build.f32({rows, vision.heads}), q, k, parts[2], grids,
      vision.use_cls_token, headDim, llvm::APFloat(1.0 / std::sqrt(double(headDim))));
  return affine(attended.getOut(), {TensorId::outProj, index}, {TensorId::outProjBias, index});
}

Value VisionBuilder::block(Value x, Value table, int64_t index) {
  const auto own = [&](TensorId id) { return TensorAt(id, index); };
  Value normed = layerNorm(x, own(TensorId::ln1), own(TensorId::ln1Bias));
  x = residual(x, attention(normed, table, index), own(TensorId::ls1));
  normed = layerNorm(x, own(TensorId::ln2), own(TensorId::ln2Bias));
  Value hidden = affine(normed, own(TensorId::cFc), own(TensorId::cFcBias));
  build.setPath(own(TensorId::cFc).parent());
  Value active = ir::QuickGeluOp::create(build.ops(), build.location(), hidden.getType(), hidden);
  return residual(x, affine(active, own(TensorId::cProj), own(TensorId::cProjBias)),
                  own(TensorId::ls2));
}

Value VisionBuilder::convolution(Value x, ArrayRef<int64_t> from, bool classToken,
                                 const TensorAt &weight, const TensorAt &bias) {
  build.setPath(weight.module());
  int64_t rows = options.batches * ir::imageTokens(ir::halvedGrids(from), false);
  int64_t cols = 9 * cast<RankedTensorType>(x.getType()).getDimSize(1);
  Value windows = ir::UnfoldOp::create(build.ops(), build.location(), build.tensor({rows, cols}), x,
                                       from, classToken);
  return affine(windows, weight, bias);
}

Value VisionBuilder::features() {
  Value x = embeddedPatches();
  if (vision.use_ln_pre)
    x = layerNorm(x, TensorId::lnPre, TensorId::lnPreBias);
  Value table = ropeTable();
  for (int64_t i = 0; i < vision.layers; ++i)
    x = block(x, table, i);
  if (vision.use_ln_post)
    x = layerNorm(x, TensorId::lnPost, TensorId::lnPostBias);
  x = convolution(x, grids, vision.use_cls_token, TensorId::downsampler1,
                  TensorId::downsampler1Bias);
  x = convolution(x, ir::halvedGrids(grids), false, TensorId::downsampler2,
                  TensorId::downsampler2Bias);
  if (config.projector_bias)
    return affine(x, TensorId::projector, TensorId::projectorBias);
  build.setPath("");
  return build.linear(x, TensorId::projector);
}

Value VisionBuilder::insert(Value embedded, Value features, int64_t ahead) {
  build.setPath(TensorAt(TensorId::projector).module());
  return ir::MergeRowsOp::create(
      build.ops(), build.location(), embedded.getType(), embedded, features,
      build.argument(placeName(plan::names::imageFeature, ahead)),
      build.argument(placeName(plan::names::imagePosition, ahead)), options.batches);
}

} // namespace step37
