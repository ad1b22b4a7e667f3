// A micro-batch of rows becomes the inputs of a plan. Rows are runtime/data's, buffers the model's.
#pragma once

#include "runtime/data/ImageBatch.h"
#include "runtime/data/TokenRows.h"
#include "runtime/exec/Model.h"

namespace step37 {

/// Writes the inputs of a micro-batch of model.rows() rows: input_ids, loss_mask and
/// document_start; for a plan with images their pixels and places too. Throws Error where image
/// tokens and images do not match, or the images exceed the plan's bounds.
void writeBatch(Model &model, const TokenRows &tokens, const ImageBatch &images = {});

} // namespace step37
