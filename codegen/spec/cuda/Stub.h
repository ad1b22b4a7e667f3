// Prints the few lines of CUDA that make a kernel of a template: the launch choices, the include,
// the spec as compile-time constants, and one entry point a stage. All choices were made before;
// this only prints.
#pragma once

#include "codegen/spec/cuda/Variant.h"

#include <map>
#include <string>

namespace step37::spec {

/// The source of kernel `name`: entry points `<name>_0`, `<name>_1`, … for the kernel's stages,
/// each taking one struct `Arguments` by value: the buffers in the order of arguments(spec).
std::string printStub(const std::string &name, const KernelSpec &spec, const CudaKernel &kernel);

/// Name of the entry point of a stage.
std::string entryName(const std::string &name, size_t stage);

/// All files of codegen/kernels by name, embedded at build time: what stubs include.
const std::map<std::string, std::string> &kernelHeaders();

} // namespace step37::spec
