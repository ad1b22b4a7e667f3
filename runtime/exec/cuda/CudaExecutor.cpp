// Binding steps to addresses, graphs, and copies in and out; see CudaExecutor.h.
#include "runtime/exec/cuda/CudaExecutor.h"

#include "runtime/base/Printed.h"
#include "runtime/exec/base/StepBinding.h"
#include "runtime/exec/cuda/DriverFunctions.h"
#include "runtime/exec/cuda/KernelImages.h"
#include "runtime/exec/cuda/ProductTuning.h"
#include "runtime/exec/cuda/Range.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <cassert>

namespace step37::cuda {
namespace {

std::string gibibytes(int64_t bytes) {
  constexpr double bytesPerGiB = 1024.0 * 1024 * 1024;
  return printed("%.2f GiB", double(bytes) / bytesPerGiB);
}

} // namespace

CudaExecutor::CudaExecutor(const plan::Plan &plan, const plan::Target &target,
                           const ExecutorOptions &options, std::unique_ptr<Driver> givenDriver)
    : Executor(target), options(options), driver(std::move(givenDriver)),
      device(*driver, options.ordinal), freeAtStart(device.freeBytes()),
      imageBytes(plan.imageBytes(target)), specs(parseSpecs(target)), streams(*driver),
      timer(*driver) {
  for (const plan::Program &program : target.programs)
    checkSteps(plan.mesh, target, program, specs);
  modules = loadKernels(plan, target, *driver, device);
  int64_t free = device.freeBytes();
  if (target.arena_bytes > free)
    throw Error("the plan needs " + gibibytes(target.arena_bytes) + " of GPU memory, but of the " +
                gibibytes(device.totalBytes()) + " of " + device.name() + " only " +
                gibibytes(free) + " are free");
  arena = std::make_unique<Memory>(*driver, target.arena_bytes, "the plan's arena");
  arena->fill(0);
  copies = std::make_unique<PinnedCopies>(*driver, streams.compute());
  graphs.resize(target.programs.size());
  if (plan::rankCount(plan.mesh) > 1)
    exchanges = std::make_unique<Exchanges>(*driver, plan.mesh, target, arena->address(), specs,
                                            *options.job);
  for (const plan::Program &program : target.programs)
    bind(program);
  writeCoordinates(plan.mesh);
}

void CudaExecutor::writeCoordinates(const plan::Mesh &mesh) {
  for (size_t i = 0; i < target().buffers.size(); ++i) {
    const plan::Buffer &buffer = target().buffers[i];
    if (buffer.coordinate.empty())
      continue;
    const auto index = int32_t(plan::indexAlong(mesh, buffer.coordinate, firstRank()));
    write(0, int(i), 0, std::as_bytes(std::span(&index, 1)));
  }
}

CudaExecutor::~CudaExecutor() {
  const Driver::Functions &call = driver->call();
  streams.finish();
  for (CUgraphExec graph : graphs)
    if (graph)
      call.cuGraphExecDestroy(graph);
}

void CudaExecutor::bind(const plan::Program &program) {
  streams.prepare(program);
  graphable.push_back(!exchanges || exchanges->allowsGraph(program));
  std::vector<BoundStep> &steps = programs.emplace_back();
  for (size_t index = 0; index < program.steps.size(); ++index) {
    const plan::Step &step = program.steps[index];
    BoundStep &bound = steps.emplace_back();
    bound.step = &step;
    bound.kernel = &target().kernels[size_t(step.kernel)];
    for (auto [buffer, offset] : step.arguments)
      bound.buffers.push_back(arena->address() +
                              CUdeviceptr(target().buffers[size_t(buffer)].offset + offset));
    if (step.rows_of >= 0)
      bound.rowsOf = &program.steps[size_t(step.rows_of)];
    bound.exchanges = step.kind == plan::StepKind::collective;
    if (bound.exchanges)
      continue;
    if (bound.kernel->image.empty()) {
      const spec::Gemm &gemm = gemmOf(program, index);
      bound.operands = spec::byName<spec::Gemm, CUdeviceptr>(gemm, bound.buffers);
      bound.product =
          bindProduct({gemm, productAlignment(bound.operands), describeStep(program, index)});
    } else {
      bound.functions = bindStages(program, index);
    }
  }
}

std::vector<CUfunction> CudaExecutor::bindStages(const plan::Program &program, size_t index) const {
  constexpr int64_t staticLimit = 48 * 1024; // more dynamic shared memory must be asked for
  const auto kernel = size_t(program.steps[index].kernel);
  std::vector<CUfunction> functions;
  for (const plan::KernelStage &stage : target().kernels[kernel].stages) {
    CUfunction function = modules[kernel]->function(stage.entry);
    if (stage.shared_bytes > staticLimit)
      driver->check(
          driver->call().cuFuncSetAttribute(
              function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(stage.shared_bytes)),
          describeStep(program, index) + ": shared memory of " + stage.entry);
    functions.push_back(function);
  }
  return functions;
}

const spec::Gemm &CudaExecutor::gemmOf(const plan::Program &program, size_t index) const {
  const auto kernel = size_t(program.steps[index].kernel);
  const auto *gemm = std::get_if<spec::Gemm>(&specs[kernel]);
  if (!gemm)
    throw Error(describeStep(program, index) + ": kernel " + target().kernels[kernel].name +
                " has no image");
  return *gemm;
}

std::unique_ptr<Product> CudaExecutor::bindProduct(const ProductStep &step) {
  if (!cublas) {
    cublas = std::make_unique<CublasLt>(*driver);
    if (options.tunedProducts)
      options.tunedProducts->requireMadeFor(device.name(), cublas->version());
  }
  ++products;
  const std::string *algorithm =
      options.tunedProducts ? options.tunedProducts->find(step.gemm, step.alignment) : nullptr;
  if (!algorithm)
    return cublas->prepare(step);
  ++tuned;
  return cublas->prepare(step, *algorithm);
}

template <class Before, class After>
void CudaExecutor::enqueue(int program, Before before, After after) const {
  const std::vector<BoundStep> &steps = programs[size_t(program)];
  streams.beginProgram(size_t(program));
  for (size_t index = 0; index < steps.size(); ++index) {
    Range range(steps[index].step->origin.c_str());
    streams.beginStep(size_t(program), index);
    before(index);
    enqueue(steps[index]);
    streams.endStep(size_t(program), index);
    after(index);
  }
  streams.endProgram(size_t(program));
}

void CudaExecutor::enqueue(const BoundStep &step) const {
  if (isLeftOut(step))
    return;
  CUstream stream = streams.of(*step.step);
  if (step.product)
    return step.product->enqueue(step.operands, stream);
  if (step.exchanges)
    return exchanges->enqueue(*step.step, stream);
  // All stages take one struct of pointers by value.
  void *parameters[] = {const_cast<CUdeviceptr *>(step.buffers.data())};
  for (size_t i = 0; i < step.functions.size(); ++i) {
    const plan::KernelStage &stage = step.kernel->stages[i];
    driver->check(driver->call().cuLaunchKernel(
                      step.functions[i], unsigned(stage.grid[0]), unsigned(stage.grid[1]),
                      unsigned(stage.grid[2]), unsigned(stage.block), 1, 1,
                      unsigned(stage.shared_bytes), stream, parameters, nullptr),
                  step.step->origin + ": launch of " + stage.entry);
  }
}

CUgraphExec CudaExecutor::capture(int program) {
  const std::string what = "capturing program " + target().programs[size_t(program)].name;
  const Driver::Functions &call = driver->call();
  constexpr auto nothing = [](size_t) {};
  driver->check(call.cuStreamBeginCapture(streams.compute(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                what);
  CUgraph graph = nullptr;
  enqueue(program, nothing, nothing);
  driver->check(call.cuStreamEndCapture(streams.compute(), &graph), what);
  CUgraphExec executable = nullptr;
  CUresult status = call.cuGraphInstantiate(&executable, graph, 0);
  call.cuGraphDestroy(graph);
  driver->check(status, what);
  return executable;
}

void CudaExecutor::run(int program) {
  const std::string &name = target().programs.at(size_t(program)).name;
  Range range(name.c_str());
  if (exchanges)
    exchanges->beginProgram();
  if (stepWatch)
    return runWatched(program);
  if (!options.graph || !graphable[size_t(program)]) {
    constexpr auto nothing = [](size_t) {};
    return enqueue(program, nothing, nothing);
  }
  CUgraphExec &graph = graphs[size_t(program)];
  if (!graph)
    graph = capture(program);
  driver->check(driver->call().cuGraphLaunch(graph, streams.compute()), "program " + name);
}

void CudaExecutor::runWatched(int program) {
  const plan::Program &steps = target().programs[size_t(program)];
  const double began = stepWatch->now();
  timer.begin();
  timer.mark(streams.compute());
  auto mark = [&](size_t index) { timer.mark(streams.of(steps.steps[index])); };
  enqueue(program, mark, [&](size_t index) {
    mark(index);
    if (!stepWatch->checks() || isLeftOut(programs[size_t(program)][index]))
      return;
    const std::string what = describeStep(steps, index);
    synchronize(streams.of(steps.steps[index]), what);
    stepWatch->requireFinite(program, index, [&](int64_t offset, std::span<std::byte> bytes) {
      fetch(offset, bytes, what);
    });
  });
  timer.mark(streams.compute()); // behind both streams
  const std::vector<double> marks = timer.seconds();
  for (size_t index = 0; index < steps.steps.size(); ++index)
    stepWatch->note({0, program, int(index), began + marks[2 * index + 1],
                     marks[2 * index + 2] - marks[2 * index + 1]});
}

void CudaExecutor::synchronize(CUstream stream, const std::string &what) const {
  std::optional<job::Job::Wait> wait;
  if (exchanges)
    wait.emplace(*options.job, "the GPU, " + what);
  driver->check(driver->call().cuStreamSynchronize(stream), what);
}

CUdeviceptr CudaExecutor::address(int buffer, int64_t offset, size_t bytes) const {
  const plan::Buffer &place = target().buffers.at(size_t(buffer));
  assert(offset >= 0 && offset + int64_t(bytes) <= place.bytes());
  return arena->address() + CUdeviceptr(place.offset + offset);
}

void CudaExecutor::write(int, int buffer, int64_t offset, std::span<const std::byte> bytes) {
  CUdeviceptr to = address(buffer, offset, bytes.size());
  if (bytes.size() <= PinnedCopies::mostUpload)
    return copies->upload(to, bytes);
  driver->check(driver->call().cuMemcpyHtoDAsync(to, bytes.data(), bytes.size(), streams.compute()),
                "writing buffer " + target().buffers[size_t(buffer)].name);
}

void CudaExecutor::read(int, int buffer, int64_t offset, std::span<std::byte> bytes) const {
  address(buffer, offset, bytes.size()); // checks the range
  const plan::Buffer &place = target().buffers[size_t(buffer)];
  fetch(place.offset + offset, bytes, "reading buffer " + place.name);
}

void CudaExecutor::fetch(int64_t offset, std::span<std::byte> bytes,
                         const std::string &what) const {
  driver->check(driver->call().cuMemcpyDtoHAsync(bytes.data(),
                                                 arena->address() + CUdeviceptr(offset),
                                                 bytes.size(), streams.compute()),
                what);
  synchronize(streams.compute(), what);
}

void CudaExecutor::startRead(int, int buffer, int64_t offset, std::span<std::byte> bytes) {
  copies->download(address(buffer, offset, bytes.size()), bytes);
}

void CudaExecutor::finishReads() {
  std::optional<job::Job::Wait> wait;
  if (exchanges)
    wait.emplace(*options.job, "the GPU");
  copies->finish();
  if (exchanges)
    exchanges->check();
}

std::string CudaExecutor::description() const {
  std::string text = "cuda, " + device.name() + ", " + gibibytes(target().arena_bytes) + " planned";
  if (cublas)
    text += ", cuBLASLt " + cublas->version();
  if (exchanges)
    text += ", rank " + std::to_string(firstRank()) + " of " +
            std::to_string(options.job->world()) + ", " + exchanges->description();
  if (options.graph && std::ranges::count(graphable, false) > 0)
    text += ", programs with counted exchange launch by launch";
  if (options.tunedProducts)
    text += ", " + std::to_string(tuned) + " of " + std::to_string(products) + " products tuned";
  return text;
}

std::optional<DeviceMemory> CudaExecutor::memory() const {
  return DeviceMemory{target().arena_bytes + imageBytes, freeAtStart - device.freeBytes()};
}

ProductTable CudaExecutor::tuneProducts(const std::function<void(const std::string &)> &say) {
  if (!cublas)
    throw Error("the plan has no products to tune");
  ProductTuning tuning(*driver, *cublas, streams.compute(), device.name());
  for (size_t program = 0; program < programs.size(); ++program) {
    const plan::Program &steps = target().programs[program];
    for (size_t index = 0; index < programs[program].size(); ++index)
      if (const BoundStep &step = programs[program][index]; step.product)
        tuning.measure(
            {gemmOf(steps, index), productAlignment(step.operands), describeStep(steps, index)},
            step.operands, say);
  }
  return tuning.result();
}

} // namespace step37::cuda
