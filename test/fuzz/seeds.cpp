// Writes the files from which fuzzing of plans and safetensors starts: fuzz_seeds FOLDER makes
// FOLDER/plan and FOLDER/safetensors, each with a whole file and with a header alone.
#include "runtime/base/AtomicFile.h"
#include "test/runtime/PlanSamples.h"
#include "test/runtime/SafetensorsSamples.h"

#include <cstdio>

using namespace step37;

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  const std::string plan = plan::serialize(test::samplePlan());
  const std::string tensors = test::sampleSafetensors();
  for (const auto &[name, bytes] : {std::pair{"plan", plan}, std::pair{"safetensors", tensors}}) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / name;
    std::filesystem::create_directories(folder);
    writeFile(folder / "file", bytes);
    writeFile(folder / "header", bytes.substr(8, test::announcedLength(bytes)));
  }
}
