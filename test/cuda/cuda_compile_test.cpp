// Every GPU variant of every family compiles for Hopper at tiny, odd and published sizes without
// spills, and the fast ones need no stack either. Needs NVRTC but no GPU; without NVRTC it fails.
#include "codegen/nvrtc/Nvrtc.h"
#include "codegen/spec/SpecJson.h"
#include "codegen/spec/cuda/Stub.h"
#include "test/cuda/CudaSpecs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace step37;
using namespace step37::test;

/// One variant of one spec with its launch choices.
struct Job {
  spec::KernelSpec spec;
  spec::CudaKernel kernel;
};

/// With the default choices, or with all the others.
std::vector<Job> jobsOf(const std::vector<spec::KernelSpec> &specs, bool others) {
  std::vector<Job> jobs;
  for (const spec::KernelSpec &spec : specs)
    for (const spec::CudaVariant &variant : spec::cudaVariants(spec)) {
      const std::vector<spec::CudaKernel> kernels = spec::kernelsOf(variant);
      for (size_t i = 0; i < kernels.size(); ++i)
        if (others == (i > 0))
          jobs.push_back({spec, kernels[i]});
    }
  return jobs;
}

/// What is wrong with a job's kernel; empty if nothing is.
std::string problemOf(const Nvrtc &nvrtc, const Job &job) {
  std::string name(spec::family(job.spec));
  CompiledCuda compiled = nvrtc.compile(name, spec::printStub(name, job.spec, job.kernel),
                                        spec::kernelHeaders(), "sm_90a");
  const std::vector<spec::Stage> stages = job.kernel.stages();
  if (compiled.entries.size() != stages.size())
    return "has " + std::to_string(compiled.entries.size()) + " entry points";
  std::string problem;
  for (const EntryReport &entry : compiled.entries) {
    int64_t block = 0;
    for (size_t i = 0; i < stages.size(); ++i)
      if (entry.name == spec::entryName(name, i))
        block = stages[i].block;
    if (block == 0)
      problem += entry.name + " is no stage; ";
    if (entry.registers * block > 65536)
      problem += entry.name + " needs " + std::to_string(entry.registers) + " registers; ";
    if (entry.spillStores + entry.spillLoads > 0)
      problem += entry.name + " spills; ";
    if (entry.serialized)
      problem += entry.name + " serializes its products; ";
    if (job.kernel.variant.name != "generic" && entry.stack > 0)
      problem += entry.name + " has a stack of " + std::to_string(entry.stack) + " bytes; ";
  }
  return problem;
}

void expectAllCompile(const std::vector<Job> &jobs) {
  Nvrtc nvrtc; // throws where there is none
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      std::string problem;
      try {
        problem = problemOf(nvrtc, jobs[i]);
      } catch (const std::exception &error) {
        problem = error.what();
      }
      std::lock_guard lock(mutex);
      EXPECT_EQ(problem, "") << spec::family(jobs[i].spec) << " " << jobs[i].kernel.variant.name
                             << " " << spec::toJson(jobs[i].spec).dump() << " "
                             << spec::toJson(jobs[i].kernel.config).dump();
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    workers.emplace_back(work);
}

void expectAllCompile(const std::vector<spec::KernelSpec> &specs) {
  const std::vector<Job> jobs = jobsOf(specs, /*others=*/false);
  ASSERT_GT(jobs.size(), 30u);
  expectAllCompile(jobs);
}

TEST(CudaCompile, TinyF32) { expectAllCompile(specsOf(tinySizes, DType::f32, DType::f32)); }
TEST(CudaCompile, TinyBf16) { expectAllCompile(specsOf(tinySizes, DType::bf16, DType::f32)); }
TEST(CudaCompile, OddF32) { expectAllCompile(specsOf(oddSizes, DType::f32, DType::bf16)); }
TEST(CudaCompile, OddBf16) { expectAllCompile(specsOf(oddSizes, DType::bf16, DType::bf16)); }
TEST(CudaCompile, PublishedFullF32) {
  expectAllCompile(specsOf(publishedFull, DType::f32, DType::f32));
}
TEST(CudaCompile, PublishedFullBf16) {
  expectAllCompile(specsOf(publishedFull, DType::bf16, DType::bf16));
}
TEST(CudaCompile, PublishedSlidingBf16) {
  expectAllCompile(specsOf(publishedSliding, DType::bf16, DType::f32));
}

/// The choices that a search may take besides the default ones.
TEST(CudaCompile, OtherChoices) {
  const std::vector<Job> jobs = jobsOf(specsOf(publishedSliding, DType::bf16, DType::f32), true);
  ASSERT_GT(jobs.size(), 5u);
  expectAllCompile(jobs);
}

/// Every family is in the lists above, and has a kernel unless kernel selection takes it apart.
TEST(CudaCompile, EveryFamilyHasAVariant) {
  std::set<std::string_view> families;
  for (const spec::KernelSpec &spec : specsOf(tinySizes, DType::f32, DType::f32)) {
    families.insert(spec::family(spec));
    std::vector<spec::CudaVariant> variants = spec::cudaVariants(spec);
    ASSERT_FALSE(variants.empty()) << spec::family(spec);
    if (spec::rankGroupOf(spec)) { // NCCL's
      EXPECT_EQ(variants.back().name, spec::ncclVariant);
      continue;
    }
    EXPECT_EQ(variants.back().name, "generic") << spec::family(spec);
    EXPECT_EQ(variants.back().unmet, "") << spec::family(spec);
    for (const spec::CudaVariant &variant : variants)
      EXPECT_TRUE(!variant.unmet.empty() || variant.runs()) << spec::family(spec);
  }
  EXPECT_EQ(families.size(), std::variant_size_v<spec::KernelSpec>);
}

TEST(CudaCompile, ABrokenKernelIsNamed) {
  try {
    Nvrtc().compile("broken", "__global__ void f() { undeclared(); }", {}, "sm_90a");
    FAIL();
  } catch (const std::exception &error) {
    EXPECT_NE(std::string(error.what()).find("broken.cu"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("undeclared"), std::string::npos) << error.what();
  }
}

} // namespace
