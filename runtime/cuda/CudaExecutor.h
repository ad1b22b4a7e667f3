// Runs a plan's "cuda" target on one GPU: one arena, cubins from the plan, dense products by
// cuBLASLt, every program captured once as a CUDA graph and replayed. Nothing is allocated and
// nothing waits inside a program; `run` only enqueues, reading a buffer waits for what was enqueued
// before.
#pragma once

#include "runtime/Executor.h"
#include "runtime/cuda/CublasLt.h"
#include "runtime/cuda/Driver.h"

#include <vector>

namespace step37::cuda {

class CudaExecutor : public Executor {
public:
  CudaExecutor(const plan::Plan &plan, const plan::Target &target, const ExecutorOptions &options);
  ~CudaExecutor() override;

  int localRanks() const override { return 1; }
  void run(int program) override;
  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) override;
  void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const override;
  std::string description() const override;

private:
  /// A stage of a kernel, or a product of cuBLASLt, with its buffers' addresses.
  struct BoundStep {
    const plan::Step *step;
    const plan::Kernel *kernel;
    std::vector<CUfunction> functions; // one a stage; empty for a product
    const Product *product = nullptr;
    std::vector<CUdeviceptr> buffers;
  };

  void loadKernels(const plan::Plan &plan);
  void bind(const plan::Program &program);
  void enqueue(const BoundStep &step) const;
  /// Runs step by step; after each waits and names the step where something went wrong.
  void runChecked(int program);
  CUgraphExec capture(int program);
  void synchronize(const std::string &what) const;
  CUdeviceptr address(int buffer, int64_t offset, size_t bytes) const;

  ExecutorOptions options;
  Driver driver;
  Device device;
  CublasLt cublas;
  std::vector<std::unique_ptr<Module>> modules;   // by kernel; null for products
  std::vector<std::unique_ptr<Product>> products; // of all gemm steps
  std::unique_ptr<Memory> arena;
  std::vector<std::vector<BoundStep>> programs;
  std::vector<CUgraphExec> graphs; // by program; null until its first run
  CUstream stream = nullptr;
};

} // namespace step37::cuda
