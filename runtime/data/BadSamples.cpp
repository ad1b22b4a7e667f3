// See BadSamples.h.
#include "runtime/data/BadSamples.h"

#include "runtime/base/Error.h"

#include <utility>

namespace step37 {

void BadSamples::report(int64_t sample, const std::string &message) {
  if (policy == OnBadSample::stop)
    throw Error(message);
  if (samples.insert(sample).second)
    messages.push_back(message);
}

void BadSamples::tell(const Say &say) {
  for (const std::string &message : std::exchange(messages, {}))
    say("skipped " + message);
}

void BadSamples::conclude(const Say &say) {
  tell(say);
  if (count() > 0)
    say("bad samples skipped: " + std::to_string(count()));
}

} // namespace step37
