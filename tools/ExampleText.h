// The text that step37-run trains on without --data: tools/examples/text.txt, embedded at build
// time.
#pragma once

#include <string_view>

namespace step37 {

extern const std::string_view exampleText;

} // namespace step37
