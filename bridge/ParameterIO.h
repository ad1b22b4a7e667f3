// Between published tensors and a plan's parameters: the bytes of one parameter from wherever the
// weights are (WeightSource.h), and the bytes of a published tensor from a parameter. One parameter
// at a time is in memory. Element types are converted by rounding once from f32; placement is
// PartRuns.h; which buffers hold masters, and writing files, is the runtime's.
#pragma once

#include "bridge/WeightSource.h"
#include "runtime/plan/Plan.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace step37 {

/// What a user should be told once about weights that fit a plan.
struct WeightsSummary {
  struct Conversion {
    std::string from; // published spelling: "F32"
    DType to;         // of the plan's buffer
    int64_t tensors;
  };
  std::vector<Conversion> conversions;
  std::vector<std::string> unneeded; // stored names that neither the plan nor its config has
  int64_t carried = 0;               // tensors that the plan carries along, not computed with

  /// One line for each kind of remark; empty where there is nothing to say.
  std::vector<std::string> lines(const WeightSource &source) const;
};

/// Checks that every published tensor of the plan's parameters is there, with the plan's shape and
/// of a type that WeightSource::open takes, before any of it is loaded. Throws Error
/// "<file>: <tensor>: …".
WeightsSummary checkWeights(const WeightSource &source, const plan::Plan &plan,
                            const plan::Target &target);

/// Fills a rank's buffer of a parameter, `bytes` of elements of float type `type`, with what the
/// rank has of the source's tensors, and reads no more of them; elements that belong to no part and
/// padding are left as they are. Throws what checkWeights throws, for this parameter.
void readParameter(const WeightSource &source, const plan::Parameter &parameter, DType type,
                   std::span<std::byte> bytes, const plan::Mesh &mesh = {}, int64_t rank = 0);

/// The inverse for one part that no mesh splits: the published tensor, row-major in `tensorType`,
/// out of a parameter's bytes (or those of its gradient, master or moments, which are laid out
/// alike) of type `type`.
std::vector<std::byte> extractTensor(const plan::Parameter &parameter, const plan::Part &part,
                                     DType type, std::span<const std::byte> bytes,
                                     DType tensorType);

} // namespace step37
