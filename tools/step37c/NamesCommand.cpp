#include "tools/step37c/NamesCommand.h"

#include "bridge/TensorMap.h"
#include "runtime/file/Error.h"
#include "runtime/file/MappedFile.h"
#include "runtime/file/Safetensors.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/report/Quantities.h"
#include "runtime/report/TextTable.h"

#include <filesystem>
#include <iostream>
#include <memory>

namespace step37 {

namespace {

struct NamesFlags {
  std::string source;
  bool megatron = false;
};

/// A plan begins with the length of its header in eight bytes, of which the last is zero; a
/// config.json has no zero bytes.
bool isPlan(const std::filesystem::path &path) {
  if (std::filesystem::is_directory(path))
    return false;
  const MappedFile file(path);
  return file.text().substr(0, 8).find('\0') != std::string_view::npos;
}

ModelConfig configOf(const std::string &source) {
  if (!isPlan(source))
    return loadModelConfig(source).config;
  const plan::Plan plan = plan::load(source);
  const plan::Blob *config = plan.findBlob("config.json");
  if (!config)
    throw Error(source + ": has no config.json");
  return parseModelConfig(config->bytes, source + ": config.json");
}

std::string namesText(const TensorMap &map, bool megatron) {
  report::TextTable table("llrlll");
  table.add({"tensor", "type", "shape", "sharing", "parameter", megatron ? "Megatron-Core" : ""});
  int64_t parameters = 0, bytes = 0;
  for (const MappedTensor &tensor : map.tensors()) {
    const PublishedTensor &published = tensor.published;
    std::string parameter = tensor.parameter;
    if (tensor.packing != Packing::alone)
      parameter += " (" + std::string(name(tensor.packing)) + ')';
    table.add({published.name, std::string(safetensors::publishedName(published.type)),
               report::shapeText(published.shape), std::string(name(tensor.sharding)),
               std::move(parameter), megatron ? tensor.megatron : ""});
    parameters += elementCount(published);
    bytes += elementCount(published) * byteSize(published.type);
  }
  return table.text() + report::counted(static_cast<int64_t>(map.tensors().size()), "tensor") +
         ", " + report::counted(parameters, "parameter") + ", " + report::counted(bytes, "byte") +
         '\n';
}

} // namespace

void addNamesCommand(CLI::App &app) {
  auto *command = app.add_subcommand(
      "names", "print the table of tensors: published name, shape, how ranks share it, parameter");
  auto flags = std::make_shared<NamesFlags>();
  command->add_option("source", flags->source, "a plan, a config.json or a directory with one")
      ->required();
  command->add_flag("--megatron", flags->megatron, "add the names of Megatron-Core");
  command->callback([=] {
    std::cout << namesText(TensorMap(configOf(flags->source)), flags->megatron) << std::flush;
    if (!std::cout)
      throw Error("standard output: cannot write");
  });
}

} // namespace step37
