// Batch in, tensors out; see Probe.h.
#include "runtime/train/Probe.h"

#include "runtime/file/Error.h"
#include "runtime/file/Safetensors.h"
#include "runtime/train/PartIO.h"

#include <algorithm>
#include <string>
#include <vector>

namespace step37 {

namespace {

TokenRows readBatch(const Model &model, const ProbeOptions &options) {
  TokenRows batch = readTokenRows(options.input, model.limits());
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

std::vector<safetensors::TensorSpec> outputs(const Model &model, bool grads) {
  std::vector<safetensors::TensorSpec> specs{
      {"logits", DType::f32, {model.rows(), model.seqLen(), model.plan().vocab}},
      {"loss", DType::f32, {1}}};
  if (grads)
    forEachGradient(model, [&](const plan::Parameter &, const plan::Part &part) {
      specs.push_back({"grad." + part.name, DType::f32, part.shape});
    });
  return specs;
}

/// Needs the final hidden state that `eval` has left. A run of the program gives a chunk of rows of
/// every block of tokens that the ranks share out; the file takes block after block. The rows
/// behind the last of a block's last chunk repeat it and are dropped, as are columns that pad the
/// vocabulary.
void writeLogits(Model &model, safetensors::Writer &writer) {
  const int buffer = model.buffer("logits", DType::f32);
  const std::vector<int64_t> shape = model.wholeShape(model.bufferOf(buffer));
  const int64_t vocab = model.plan().vocab, columns = shape.back();
  const int64_t chunkRows = model.bufferOf(buffer).shape.front(), blocks = shape[0] / chunkRows;
  const int64_t tokens = model.rows() * model.seqLen() / blocks;
  std::vector<float> chunk(static_cast<size_t>(chunkRows * columns));
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t first = 0; first < tokens; first += chunkRows) {
      model.writeScalar("chunk", static_cast<int32_t>(first / chunkRows));
      model.run("logits");
      model.readOutput(buffer, block * chunkRows * columns,
                       std::as_writable_bytes(std::span(chunk)));
      for (int64_t row = 0; row < std::min(chunkRows, tokens - first); ++row)
        writer.write("logits",
                     std::as_bytes(std::span(chunk).subspan(static_cast<size_t>(row * columns),
                                                            static_cast<size_t>(vocab))));
    }
}

void writeGradients(Model &model, double counted, safetensors::Writer &writer) {
  model.writeScalar("loss_scale", static_cast<float>(1 / counted));
  model.writeScalar("accumulate_beta", 0.0f);
  model.run("accumulate");
  forEachGradient(model, [&](const plan::Parameter &parameter, const plan::Part &part) {
    readPart(model, gradientPlace(model, parameter, part), DType::f32,
             [&](std::span<const std::byte> bytes) { writer.write("grad." + part.name, bytes); });
  });
}

} // namespace

void probe(Model &model, const ProbeOptions &options) {
  model.requirePrograms({"eval", "logits"});
  if (options.grads)
    model.requirePrograms({"accumulate"});
  const TokenRows batch = readBatch(model, options);
  const double counted = batch.counted();
  safetensors::Writer writer(options.output, outputs(model, options.grads));
  model.writeBatch(batch);
  model.run("eval");
  const auto loss = static_cast<float>(model.lossSum() / counted);
  writeLogits(model, writer);
  writer.write("loss", std::as_bytes(std::span(&loss, 1)));
  if (options.grads)
    writeGradients(model, counted, writer);
  writer.commit();
}

} // namespace step37
