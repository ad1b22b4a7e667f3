// Where a plan's parameters and what belongs to them are on the ranks of a model, for the mover of
// weights (bridge/PartMover.h).
#pragma once

#include "bridge/PartMover.h"
#include "runtime/exec/Model.h"

#include <string>

namespace step37 {

/// The places of a part of a parameter: itself, its gradient, and its optimizer state in `buffer`.
PartPlace weightPlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part);
PartPlace gradientPlace(const Model &model, const plan::Parameter &parameter,
                        const plan::Part &part);
PartPlace statePlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part,
                     const std::string &buffer);

} // namespace step37
