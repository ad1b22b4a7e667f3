#include "test/cuda/GpuKernel.h"

#include "codegen/spec/cuda/Stub.h"
#include "runtime/exec/cuda/DriverFunctions.h"

#include <algorithm>

namespace step37::test {

Gpu &Gpu::instance() {
  static Gpu gpu;
  return gpu;
}

CompiledCuda GpuKernel::compile(const Gpu &gpu, const spec::KernelSpec &spec,
                                const spec::CudaKernel &kernel) {
  std::string name(spec::family(spec));
  return gpu.nvrtc.compile(name, spec::printStub(name, spec, kernel), spec::kernelHeaders(),
                           gpu.device.arch());
}

GpuKernel::GpuKernel(Gpu &gpu, const spec::KernelSpec &spec, const spec::CudaKernel &kernel,
                     const CompiledCuda &compiled)
    : gpu(gpu), stages(kernel.stages()) {
  constexpr int64_t staticLimit = 48 * 1024; // more dynamic shared memory must be asked for
  std::string name(spec::family(spec));
  module = std::make_unique<cuda::Module>(gpu.driver, compiled.cubin, name);
  for (size_t i = 0; i < stages.size(); ++i) {
    auto isEntry = [&](const EntryReport &entry) { return entry.name == spec::entryName(name, i); };
    reports.push_back(*std::ranges::find_if(compiled.entries, isEntry));
    functions.push_back(module->function(spec::entryName(name, i)));
    if (stages[i].sharedBytes > staticLimit)
      gpu.driver.check(gpu.driver.call().cuFuncSetAttribute(
                           functions[i], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                           int(stages[i].sharedBytes)),
                       "shared memory of " + stages[i].function);
  }
}

void GpuKernel::enqueue(std::span<const CUdeviceptr> arguments, size_t firstStage,
                        size_t endStage) const {
  // All stages take one struct of pointers by value.
  void *parameters[] = {const_cast<CUdeviceptr *>(arguments.data())};
  for (size_t i = firstStage; i < endStage; ++i) {
    const spec::Stage &stage = stages[i];
    gpu.driver.check(gpu.driver.call().cuLaunchKernel(
                         functions[i], unsigned(stage.grid[0]), unsigned(stage.grid[1]),
                         unsigned(stage.grid[2]), unsigned(stage.block), 1, 1,
                         unsigned(stage.sharedBytes), nullptr, parameters, nullptr),
                     "launch of " + stage.function);
  }
}

void GpuKernel::run(std::span<const CUdeviceptr> arguments) const {
  enqueue(arguments, 0, stages.size());
  gpu.driver.check(gpu.driver.call().cuCtxSynchronize(), "run of " + stages[0].function);
}

double GpuKernel::seconds(std::span<const CUdeviceptr> arguments) const {
  return seconds(arguments, 0, stages.size());
}

std::vector<double> GpuKernel::stageSeconds(std::span<const CUdeviceptr> arguments) const {
  std::vector<double> times;
  for (size_t i = 0; i < stages.size(); ++i)
    times.push_back(seconds(arguments, i, i + 1));
  return times;
}

double GpuKernel::seconds(std::span<const CUdeviceptr> arguments, size_t firstStage,
                          size_t endStage) const {
  constexpr int runs = 20;
  const cuda::Driver::Functions &call = gpu.driver.call();
  CUevent begin, end;
  gpu.driver.check(call.cuEventCreate(&begin, CU_EVENT_DEFAULT), "event");
  gpu.driver.check(call.cuEventCreate(&end, CU_EVENT_DEFAULT), "event");
  gpu.driver.check(call.cuEventRecord(begin, nullptr), "event");
  for (int i = 0; i < runs; ++i)
    enqueue(arguments, firstStage, endStage);
  gpu.driver.check(call.cuEventRecord(end, nullptr), "event");
  gpu.driver.check(call.cuEventSynchronize(end), "timing of " + stages[0].function);
  float milliseconds = 0;
  gpu.driver.check(call.cuEventElapsedTime(&milliseconds, begin, end), "event");
  call.cuEventDestroy(begin);
  call.cuEventDestroy(end);
  return double(milliseconds) / 1e3 / runs;
}

} // namespace step37::test
