// Plan files: whatever the bytes are, deserialize() gives a plan or an Error. The header's hash is
// put right first, since mutations would otherwise end there.
#include "runtime/base/Error.h"
#include "test/runtime/PlanSamples.h"

#include <cstdlib>

using namespace step37;

namespace {

void read(std::string bytes) {
  test::reseal(bytes);
  try {
    const std::string written = plan::serialize(plan::deserialize(bytes, "fuzz"));
    if (plan::serialize(plan::deserialize(written, "fuzz")) != written)
      std::abort(); // a plan that was accepted is not the same after another round
  } catch (const Error &) {
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string input(reinterpret_cast<const char *>(data), size);
  read(input);
  read(test::planFileOf(input)); // as a header, with the length that it has
  return 0;
}
