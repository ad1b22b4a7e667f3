// What a model costs on one mesh of a search: memory and time. Meshes beside each other are
// codegen/report/MeshRanking.h, which there are codegen/driver/MeshSearch.h.
#pragma once

#include "codegen/cost/CostModel.h"

#include <string>

namespace step37::report {

struct MeshCost {
  plan::Mesh mesh;
  int64_t memory = 0; // bytes that a rank needs
  Prediction prediction;
  std::string recompute = "none"; // how activations were chosen that are computed again
};

} // namespace step37::report
