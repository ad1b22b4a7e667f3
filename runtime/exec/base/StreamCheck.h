// Whether the streams of a program wait for each other wherever they touch the same bytes. The
// compiler checks it for what it makes (step37-verify-planned), executors for what they run.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/plan/Plan.h"

#include <vector>

namespace step37 {

/// `specs`: by kernel of the target; arguments fit their buffers. Throws Error naming program, step
/// and buffer where a step touches bytes that an earlier one of the other stream may still be
/// touching, one of both writing.
void checkStreams(const plan::Target &target, const plan::Program &program,
                  const std::vector<spec::KernelSpec> &specs);

} // namespace step37
