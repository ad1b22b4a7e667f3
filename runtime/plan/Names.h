// The names by which compiler, runtime and reports find programs, buffers and scalars of a plan:
// their one home. What a program is for is its role; buffers that belong to a depth of multi-token
// prediction, or to features some positions ahead, have a number behind a dot.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace step37::plan {

/// What the runtime writes before a run of a program, and reads afterwards.
namespace names {

// Inputs.
inline constexpr char inputIds[] = "input_ids";
inline constexpr char lossMask[] = "loss_mask";
inline constexpr char documentStart[] = "document_start";
inline constexpr char pixelValues[] = "pixel_values";
inline constexpr char pixelValuesLocal[] = "pixel_values_local"; // of crops
inline constexpr char imageFeature[] = "image_feature";          // of every token, or −1
inline constexpr char imagePosition[] = "image_position";        // of every feature, or −1

// Scalars.
inline constexpr char accumulateBeta[] = "accumulate_beta"; // 0: gradients start anew
inline constexpr char lossScale[] = "loss_scale";
inline constexpr char mtpLossScale[] = "mtp_loss_scale";
inline constexpr char maxNorm[] = "max_norm";
inline constexpr char chunk[] = "chunk"; // which rows' logits are written
inline constexpr char coordinate[] = "coordinate";

/// Hyperparameters of optimizers begin with this; the rest is the optimizer's name of it.
inline constexpr char optimizerPrefix[] = "optimizer.";

// Outputs.
inline constexpr char lossSum[] = "loss_sum";
inline constexpr char mtpLossSum[] = "mtp_loss_sum";
inline constexpr char tokenLoss[] = "token_loss";
inline constexpr char gradNorm[] = "grad_norm";
inline constexpr char logits[] = "logits";
inline constexpr char mtpLogits[] = "mtp_logits";

// States that one program leaves for another.
inline constexpr char finalHidden[] = "final_hidden";
inline constexpr char mtpHidden[] = "mtp_hidden";

/// "mtp_loss_sum.1": of a depth of multi-token prediction, counted from 0; of features so many
/// positions ahead.
std::string numbered(std::string_view name, int64_t number);

/// "optimizer.learning_rate".
std::string hyperparameter(std::string_view name);

/// "coordinate.dp": where the rank stands along these axes.
std::string coordinateAlong(std::span<const std::string> axes);

/// "gradient.w" of a parameter "w", and "moment1.w" of what its optimizer keeps.
std::string gradient(std::string_view parameter);
std::string optimizerState(std::string_view role, std::string_view parameter);

} // namespace names

enum class ProgramRole : uint8_t { accumulate, update, accumulateUpdate, evaluate, logits };

inline constexpr size_t programRoleCount = 5;
std::string_view name(ProgramRole role);

/// A program by its role. `takes` and `gives` are names of buffers without numbers; those of
/// hyperparameters are optimizerPrefix.
struct ProgramInfo {
  ProgramRole role;
  std::string_view name;
  std::span<const std::string_view> takes, gives;

  /// Whether the runtime writes the buffer of this name before a run, or reads it afterwards.
  bool takesBuffer(std::string_view buffer) const;
  bool givesBuffer(std::string_view buffer) const;
};

/// The table's row for the program of this name, which may have a number. Null: no program is
/// called so.
const ProgramInfo *findProgramInfo(std::string_view program);

/// Forward and backward pass of a micro-batch: adds to gradients and sums of losses.
inline constexpr char accumulateProgram[] = "accumulate";
/// Norm, clipping and the optimizer.
inline constexpr char updateProgram[] = "update";
/// The last micro-batch of a step and the update, whose exchange begins during the backward pass.
inline constexpr char accumulateUpdateProgram[] = "accumulate_update";
/// Forward pass: losses of all tokens, and what the programs of logits read.
inline constexpr char evaluateProgram[] = "eval";
/// Logits of a chunk of rows; with a number of a depth `mtpLogitsProgram`.
inline constexpr char logitsProgram[] = "logits";
inline constexpr char mtpLogitsProgram[] = "mtp_logits";

/// Roles of a parameter's states (Plan.h, ParameterState). Others are the optimizer's own.
inline constexpr char masterRole[] = "master";

} // namespace step37::plan
