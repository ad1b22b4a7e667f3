// The table of the family's tensors: each is declared once, in TextTensors.cpp or
// VisionTensors.cpp, with its published name, what its dimensions count, its pack, its
// Megatron-Core name and its initial values. Everything else about tensors derives from here: the
// list of a config (Inventory.h), the names of dimensions, the parameters that the frontend
// creates, the bridge's map. Spellings that other checkpoints use are StoredNames.h.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace step37 {

/// A tensor of the family by the last words of its published name.
enum class TensorId : uint8_t {
  // clang-format off
  embedTokens,
  // Of a decoder layer, and of the decoder layer in a layer of multi-token prediction.
  inputNorm, qProj, kProj, vProj, gProj, qNorm, kNorm, oProj, postAttentionNorm,
  mlpGateProj, mlpUpProj, mlpDownProj,
  router, routerBias, expertGateProj, expertUpProj, expertDownProj,
  sharedGateProj, sharedUpProj, sharedDownProj,
  // Of a layer of multi-token prediction besides.
  enorm, hnorm, ehProj, sharedHeadNorm, sharedHeadOutput,
  finalNorm, lmHead,
  // Of the vision tower; from ln1 to ls2 of each of its blocks.
  conv1, classEmbedding, positionalEmbedding, lnPre, lnPreBias,
  ln1, ln1Bias, inProj, inProjBias, outProj, outProjBias, ls1,
  ln2, ln2Bias, cFc, cFcBias, cProj, cProjBias, ls2,
  lnPost, lnPostBias, downsampler1, downsampler1Bias, downsampler2, downsampler2Bias,
  projector, projectorBias,
  // clang-format on
};

/// Whose a tensor is, in the order of a checkpoint. Every layer has those of `layer`, a layer of
/// multi-token prediction also those of `mtpLayer`, a block of the vision tower those of
/// `visionBlock`; the others are there once.
enum class TensorOwner : uint8_t {
  input,
  layer,
  mtpLayer,
  output,
  visionInput,
  visionBlock,
  visionOutput,
  projector
};

/// How a tensor is shared out over tensor and expert parallelism. "Rows" are the dimension before
/// the last one, "columns" the last one; experts are the first of three.
enum class Sharing : uint8_t {
  replicated,
  column,       // rows over tp
  row,          // columns over tp
  vocabulary,   // rows over tp, zero rows at the end where tp does not divide them
  expertColumn, // experts over ep, rows of each over etp
  expertRow,    // experts over ep, columns of each over etp
};

/// The place of a tensor in the parameter that it is packed into.
enum class PackPlace : uint8_t { alone, query, key, value, headGate, gate, up };

/// What random initialisation starts from: normal with the published deviation, or one value.
enum class InitialValue : uint8_t { normal, zero, one, layerScale };

/// What sizes of a tensor depend on.
struct TensorScope {
  const ModelConfig &config;
  const LayerConfig *layer = nullptr; // of tensors of a layer

  const VisionConfig &vision() const { return *config.vision; }
};

/// What a dimension counts.
struct Extent {
  int64_t (*count)(const TensorScope &scope);
  /// The name by which meshes split it: "vocab" (rows of embedding and head), "head" (rows or
  /// columns of attention projections, whole heads), "ffn" (width of dense and shared MLPs),
  /// "expert", "expert_ffn"; empty where it is never split.
  std::string_view dim = {};
  bool split = !dim.empty(); // in Megatron-Core's layout and the plan's
};

/// The declaration of a tensor. In names `*` stands for the index of its layer or block.
struct TensorRule {
  TensorId id;
  std::string_view name;                 // as published
  std::array<const Extent *, 4> shape{}; // outermost first; as many as there are
  /// Megatron-Core's name, for tensors of a layer that within the layer; of experts, each of which
  /// is a tensor there, `…weight*`. Empty: the published one.
  std::string_view megatron = {};
  PackPlace place = PackPlace::alone;
  std::string_view pack = {}; // the parameter of a plan that it is packed into; empty: its own
  InitialValue initial = InitialValue::normal;
  /// It only selects experts: nothing has a gradient with respect to it, and it is f32 in every
  /// file and plan.
  bool selects = false;
  bool (*isThere)(const TensorScope &scope) = [](const TensorScope &) { return true; };

  bool stacksExperts() const { return shape[0]->dim == "expert"; }
};

/// The declarations of an owner's tensors, in the order of a checkpoint.
std::span<const TensorRule> rulesOf(TensorOwner owner);

inline constexpr std::array tensorOwners = {TensorOwner::input,        TensorOwner::layer,
                                            TensorOwner::mtpLayer,     TensorOwner::output,
                                            TensorOwner::visionInput,  TensorOwner::visionBlock,
                                            TensorOwner::visionOutput, TensorOwner::projector};

/// The decoder's norms multiply by their published weight plus this: weights are zero at first.
inline constexpr double normWeightOffset = 1;

/// Follows from the dimensions that are split.
Sharing sharingOf(const TensorRule &rule);

/// "replicated", "column", … as `names` prints them.
std::string_view name(Sharing sharing);
/// "", "q", "k", "v", "head gate", "gate", "up".
std::string_view name(PackPlace place);

/// The pattern with `index` in the place of `*`.
std::string numbered(std::string_view pattern, int64_t index);

/// A tensor of a model: its kind, and the index of its layer or block if every one has such.
class TensorAt {
public:
  TensorAt(TensorId id, int64_t index = 0) : id(id), index(index) {}

  /// "model.layers.3.self_attn.q_proj.weight".
  std::string name() const;
  /// The module that has it: "model.layers.3.self_attn.q_proj".
  std::string module() const;
  /// The module around that: "model.layers.3.self_attn".
  std::string parent() const;

private:
  TensorId id;
  int64_t index;
};

} // namespace step37
