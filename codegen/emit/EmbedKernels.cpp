#include "codegen/emit/EmbedKernels.h"

#include "codegen/nvrtc/Nvrtc.h"
#include "codegen/spec/SpecJson.h"
#include "codegen/spec/cuda/Stub.h"
#include "runtime/base/Error.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace step37 {
namespace {

/// One kernel on its way to a cubin.
struct Job {
  plan::Kernel *kernel;
  spec::CudaKernel choice;
  std::string source;
  CompiledCuda compiled;
};

/// Compiles all jobs on all cores; the first failure, in the order of the jobs, is thrown.
void compileAll(std::vector<Job> &jobs, const Nvrtc &nvrtc, const std::string &arch) {
  std::atomic<size_t> next = 0;
  std::vector<std::exception_ptr> failures(jobs.size());
  auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      try {
        jobs[i].compiled =
            nvrtc.compile(jobs[i].kernel->name, jobs[i].source, spec::kernelHeaders(), arch);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    workers.emplace_back(work);
  work();
  workers.clear();
  for (const std::exception_ptr &failure : failures)
    if (failure)
      std::rethrow_exception(failure);
}

std::vector<plan::KernelStage> stagesOf(const Job &job) {
  std::vector<plan::KernelStage> stages;
  const std::vector<spec::Stage> launches = job.choice.stages();
  for (size_t i = 0; i < launches.size(); ++i) {
    const spec::Stage &stage = launches[i];
    plan::KernelStage &out = stages.emplace_back();
    out.entry = spec::entryName(job.kernel->name, i);
    out.grid.assign(stage.grid.begin(), stage.grid.end());
    out.block = stage.block;
    out.shared_bytes = stage.sharedBytes;
    for (const EntryReport &entry : job.compiled.entries)
      if (entry.name == out.entry) {
        out.registers = entry.registers;
        out.spill_bytes = entry.spillStores + entry.spillLoads;
      }
  }
  return stages;
}

std::string reportOf(const Job &job) {
  std::string text;
  for (const EntryReport &entry : job.compiled.entries)
    text += entry.name + ": " + std::to_string(entry.registers) + " registers, " +
            std::to_string(entry.sharedBytes) + " bytes of static shared memory, " +
            std::to_string(entry.stack) + " bytes of stack, spills " +
            std::to_string(entry.spillStores) + "/" + std::to_string(entry.spillLoads) + "\n";
  return text;
}

} // namespace

std::vector<KernelDump> embedKernels(plan::Plan &plan, plan::Target &target,
                                     const std::string &arch) {
  Nvrtc nvrtc;
  if (!nvrtc.supports(arch))
    throw Error("--arch " + arch + ": NVRTC " + nvrtc.version() + " does not compile for it");
  std::vector<Job> jobs;
  for (plan::Kernel &kernel : target.kernels) {
    if (kernel.variant == spec::libraryVariant || kernel.variant == spec::ncclVariant)
      continue;
    spec::KernelSpec spec = spec::parseSpec(kernel.family, kernel.spec);
    spec::CudaKernel choice =
        spec::cudaKernel(spec, kernel.variant, spec::parseLaunch(kernel.launch));
    std::string source = spec::printStub(kernel.name, spec, choice);
    jobs.push_back({&kernel, std::move(choice), std::move(source), {}});
  }
  compileAll(jobs, nvrtc, arch);

  std::vector<KernelDump> dumps;
  for (Job &job : jobs) {
    job.kernel->image = "cubin/" + job.kernel->name;
    job.kernel->source = "cuda/" + job.kernel->name + ".cu";
    job.kernel->stages = stagesOf(job);
    dumps.push_back({job.kernel->name, job.source, reportOf(job)});
    plan.blobs.push_back({job.kernel->image, std::move(job.compiled.cubin)});
    plan.blobs.push_back({job.kernel->source, std::move(job.source)});
  }
  for (const auto &[name, text] : spec::kernelHeaders())
    plan.blobs.push_back({"cuda/" + name, text});
  target.arch = arch;
  target.compiler = nvrtc.version();
  return dumps;
}

} // namespace step37
