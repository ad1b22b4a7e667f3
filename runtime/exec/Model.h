// A plan made ready to run: its executor, and the programs and buffers that go by fixed names in
// every plan. The ranks are seen as one: inputs are written and outputs read whole, and each rank
// has the piece of them that the plan's splits say. Weights are bridge/PartMover.h; what is run
// when is the trainer's, evaluation's and the probe's.
#pragma once

#include "runtime/exec/RankBuffers.h"
#include "runtime/exec/base/Executor.h"
#include "runtime/plan/Plan.h"

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

class Model {
public:
  /// Creates the plan's executor and checks that the parameters' buffers and published parts fit
  /// each other. The plan outlives the model. Throws Error.
  Model(const plan::Plan &plan, const ExecutorOptions &options);

  const plan::Plan &plan() const { return modelPlan; }
  Executor &executor() { return *modelExecutor; }
  const Executor &executor() const { return *modelExecutor; }

  /// The buffers of all ranks of the mesh.
  RankBuffers &ranks() { return rankBuffers; }
  const RankBuffers &ranks() const { return rankBuffers; }

  /// What runs the plan, and its mesh, for the log.
  std::string description() const;

  /// Rows of a micro-batch over all data-parallel ranks, tokens of a row.
  int64_t rows() const { return modelPlan.mesh.dp * modelPlan.micro_batch; }
  int64_t seqLen() const { return modelPlan.seq_len; }

  /// Throws Error naming a program that the plan lacks.
  void requirePrograms(std::initializer_list<std::string_view> names) const;

  /// Runs a program on all ranks.
  void run(std::string_view program);

  /// Writes each rank's piece of an input. `bytes`: of the whole, as large as the buffer times the
  /// ranks that it is split over. Throws Error where it is not.
  void writeInput(int buffer, std::span<const std::byte> bytes);

  /// Reads elements of an output as the ranks hold it together, row-major in wholeShape, from
  /// element `first` on; on the root (RankBuffers).
  void readOutput(int buffer, int64_t first, std::span<std::byte> bytes) const;

  /// Writes the same values to a scalar buffer of every rank.
  void writeScalars(std::string_view buffer, std::span<const float> values);
  void writeScalar(std::string_view buffer, float value) { writeScalars(buffer, {&value, 1}); }
  void writeScalar(std::string_view buffer, int32_t value);

  /// A value that all ranks agree on.
  float readScalar(std::string_view buffer) const;
  /// Begins to read such a value; it is there when the executor's finishReads has returned.
  void startScalar(std::string_view buffer, float &value);

  /// An input or output of all ranks together: the buffer's shape times the ranks that each
  /// dimension is split over. Where the ranks' pieces are padded it has the padding.
  std::vector<int64_t> wholeShape(const plan::Buffer &buffer) const;

  /// Index of a buffer of this name, type and number of elements. Throws Error where the plan has
  /// none.
  int buffer(std::string_view name, DType type, int64_t elements) const;

  /// The same, of any size, and whatever its type and size.
  int buffer(std::string_view name, DType type) const;
  int buffer(std::string_view name) const;

  const plan::Buffer &bufferOf(int index) const;

private:
  void checkParameter(const plan::Parameter &parameter) const;

  const plan::Plan &modelPlan;
  std::unique_ptr<Executor> modelExecutor;
  RankBuffers rankBuffers;
};

} // namespace step37
