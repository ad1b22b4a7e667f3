// Batch in, tensors out; see Probe.h.
#include "runtime/train/Probe.h"
#include "runtime/train/BatchInputs.h"

#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/checkpoint/ParameterPlaces.h"
#include "runtime/data/DataLimits.h"
#include "runtime/plan/Names.h"
#include "runtime/train/Objective.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace step37 {

namespace {

TokenRows readBatch(const Model &model, const ProbeOptions &options) {
  TokenRows batch = readTokenRows(options.input, DataLimits::of(model.plan()));
  if (batch.rows != model.rows())
    throw Error(options.input.string() + ": input_ids: has " + std::to_string(batch.rows) +
                " rows, a micro-batch of this plan has " + std::to_string(model.rows()));
  if (batch.counted() <= 0)
    throw Error(options.input.string() + ": loss_mask: counts no token behind the first of a row");
  return batch;
}

template <class Visitor> void forEachGradient(const Model &model, Visitor visit) {
  for (const plan::Parameter &parameter : model.plan().parameters) {
    if (!parameter.trained)
      continue;
    for (const plan::Part &part : parameter.parts)
      visit(parameter, part);
  }
}

std::vector<safetensors::TensorSpec> outputs(const Model &model, int64_t depths, bool grads) {
  const int64_t rows = model.rows(), seqLen = model.seqLen(), vocab = model.plan().vocab;
  std::vector<safetensors::TensorSpec> specs{
      {plan::names::logits, DType::f32, {rows, seqLen, vocab}}};
  if (depths > 0)
    specs.push_back({plan::names::mtpLogits, DType::f32, {depths, rows, seqLen, vocab}});
  specs.push_back({"loss", DType::f32, {1}});
  if (depths > 0)
    specs.insert(specs.end(), {{"main_loss", DType::f32, {1}},
                               {"mtp_losses", DType::f32, {depths}},
                               {"total_loss", DType::f32, {1}}});
  if (grads)
    forEachGradient(model, [&](const plan::Parameter &, const plan::Part &part) {
      specs.push_back({"grad." + part.name, DType::f32, part.shape});
    });
  return specs;
}

/// The file, on the root of the processes; the others compute and have part in the reading.
class Output {
public:
  Output(const Model &model, const std::filesystem::path &path,
         std::vector<safetensors::TensorSpec> specs) {
    if (model.ranks().isRoot())
      writer.emplace(path, std::move(specs));
  }

  void write(const std::string &tensor, std::span<const std::byte> bytes) {
    if (writer)
      writer->write(tensor, bytes);
  }
  void commit() {
    if (writer)
      writer->commit();
  }

private:
  std::optional<safetensors::Writer> writer;
};

/// Needs the hidden state that `eval` has left for `program`, which makes logits of it. A run gives
/// a chunk of rows of every block of tokens that the ranks share out; the file takes block after
/// block. The rows behind the last of a block's last chunk repeat it and are dropped, as are
/// columns that pad the vocabulary.
void writeLogits(Model &model, const std::string &program, const char *tensor, Output &output) {
  const int buffer = model.buffer(plan::names::logits, DType::f32);
  const std::vector<int64_t> shape = model.wholeShape(model.bufferOf(buffer));
  const int64_t vocab = model.plan().vocab, columns = shape.back();
  const int64_t chunkRows = model.bufferOf(buffer).shape.front(), blocks = shape[0] / chunkRows;
  const int64_t tokens = model.rows() * model.seqLen() / blocks;
  std::vector<float> chunk(static_cast<size_t>(chunkRows * columns));
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t first = 0; first < tokens; first += chunkRows) {
      model.writeScalar(plan::names::chunk, static_cast<int32_t>(first / chunkRows));
      model.run(program);
      model.readOutput(buffer, block * chunkRows * columns,
                       std::as_writable_bytes(std::span(chunk)));
      for (int64_t row = 0; row < std::min(chunkRows, tokens - first); ++row)
        output.write(tensor, std::as_bytes(std::span(chunk).subspan(
                                 static_cast<size_t>(row * columns), static_cast<size_t>(vocab))));
    }
}

void writeLoss(Output &output, const char *tensor, std::span<const double> losses) {
  const std::vector<float> values(losses.begin(), losses.end());
  output.write(tensor, std::as_bytes(std::span(values)));
}

void writeLosses(const Losses &losses, Output &output) {
  writeLoss(output, "loss", {&losses.main, 1});
  if (losses.mtp.empty())
    return;
  writeLoss(output, "main_loss", {&losses.main, 1});
  writeLoss(output, "mtp_losses", losses.mtp);
  writeLoss(output, "total_loss", {&losses.total, 1});
}

void writeGradients(Model &model, Objective &objective, Output &output) {
  objective.writeScales();
  model.writeScalar(plan::names::accumulateBeta, 0.0f);
  model.run(plan::accumulateProgram);
  forEachGradient(model, [&](const plan::Parameter &parameter, const plan::Part &part) {
    readPart(model.ranks(), model.plan().mesh, gradientPlace(model, parameter, part), DType::f32,
             [&](std::span<const std::byte> bytes) { output.write("grad." + part.name, bytes); });
  });
}

} // namespace

void probe(Model &model, const ProbeOptions &options) {
  model.requirePrograms({plan::evaluateProgram, plan::logitsProgram});
  if (options.grads)
    model.requirePrograms({plan::accumulateProgram});
  const TokenRows batch = readBatch(model, options);
  Objective objective(model);
  const size_t depths = objective.depths();
  const plan::ImageInputs &inputs = model.plan().images;
  const ImageBatch images =
      inputs.images > 0 ? readImageBatch(options.input, inputs) : ImageBatch();
  Output output(model, options.output, outputs(model, static_cast<int64_t>(depths), options.grads));
  objective.count(batch);
  writeBatch(model, batch, images);
  model.run(plan::evaluateProgram);
  objective.startSums();
  model.executor().finishReads();
  writeLogits(model, plan::logitsProgram, plan::names::logits, output);
  for (size_t depth = 0; depth < depths; ++depth)
    writeLogits(model, plan::names::numbered(plan::mtpLogitsProgram, static_cast<int64_t>(depth)),
                plan::names::mtpLogits, output);
  writeLosses(objective.losses(), output);
  if (options.grads)
    writeGradients(model, objective, output);
  output.commit();
  model.ranks().barrier("probe");
}

} // namespace step37
