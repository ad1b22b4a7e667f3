// Runs a plan's "cuda" target on one GPU: one arena, cubins from the plan, dense products by
// cuBLASLt, exchange with other ranks by NCCL, every program captured once as a CUDA graph and
// replayed. Nothing is allocated and nothing waits inside a program; `run` only enqueues, reading a
// buffer waits for what was enqueued before. But a program with counted exchanges (Exchanges.h) is
// enqueued launch by launch, and waits for each list of counts.
#pragma once

#include "runtime/exec/base/Executor.h"
#include "runtime/exec/cuda/CublasLt.h"
#include "runtime/exec/cuda/Driver.h"
#include "runtime/exec/cuda/Exchanges.h"
#include "runtime/exec/cuda/PinnedCopies.h"
#include "runtime/exec/cuda/StepStreams.h"
#include "runtime/exec/cuda/StepTimer.h"

#include <memory>
#include <optional>
#include <vector>

namespace step37::cuda {

class CudaExecutor final : public Executor {
public:
  /// `driver`: the installed one, or one that a test has made.
  CudaExecutor(const plan::Plan &plan, const plan::Target &target, const ExecutorOptions &options,
               std::unique_ptr<Driver> driver = std::make_unique<Driver>());
  ~CudaExecutor() override;

  int localRanks() const override { return 1; }
  int firstRank() const override { return options.job ? options.job->rank() : 0; }
  void run(int program) override;
  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) override;
  void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const override;
  void startRead(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) override;
  void finishReads() override;
  std::string description() const override;
  std::string deviceName() const override { return device.name(); }
  std::optional<DeviceMemory> memory() const override;
  ProductTable tuneProducts(const std::function<void(const std::string &)> &say) override;

private:
  /// A stage of a kernel, or a product of cuBLASLt, with its buffers' addresses.
  struct BoundStep {
    const plan::Step *step;
    const plan::Kernel *kernel;
    std::vector<CUfunction> functions; // one a stage; empty for a product
    std::unique_ptr<Product> product;
    ProductBuffers operands;            // of a product
    bool exchanges = false;             // a collective
    const plan::Step *rowsOf = nullptr; // the step of plan::Step::rows_of
    std::vector<CUdeviceptr> buffers;   // in launch order
  };

  void bind(const plan::Program &program);
  std::vector<CUfunction> bindStages(const plan::Program &program, size_t index) const;
  std::unique_ptr<Product> bindProduct(const ProductStep &step);
  /// The spec of a step of kind gemm. Throws Error where its kernel is none.
  const spec::Gemm &gemmOf(const plan::Program &program, size_t index) const;
  void enqueue(const BoundStep &step) const;
  /// All steps of a program on the streams, each between calls of these.
  template <class Before, class After> void enqueue(int program, Before before, After after) const;
  /// Whether a step works on rows of which this rank has none.
  bool isLeftOut(const BoundStep &step) const {
    return step.rowsOf && exchanges->rowsOf(*step.rowsOf) == 0;
  }
  void writeCoordinates(const plan::Mesh &mesh);
  /// Runs step by step under the watch.
  void runWatched(int program);
  CUgraphExec capture(int program);
  void synchronize(CUstream stream, const std::string &what) const;
  CUdeviceptr address(int buffer, int64_t offset, size_t bytes) const;
  /// Copies from the arena, from a byte offset in it on.
  void fetch(int64_t offset, std::span<std::byte> bytes, const std::string &what) const;

  ExecutorOptions options;
  std::unique_ptr<Driver> driver;
  Device device;
  int64_t freeAtStart;                          // bytes of GPU memory, with an empty context
  int64_t imageBytes;                           // of the plan's kernels
  std::vector<spec::KernelSpec> specs;          // by kernel
  std::vector<std::unique_ptr<Module>> modules; // by kernel; null for products
  std::unique_ptr<Memory> arena;
  StepStreams streams;
  std::unique_ptr<PinnedCopies> copies;
  std::unique_ptr<CublasLt> cublas;     // null while no step is a product
  std::unique_ptr<Exchanges> exchanges; // null in a plan of one rank
  int products = 0, tuned = 0; // steps that are products, and those with a table's algorithm
  std::vector<std::vector<BoundStep>> programs;
  std::vector<bool> graphable;     // by program
  std::vector<CUgraphExec> graphs; // by program; null until its first run
  StepTimer timer;
};

} // namespace step37::cuda
