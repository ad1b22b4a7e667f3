#include "tools/step37c/ExportCommand.h"

#include "tools/step37c/ConversionFlags.h"
#include "tools/step37c/ProgressBar.h"

#include <memory>

namespace step37 {

namespace {

constexpr const char *published = "published";

struct ExportFlags : ConversionFlags {
  int64_t shardBytes = defaultShardBytes;
};

void runExport(ExportFlags flags) {
  const OpenedSource source = openSource(flags.source);
  ProgressBar bar("export");
  flags.options.progress = [&](int64_t done, int64_t total) { bar.update(done, total); };
  printSummary("exported", flags.layout == published
                               ? exportPublished(*source.weights, source.map, flags.shardBytes,
                                                 flags.output, flags.options)
                               : writeRanks(*source.weights, source.map, flags.selection(),
                                            flags.output, flags.options));
}

} // namespace

void addExportCommand(CLI::App &app) {
  auto *command = app.add_subcommand("export", "write weights under their published names, or in "
                                               "Megatron-Core's layouts");
  auto flags = std::make_shared<ExportFlags>();
  addConversionFlags(*command, *flags, {published, "plan", "megatron", "megatron-expanded"});
  command
      ->add_option("--shard-size", flags->shardBytes,
                   "most bytes of a file; units like MB, GB, MiB, GiB")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->check(CLI::PositiveNumber)
      ->default_str("9GB");
  command->add_option("-o,--output", flags->output, "directory to write")->required();
  command->callback([=] {
    const bool isPublished = flags->layout == published;
    for (const char *name : {"--tp", "--ep", "--etp", "--rank", "--shard-size"})
      if (isPublished != (std::string_view(name) == "--shard-size") &&
          !command->get_option(name)->empty())
        throw CLI::ValidationError(name, "says nothing about the layout " + flags->layout);
    runExport(*flags);
  });
}

} // namespace step37
