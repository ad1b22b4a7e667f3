#include "runtime/cuda/CudaExecutor.h"

#include "codegen/nvrtc/Nvrtc.h"
#include "runtime/StepBinding.h"
#include "runtime/cuda/DriverFunctions.h"
#include "runtime/file/Error.h"

#include <cassert>

namespace step37::cuda {
namespace {

constexpr double bytesPerGiB = 1024.0 * 1024 * 1024;

std::string gibibytes(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GiB", double(bytes) / bytesPerGiB);
  return text;
}

const std::string &blobBytes(const plan::Plan &plan, const std::string &name) {
  const plan::Blob *blob = plan.findBlob(name);
  assert(blob && "the loader has checked that images are there");
  return blob->bytes;
}

/// The headers that kernels' texts include, as the plan carries them.
std::map<std::string, std::string> headersOf(const plan::Plan &plan) {
  constexpr std::string_view folder = "cuda/";
  std::map<std::string, std::string> headers;
  for (const plan::Blob &blob : plan.blobs)
    if (blob.name.starts_with(folder) && blob.name.ends_with(".cuh"))
      headers[blob.name.substr(folder.size())] = blob.bytes;
  return headers;
}

} // namespace

CudaExecutor::CudaExecutor(const plan::Plan &plan, const plan::Target &target,
                           const ExecutorOptions &options)
    : Executor(target), options(options), device(driver, options.ordinal), cublas(driver) {
  if (target.arch != device.arch())
    throw Error("the plan's kernels are for " + target.arch + ", but the GPU (" + device.name() +
                ") is " + device.arch() + ": compile with --arch " + device.arch());
  std::vector<spec::KernelSpec> specs = parseSpecs(target);
  for (const plan::Program &program : target.programs)
    checkSteps(plan.mesh, target, program, specs);
  loadKernels(plan);
  int64_t free = device.freeBytes();
  if (target.arena_bytes > free)
    throw Error("the plan needs " + gibibytes(target.arena_bytes) + " of GPU memory, but of the " +
                gibibytes(device.totalBytes()) + " of " + device.name() + " only " +
                gibibytes(free) + " are free");
  arena = std::make_unique<Memory>(driver, target.arena_bytes, "the plan's arena");
  arena->fill(0);
  driver.check(driver.call().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "creating a stream");
  graphs.resize(target.programs.size());
  for (const plan::Program &program : target.programs)
    bind(program);
}

CudaExecutor::~CudaExecutor() {
  const Driver::Functions &call = driver.call();
  if (stream)
    call.cuStreamSynchronize(stream);
  for (CUgraphExec graph : graphs)
    if (graph)
      call.cuGraphExecDestroy(graph);
  if (stream)
    call.cuStreamDestroy(stream);
}

void CudaExecutor::loadKernels(const plan::Plan &plan) {
  for (const plan::Kernel &kernel : target().kernels) {
    std::unique_ptr<Module> &module = modules.emplace_back();
    if (kernel.image.empty())
      continue;
    try {
      module = std::make_unique<Module>(driver, blobBytes(plan, kernel.image), kernel.name);
    } catch (const Error &) {
      // The driver does not take this cubin of its own architecture: the text makes another.
      if (kernel.source.empty())
        throw;
      CompiledCuda compiled = Nvrtc().compile(kernel.name, blobBytes(plan, kernel.source),
                                              headersOf(plan), device.arch());
      module = std::make_unique<Module>(driver, compiled.cubin, kernel.name);
    }
  }
}

void CudaExecutor::bind(const plan::Program &program) {
  constexpr int64_t staticLimit = 48 * 1024; // more dynamic shared memory must be asked for
  std::vector<BoundStep> &steps = programs.emplace_back();
  std::vector<spec::KernelSpec> specs = parseSpecs(target());
  for (size_t index = 0; index < program.steps.size(); ++index) {
    const plan::Step &step = program.steps[index];
    const plan::Kernel &kernel = target().kernels[size_t(step.kernel)];
    BoundStep &bound = steps.emplace_back();
    bound.step = &step;
    bound.kernel = &kernel;
    for (auto [buffer, offset] : step.arguments)
      bound.buffers.push_back(arena->address() +
                              CUdeviceptr(target().buffers[size_t(buffer)].offset + offset));
    if (kernel.image.empty()) {
      const auto *gemm = std::get_if<spec::Gemm>(&specs[size_t(step.kernel)]);
      if (!gemm)
        throw Error(describeStep(program, index) + ": kernel " + kernel.name + " has no image");
      bound.product =
          products.emplace_back(cublas.prepare(*gemm, describeStep(program, index))).get();
      continue;
    }
    for (const plan::KernelStage &stage : kernel.stages) {
      CUfunction function = modules[size_t(step.kernel)]->function(stage.entry);
      if (stage.shared_bytes > staticLimit)
        driver.check(
            driver.call().cuFuncSetAttribute(
                function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(stage.shared_bytes)),
            describeStep(program, index) + ": shared memory of " + stage.entry);
      bound.functions.push_back(function);
    }
  }
}

void CudaExecutor::enqueue(const BoundStep &step) const {
  if (step.product)
    return step.product->enqueue(step.buffers, stream);
  // All stages take one struct of pointers by value.
  void *parameters[] = {const_cast<CUdeviceptr *>(step.buffers.data())};
  for (size_t i = 0; i < step.functions.size(); ++i) {
    const plan::KernelStage &stage = step.kernel->stages[i];
    driver.check(driver.call().cuLaunchKernel(
                     step.functions[i], unsigned(stage.grid[0]), unsigned(stage.grid[1]),
                     unsigned(stage.grid[2]), unsigned(stage.block), 1, 1,
                     unsigned(stage.shared_bytes), stream, parameters, nullptr),
                 step.step->origin + ": launch of " + stage.entry);
  }
}

CUgraphExec CudaExecutor::capture(int program) {
  const std::string what = "capturing program " + target().programs[size_t(program)].name;
  const Driver::Functions &call = driver.call();
  driver.check(call.cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), what);
  CUgraph graph = nullptr;
  for (const BoundStep &step : programs[size_t(program)])
    enqueue(step);
  driver.check(call.cuStreamEndCapture(stream, &graph), what);
  CUgraphExec executable = nullptr;
  CUresult status = call.cuGraphInstantiate(&executable, graph, 0);
  call.cuGraphDestroy(graph);
  driver.check(status, what);
  return executable;
}

