// A checkpoint: model.safetensors and config.json, so that it is a Hugging Face directory again;
// optimizer.safetensors with <name>.master, .moment1 and .moment2 (f32) under published names, so
// that any mesh can resume it; manifest.json. Names and order of checkpoints are
// CheckpointDirectory.h.
#pragma once

#include "runtime/checkpoint/CheckpointManifest.h"
#include "runtime/exec/Model.h"

#include <filesystem>

namespace step37 {

/// Writes the model's state as `directory`, which appears complete or not at all. All processes of
/// a job call it, and it returns on all when the checkpoint is there. Fills the manifest's list of
/// files. Tensors that the plan only carries are not in it.
void saveCheckpoint(const Model &model, CheckpointManifest manifest,
                    const std::filesystem::path &directory);

/// Puts the tensors of a checkpoint whose manifest is verified back into the model's buffers, bit
/// for bit. Throws Error naming file and tensor.
void restoreCheckpoint(Model &model, const std::filesystem::path &directory);

} // namespace step37
