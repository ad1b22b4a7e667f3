// Configs: whatever the text is, parseModelConfig() gives a config or an Error.
#include "frontend/config/ModelConfig.h"
#include "runtime/file/Error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    step37::parseModelConfig({reinterpret_cast<const char *>(data), size}, "fuzz");
  } catch (const step37::Error &) {
  }
  return 0;
}
