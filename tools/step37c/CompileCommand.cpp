#include "tools/step37c/CompileCommand.h"

#include "runtime/plan/PlanFile.h"
#include "tools/step37c/Compiler.h"

#include <algorithm>
#include <iostream>

namespace step37 {
namespace {

void listSwitches() {
  for (const Switch &entry : switchTable()) {
    std::string values;
    for (std::string_view word : entry.values)
      values += (values.empty() ? "" : "|") + std::string(word);
    if (entry.kind != SwitchKind::word)
      values = entry.kind == SwitchKind::count ? "N" : "X";
    std::cout << entry.key << "=" << values << "\n    " << entry.meaning
              << (entry.values.empty() ? ""
                                       : " (default " + std::string(entry.values.front()) + ")")
              << "\n";
  }
}

} // namespace

void addCompileCommand(CLI::App &app) {
  auto *command = app.add_subcommand("compile", "compile a config.json to a plan");
  auto options = std::make_shared<CompileOptions>();
  auto output = std::make_shared<std::string>();
  auto target = std::make_shared<std::string>("all");
  auto listSet = std::make_shared<bool>(false);
  auto frozen = std::make_shared<std::vector<std::string>>();
  command->add_flag("--list-set", *listSet, "print the keys of --set and exit");
  command->add_option("config", options->config, "config.json, or a directory that holds one");
  command->add_option("-o,--output", *output, "the plan to write");

  const CLI::Range positive(int64_t{1}, int64_t{INT32_MAX});
  CLI::Option_group *shape = command->add_option_group("Shape");
  shape
      ->add_option("--micro-batch", options->microBatch,
                   "rows of a micro-batch (per data-parallel rank)")
      ->check(positive)
      ->capture_default_str();
  shape
      ->add_option("--seq-len", options->seqLen,
                   "tokens a row (default: 4096 or the config's maximum, if less)")
      ->check(positive);
  shape
      ->add_option("--dtype", options->type,
                   "parameters and activations (default: the config's torch_dtype)")
      ->check(CLI::IsMember({"bf16", "f32"}));

  CLI::Option_group *what = command->add_option_group("What is compiled");
  what->add_option("--arch", options->arch, "GPU architecture of the cuda target")
      ->capture_default_str();
  what->add_option("--target", *target, "what the plan can run on")
      ->check(CLI::IsMember([] {
        std::vector<std::string> names = supportedTargets();
        names.push_back("all");
        return names;
      }()))
      ->capture_default_str();
  what->add_option("--programs", options->programs, "of train, eval (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"train", "eval"}));
  what->add_option("--grad-dtype", options->gradType, "storage of gradients")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  what->add_option("--set", options->assignments, "key=value; --list-set prints the keys")
      ->take_all();
  what->add_flag("--mtp", options->mtp, "compute the layers of multi-token prediction");
  what->add_flag("--text-only", options->textOnly,
                 "compile a step3p7 config without the vision tower");
  what->add_option("--freeze", *frozen,
                   "parts that are not trained, of language, vision, projector (default: none)")
      ->delimiter(',')
      ->check(CLI::IsMember({"language", "vision", "projector"}));

  CLI::Option_group *images = command->add_option_group("Images of a micro-batch");
  images
      ->add_option("--images", options->images.images,
                   "at most so many (default: what the rows hold)")
      ->check(positive);
  images
      ->add_option("--crops", options->images.crops,
                   "at most so many of all images together (default: what the rows hold)")
      ->check(CLI::Range(int64_t{0}, int64_t{INT32_MAX}));
  images
      ->add_option("--image-size", options->images.imageSize,
                   "pixels of a side (default: the config's)")
      ->check(positive);
  images
      ->add_option("--crop-size", options->images.cropSize,
                   "pixels of a crop's side (default: 504/728 of an image's, in whole multiples of "
                   "4 patches)")
      ->check(positive);

  CLI::Option_group *look = command->add_option_group("Looking inside");
  look->add_option("--dump-dir", options->dumpDir,
                   "write the program after every pass into this folder");
  look->add_option("--stop-after", options->stopAfter, "stop after this phase, without a plan")
      ->check(CLI::IsMember(phaseNames()));

  command->callback([=] {
    if (*listSet)
      return listSwitches();
    if (options->config.empty())
      throw CLI::RequiredError("config");
    if (output->empty() && options->stopAfter.empty())
      throw CLI::RequiredError("--output");
    if (*target != "all")
      options->targets = {*target};
    auto freezes = [&](std::string_view part) { return std::ranges::count(*frozen, part) > 0; };
    options->frozen = {freezes("language"), freezes("vision"), freezes("projector")};
    if (std::optional<plan::Plan> plan = compile(*options))
      plan::save(*plan, *output);
  });
}

} // namespace step37
