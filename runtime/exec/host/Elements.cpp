// See Elements.h.
#include "runtime/exec/host/Elements.h"

#include "runtime/exec/host/InstructionSets.h"

#include <cstring>

namespace step37::host {

void loadRow(const float *from, int64_t count, float *to) {
  std::memcpy(to, from, size_t(count) * sizeof(float));
}

STEP37_FOR_EACH_ISA void loadRow(const BFloat16 *__restrict from, int64_t count,
                                 float *__restrict to) {
  for (int64_t i = 0; i < count; ++i)
    to[i] = load(from + i);
}

void storeRow(const float *from, int64_t count, float *to) {
  std::memcpy(to, from, size_t(count) * sizeof(float));
}

STEP37_FOR_EACH_ISA void storeRow(const float *__restrict from, int64_t count,
                                  BFloat16 *__restrict to) {
  for (int64_t i = 0; i < count; ++i)
    store(to + i, from[i]);
}

} // namespace step37::host
