// Checks a target's kernels and steps against their specs before anything runs: what every executor
// does first, whatever its device. After it a kernel may trust its arguments.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/plan/Plan.h"

#include <functional>
#include <vector>

namespace step37 {

/// The typed specs of all kernels. Throws Error naming target and kernel where one is malformed.
std::vector<spec::KernelSpec> parseSpecs(const plan::Target &target);

/// Checks every step of a program: number of arguments, element types, that each kernel's extent
/// lies in its buffer, that collectives name axes of the mesh, and that streams wait for each
/// other. Throws Error naming program, step, origin and argument.
void checkSteps(const plan::Mesh &mesh, const plan::Target &target, const plan::Program &program,
                const std::vector<spec::KernelSpec> &specs);

/// "program accumulate, step 12 (model.layers.3.moe)": how messages name a step.
std::string describeStep(const plan::Program &program, size_t index);

} // namespace step37
