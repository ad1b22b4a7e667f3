// The options themselves; see ModelFlags.h.
#include "tools/step37c/ModelFlags.h"

#include <algorithm>

namespace step37 {
namespace {

FrozenParts frozenParts(const std::vector<std::string> &named) {
  auto freezes = [&](std::string_view part) { return std::ranges::count(named, part) > 0; };
  return {freezes("language"), freezes("vision"), freezes("projector")};
}

} // namespace

CLI::Range positiveCount() { return {int64_t{1}, int64_t{INT32_MAX}}; }

void addModelFlags(CLI::App &command, CompileOptions &options) {
  command.add_option("config", options.config, "config.json, or a directory that holds one");
  const CLI::Range positive = positiveCount();

  CLI::Option_group *shape = command.add_option_group("Shape");
  shape
      ->add_option("--micro-batch", options.microBatch,
                   "rows of a micro-batch (per data-parallel rank)")
      ->check(positive)
      ->capture_default_str();
  shape
      ->add_option("--seq-len", options.seqLen,
                   "tokens a row (default: 4096 or the config's maximum, if less)")
      ->check(positive);
  shape
      ->add_option("--dtype", options.type,
                   "parameters and activations (default: the config's torch_dtype)")
      ->check(CLI::IsMember({"bf16", "f32"}));

  CLI::Option_group *what = command.add_option_group("What is compiled");
  what->add_option("--programs", options.programs, "of train, eval (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"train", "eval"}));
  what->add_option("--grad-dtype", options.gradType, "storage of gradients")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  what->add_option("--recompute", options.recompute,
                   "activations that are computed again in the backward program instead of kept "
                   "(default: none, or as little as fits where the memory is said)")
      ->check(CLI::IsMember({"none", "selective", "full"}));
  what->add_option("--set", options.assignments, "key=value; --list-set prints the keys")
      ->take_all();
  what->add_flag("--mtp", options.mtp, "compute the layers of multi-token prediction");
  what->add_flag("--text-only", options.textOnly,
                 "compile a step3p7 config without the vision tower");
  what->add_option_function<std::vector<std::string>>(
          "--freeze", [&options](const auto &parts) { options.frozen = frozenParts(parts); },
          "parts that are not trained, of language, vision, projector (default: none)")
      ->delimiter(',')
      ->check(CLI::IsMember({"language", "vision", "projector"}));

  CLI::Option_group *images = command.add_option_group("Images of a micro-batch");
  images
      ->add_option("--images", options.images.images,
                   "at most so many (default: what the rows hold)")
      ->check(positive);
  images
      ->add_option("--crops", options.images.crops,
                   "at most so many of all images together (default: what the rows hold)")
      ->check(CLI::Range(int64_t{0}, int64_t{INT32_MAX}));
  images
      ->add_option("--image-size", options.images.imageSize,
                   "pixels of a side (default: the config's)")
      ->check(positive);
  images
      ->add_option("--crop-size", options.images.cropSize,
                   "pixels of a crop's side (default: 504/728 of an image's, in whole multiples of "
                   "4 patches)")
      ->check(positive);

  CLI::Option_group *sharding = command.add_option_group("Sharding");
  sharding->add_flag("--sequence-parallel", options.mesh.sequenceParallel,
                     "split tokens over the tensor-parallel ranks between the products");
  sharding
      ->add_option("--dispatch", options.mesh.dispatch,
                   "how tokens come to the ranks of their experts (default: what sends a rank "
                   "fewer bytes)")
      ->check(CLI::IsMember({"gather", "all-to-all"}));
  sharding
      ->add_option("--expert-rows", options.mesh.expertRows,
                   "rows that a rank's experts work on at once, as a multiple of the mean")
      ->check(CLI::Range(0.01, 1e6))
      ->check([](const std::string &text) { // a range takes what compares with nothing
        return text.find("nan") == std::string::npos ? std::string() : text + " is no number";
      })
      ->capture_default_str();
  sharding
      ->add_option(
          "--zero", options.mesh.splitState,
          "1: split optimizer state over the ranks that hold the same parameter; 0: do not")
      ->check(CLI::IsMember({"0", "1"}))
      ->capture_default_str();
}

} // namespace step37
