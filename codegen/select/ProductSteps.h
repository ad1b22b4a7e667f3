// The steps that dense products become, and the output head, which is made of them: logits, loss
// and gradient chunk by chunk, so that the logits never exist as a whole.
#pragma once

#include "codegen/select/BufferAssignment.h"
#include "codegen/select/TargetPolicy.h"

namespace step37 {

/// A dense product: c = op(a)·op(b), plus beta·c if there is a beta. Sizes and types are those of
/// the buffers.
struct Product {
  mlir::Value a, b, c, beta{};
  bool transposeA = false, transposeB = false;
};

/// Buffers of the output head: x [tokens, width], w [vocab, width], labels, weights and token
/// losses [tokens], loss sum [1].
struct LossBuffers {
  mlir::Value x, w, labels, weights, tokenLoss, lossSum;
};

/// What the gradient of the output head needs and gives: scale [1], dx like x, and w's gradient
/// unless w is frozen.
struct LossGradient {
  mlir::Value scale, dx;
  std::optional<GradientTarget> dw{};
};

/// Buffers of an output head of whose `totalVocab` rows a rank has a part: x, w [its rows, width],
/// labels in its numbering, weights and lse [tokens], the rank's coordinate.
struct SplitLossBuffers {
  mlir::Value x, w, labels, weights, lse, coordinate;
  int64_t totalVocab;
};

/// What such a rank's rows of the head add to the loss: stats [tokens, 3] (spec::LossStats).
struct LossStatsBuffers {
  mlir::Value x, w, labels, coordinate, stats;
  int64_t totalVocab;
};

class ProductSteps {
public:
  ProductSteps(const TargetPolicy &policy, StepBuilder &steps, BufferAssignment &buffers)
      : policy(policy), steps(steps), buffers(buffers) {}

  void product(mlir::Location loc, const Product &product);

  /// The output head and its loss; with a gradient also dx and any gradient of w, which starts with
  /// the micro-batch's beta in the first chunk and goes on with 1.
  void loss(mlir::Location loc, const LossBuffers &head,
            const std::optional<LossGradient> &gradient);

  /// The statistics of such a head, chunk by chunk.
  void lossStats(mlir::Location loc, const LossStatsBuffers &head);

  /// The gradients of such a head, from the log-sum-exp over all ranks' rows.
  void splitLossGradient(mlir::Location loc, const SplitLossBuffers &head,
                         const LossGradient &gradient);

private:
  /// Calls visit(first row, rows) for the chunks of logits.
  void forEachChunk(int64_t tokens, int64_t vocab,
                    llvm::function_ref<void(int64_t, int64_t)> visit);
  /// A slot with 1, for products that go on adding; null if there is one chunk only.
  mlir::Value oneBehindFirstChunk(mlir::Location loc, int64_t tokens, int64_t vocab);
  /// x·wᵀ of the rows of a chunk.
  mlir::Value chunkLogits(mlir::Location loc, mlir::Value x, mlir::Value w);
  /// dx and w's gradient from a chunk of the logits' gradient.
  void chunkGradient(mlir::Location loc, mlir::Value dlogits, mlir::Value x, mlir::Value w,
                     const LossGradient &gradient, int64_t begin, mlir::Value one);

  const TargetPolicy &policy;
  StepBuilder &steps;
  BufferAssignment &buffers;
};

} // namespace step37
