// The steps that dense products become, and the output head, which is made of them: logits, loss
// and gradient chunk by chunk, so that the logits never exist as a whole.
#pragma once

#include "codegen/select/BufferAssignment.h"
#include "codegen/select/TargetPolicy.h"

namespace step37 {

/// Buffers of the output head: x [tokens, width], w [vocab, width], labels, weights and token
/// losses [tokens], loss sum [1].
struct LossBuffers {
  mlir::Value x, w, labels, weights, tokenLoss, lossSum;
};

/// What the gradient of the output head needs and gives: scale [1], dx like x, and w's gradient
/// unless w is frozen.
struct LossGradient {
  mlir::Value scale, dx;
  std::optional<GradientTarget> dw;
};

class ProductSteps {
public:
  ProductSteps(const TargetPolicy &policy, StepBuilder &steps, BufferAssignment &buffers)
      : policy(policy), steps(steps), buffers(buffers) {}

  /// c = op(a)·op(b), plus beta·c if there is a beta. Sizes and types are those of the buffers.
  void product(mlir::Location loc, mlir::Value a, mlir::Value b, mlir::Value c, bool transposeA,
               bool transposeB, mlir::Value beta);

  /// The output head and its loss; with a gradient also dx and any gradient of w, which starts with
  /// the micro-batch's beta in the first chunk and goes on with 1.
  void loss(mlir::Location loc, const LossBuffers &head,
            const std::optional<LossGradient> &gradient);

private:
  const TargetPolicy &policy;
  StepBuilder &steps;
  BufferAssignment &buffers;
};

} // namespace step37
