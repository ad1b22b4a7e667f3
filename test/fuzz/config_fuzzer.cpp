// Configs: whatever the text is, parseModelConfig() gives a config or an Error, and a config's
// canonical text reads back as the same config.
#include "frontend/config/CanonicalConfig.h"
#include "runtime/base/Error.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  step37::ModelConfig config;
  try {
    config = step37::parseModelConfig({reinterpret_cast<const char *>(data), size}, "fuzz");
  } catch (const step37::Error &) {
    return 0;
  }
  if (step37::parseModelConfig(step37::canonicalConfig(config), "canonical") != config)
    std::abort();
  return 0;
}