void CudaExecutor::run(int program) {
  if (options.check)
    return runChecked(program);
  if (!options.graph) {
    for (const BoundStep &step : programs.at(size_t(program)))
      enqueue(step);
    return;
  }
  CUgraphExec &graph = graphs.at(size_t(program));
  if (!graph)
    graph = capture(program);
  driver.check(driver.call().cuGraphLaunch(graph, stream),
               "program " + target().programs[size_t(program)].name);
}

void CudaExecutor::runChecked(int program) {
  const plan::Program &steps = target().programs.at(size_t(program));
  for (size_t index = 0; index < steps.steps.size(); ++index) {
    enqueue(programs[size_t(program)][index]);
    synchronize(describeStep(steps, index));
  }
}

void CudaExecutor::synchronize(const std::string &what) const {
  driver.check(driver.call().cuStreamSynchronize(stream), what);
}

CUdeviceptr CudaExecutor::address(int buffer, int64_t offset, size_t bytes) const {
  const plan::Buffer &place = target().buffers.at(size_t(buffer));
  assert(offset >= 0 && offset + int64_t(bytes) <= place.bytes());
  return arena->address() + CUdeviceptr(place.offset + offset);
}

void CudaExecutor::write(int, int buffer, int64_t offset, std::span<const std::byte> bytes) {
  driver.check(driver.call().cuMemcpyHtoDAsync(address(buffer, offset, bytes.size()), bytes.data(),
                                               bytes.size(), stream),
               "writing buffer " + target().buffers[size_t(buffer)].name);
}

void CudaExecutor::read(int, int buffer, int64_t offset, std::span<std::byte> bytes) const {
  const std::string what = "reading buffer " + target().buffers[size_t(buffer)].name;
  driver.check(driver.call().cuMemcpyDtoHAsync(bytes.data(), address(buffer, offset, bytes.size()),
                                               bytes.size(), stream),
               what);
  synchronize(what);
}

std::string CudaExecutor::description() const {
  return "cuda, " + device.name() + ", " + gibibytes(target().arena_bytes) + " planned, cuBLASLt " +
         cublas.version();
}

} // namespace step37::cuda
