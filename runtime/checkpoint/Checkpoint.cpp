// Saving and restoring walk the same list of tensors, so that the one is the inverse of the other;
// see Checkpoint.h.
#include "runtime/checkpoint/Checkpoint.h"

#include "runtime/base/AtomicDirectory.h"
#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/checkpoint/ParameterPlaces.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace step37 {

namespace fs = std::filesystem;

namespace {

/// A tensor of a file and the place in the plan that it is saved from and restored to.
struct Entry {
  safetensors::TensorSpec spec;
  PartPlace place;
};

/// The published tensors in their published types: for narrower ones than the plan's, rounded.
std::vector<Entry> modelEntries(const Model &model) {
  std::vector<Entry> entries;
  for (const plan::Parameter &parameter : model.plan().parameters)
    for (const plan::Part &part : parameter.parts)
      entries.push_back({{part.name, part.type, part.shape}, weightPlace(model, parameter, part)});
  return entries;
}

/// The optimizer's state, and the exact values of frozen parameters that model.safetensors rounds.
/// Without a master of its own a parameter is the master.
std::vector<Entry> optimizerEntries(const Model &model) {
  std::vector<Entry> entries;
  for (const plan::Parameter &parameter : model.plan().parameters) {
    const std::string &exact = parameter.master.empty() ? parameter.buffer : parameter.master;
    for (const plan::Part &part : parameter.parts) {
      auto add = [&](const char *suffix, PartPlace place) {
        entries.push_back({{part.name + suffix, DType::f32, part.shape}, std::move(place)});
      };
      if (parameter.trained || model.bufferOf(model.buffer(exact)).type != part.type)
        add(".master", parameter.master.empty() ? weightPlace(model, parameter, part)
                                                : statePlace(model, parameter, part, exact));
      if (!parameter.trained)
        continue;
      add(".moment1", statePlace(model, parameter, part, parameter.moment1));
      add(".moment2", statePlace(model, parameter, part, parameter.moment2));
    }
  }
  return entries;
}

/// Writes the entries to a file of the directory and notes it in the manifest. Of several processes
/// only the root writes; the others have part in the reading, in the same order.
void saveEntries(const Model &model, const std::vector<Entry> &entries, const fs::path &path,
                 CheckpointManifest &manifest) {
  std::map<std::string, const Entry *> byName;
  std::vector<safetensors::TensorSpec> specs;
  for (const Entry &entry : entries) {
    byName[entry.spec.name] = &entry;
    specs.push_back(entry.spec);
  }
  safetensors::sortTensors(specs);
  std::optional<safetensors::Writer> writer;
  if (model.ranks().isRoot())
    writer.emplace(path, specs, safetensors::Order::sorted, safetensors::Metadata{{"format", "pt"}},
                   Hashing::on);
  for (const safetensors::TensorSpec &spec : specs)
    readPart(model.ranks(), model.plan().mesh, byName.at(spec.name)->place, spec.type,
             [&](std::span<const std::byte> bytes) { writer->write(spec.name, bytes); });
  if (!writer)
    return;
  writer->commit();
  manifest.files[path.filename().string()] = {static_cast<int64_t>(fs::file_size(path)),
                                              writer->sha256()};
}

void saveConfig(const Model &model, const fs::path &path, CheckpointManifest &manifest) {
  const plan::Blob *config = model.plan().findBlob("config.json");
  if (!config)
    throw Error("the plan has no blob config.json");
  AtomicFile file(path, Hashing::on);
  file.write(config->bytes);
  file.commit();
  manifest.files[path.filename().string()] = {file.size(), file.sha256()};
}

void restoreEntries(Model &model, const std::vector<Entry> &entries, const fs::path &path) {
  safetensors::File file(path);
  for (const Entry &entry : entries) {
    const safetensors::Tensor &tensor = file.at(entry.spec.name);
    if (tensor.shape != entry.spec.shape || file.type(tensor) != entry.spec.type)
      throw Error(path.string() + ": " + tensor.name + ": type or shape is not the plan's");
    writePart(model.ranks(), model.plan().mesh, {&entry.place, 1},
              valuesIn(entry.spec.type, file.bytes(tensor)));
  }
}

} // namespace

void saveCheckpoint(const Model &model, CheckpointManifest manifest, const fs::path &directory) {
  std::optional<AtomicDirectory> output;
  if (model.ranks().isRoot())
    output.emplace(directory);
  const fs::path staging = output ? output->staging() : fs::path();
  saveEntries(model, modelEntries(model), staging / "model.safetensors", manifest);
  saveEntries(model, optimizerEntries(model), staging / "optimizer.safetensors", manifest);
  if (output) {
    saveConfig(model, staging / "config.json", manifest);
    writeFile(staging / "manifest.json", manifest.text());
    output->commit();
  }
  model.ranks().barrier("checkpoint " + directory.filename().string());
}

void restoreCheckpoint(Model &model, const fs::path &directory) {
  restoreEntries(model, modelEntries(model), directory / "model.safetensors");
  // Exact values come second: they replace what a narrow published type has rounded.
  restoreEntries(model, optimizerEntries(model), directory / "optimizer.safetensors");
}

} // namespace step37
