// Safetensors files: whatever the bytes are, parse() gives tensors inside of them or an Error.
#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "test/runtime/SafetensorsSamples.h"

#include <cstdlib>

using namespace step37;

namespace {

void read(const std::string &bytes) {
  try {
    const safetensors::Header header = safetensors::parse(bytes, "fuzz");
    for (const safetensors::Tensor &tensor : header.tensors) {
      const auto size = static_cast<int64_t>(bytes.size());
      if (tensor.offset < 8 || tensor.offset > size || tensor.bytes < 0 ||
          tensor.bytes > size - tensor.offset)
        std::abort(); // bytes that the file does not have
    }
  } catch (const Error &) {
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string input(reinterpret_cast<const char *>(data), size);
  read(input);
  read(test::safetensorsBytes(input, std::string(16, 'x'))); // as a header
  return 0;
}
