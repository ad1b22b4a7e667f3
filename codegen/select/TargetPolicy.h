// What kernel selection decides differently for each target: which implementation a spec gets,
// whether a product goes to a library, how large chunks are. One object a target.
#pragma once

#include "codegen/select/StepBuilder.h"

#include "llvm/ADT/StringRef.h"

namespace step37 {

class TargetPolicy {
public:
  virtual ~TargetPolicy() = default;

  /// The policy of "host" or "cuda"; null for another name, or one that this build lacks.
  static std::unique_ptr<TargetPolicy> create(llvm::StringRef target);

  virtual KernelChoice choose(const spec::KernelSpec &spec) const = 0;

  /// Bytes of scratch that a dense product gets.
  virtual int64_t productWorkspace(const spec::Gemm &gemm) const = 0;

  /// Rows of logits that exist at a time.
  virtual int64_t logitsChunk(int64_t tokens, int64_t vocab) const = 0;

  /// Element type of the logits' gradient, for a model of this type.
  virtual DType logitsGradientType(DType model) const = 0;
};

/// Targets that this build can select kernels for, "host" first.
std::vector<std::string> selectableTargets();

} // namespace step37
