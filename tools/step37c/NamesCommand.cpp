#include "tools/step37c/NamesCommand.h"

#include "bridge/TensorMap.h"
#include "codegen/report/NamesReport.h"
#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/plan/PlanFile.h"

#include <filesystem>
#include <iostream>
#include <memory>

namespace step37 {

namespace {

struct NamesFlags {
  std::string source;
  bool megatron = false, markdown = false;
};

/// A plan begins with the length of its header in eight bytes, of which the last is zero; a
/// config.json has no zero bytes.
bool isPlan(const std::filesystem::path &path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return false;
  const MappedFile file(path);
  return file.text().substr(0, 8).find('\0') != std::string_view::npos;
}

TensorMap openTable(const std::string &source) {
  if (isPlan(source))
    return tensorMapOf(plan::load(source), source);
  return TensorMap(loadModelConfig(source).config);
}

} // namespace

void addNamesCommand(CLI::App &app) {
  auto *command = app.add_subcommand(
      "names", "print the table of tensors: published name, shape, how ranks share it, parameter");
  auto flags = std::make_shared<NamesFlags>();
  command->add_option("source", flags->source, "a plan, a config.json or a directory with one")
      ->required();
  auto *megatron =
      command->add_flag("--megatron", flags->megatron, "add the names of Megatron-Core");
  command
      ->add_flag("--markdown", flags->markdown,
                 "as a Markdown table, all layers and experts that are alike in one row")
      ->excludes(megatron);
  command->callback([=] {
    const TensorMap map = openTable(flags->source);
    std::cout << (flags->markdown ? report::kindsMarkdown(map.tensors())
                                  : report::namesText(map.tensors(), flags->megatron))
              << std::flush;
    if (!std::cout)
      throw Error("standard output: cannot write");
  });
}

} // namespace step37
