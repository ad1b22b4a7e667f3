// See BadSamples.h.
#include "runtime/train/BadSamples.h"

#include "runtime/file/Error.h"

#include <utility>

namespace step37 {

void BadSamples::report(int64_t sample, const std::string &message) {
  if (policy == OnBadSample::stop)
    throw Error(message);
  if (samples.insert(sample).second)
    messages.push_back(message);
}

void BadSamples::note(RunLog &log) {
  for (const std::string &message : std::exchange(messages, {}))
    log.note("skipped " + message);
}

void BadSamples::conclude(RunLog &log) {
  note(log);
  if (count() > 0)
    log.note("bad samples skipped: " + std::to_string(count()));
}

} // namespace step37
