// How fast the GPU variants of the heavy kernel families are at published sizes: time by events,
// operations a second, and what ptxas says of each launch. Nothing is checked here
// (cuda_kernel_test does).
//
//   cuda_kernel_bench [TEXT]        only specs whose line holds TEXT
#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/exec/host/Elements.h"
#include "test/cuda/GpuKernel.h"
#include "test/cuda/GroupOffsets.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <future>
#include <map>
#include <numeric>
#include <random>
#include <thread>

namespace {

using namespace step37;
using namespace step37::test;

/// What integer arguments hold, by name, or the bits of others; other integers are 0.
using Integers = std::map<std::string, std::vector<int>>;

/// Normally distributed values of an argument, the same few over and over.
std::vector<std::byte> valuesOf(const spec::Argument &argument, const Integers &integers) {
  std::vector<std::byte> bytes(size_t(argument.elements * byteSize(argument.type)));
  if (auto given = integers.find(argument.name); given != integers.end()) {
    std::memcpy(bytes.data(), given->second.data(), bytes.size());
    return bytes;
  }
  std::mt19937 random(argument.name.size() + 1);
  std::normal_distribution<float> normal;
  constexpr int64_t period = 100'003;
  int64_t drawn = std::min(argument.elements, period);
  for (int64_t i = 0; i < drawn; ++i)
    if (argument.type == DType::bf16)
      host::store(reinterpret_cast<host::BFloat16 *>(bytes.data()) + i, normal(random));
    else if (argument.type == DType::f32)
      reinterpret_cast<float *>(bytes.data())[i] = normal(random);
  size_t first = size_t(drawn * byteSize(argument.type));
  for (size_t at = first; at < bytes.size(); at += first)
    std::memcpy(bytes.data() + at, bytes.data(), std::min(first, bytes.size() - at));
  return bytes;
}

/// Runs the variants of the specs that a filter lets through.
class Bench {
public:
  explicit Bench(std::string filter) : filter(std::move(filter)) {}

  /// `generic`: also the variant of that name.
  void add(const spec::KernelSpec &spec, bool generic, const Integers &integers = {}) {
    Case added{
        spec, std::string(spec::family(spec)) + " " + spec::toJson(spec).dump(), integers, {}};
    if (added.line.find(filter) == std::string::npos)
      return;
    for (const spec::CudaVariant &variant : spec::cudaVariants(spec))
      if (variant.runs() && (variant.name != "generic" || generic))
        added.variants.push_back({spec::kernelsOf(variant).front(), {}});
    cases.push_back(std::move(added));
  }

  void run() {
    compile();
    for (const Case &each : cases)
      run(each);
  }

private:
  struct Variant {
    spec::CudaKernel kernel;
    CompiledCuda compiled;
  };
  struct Case {
    spec::KernelSpec spec;
    std::string line;
    Integers integers;
    std::vector<Variant> variants;
  };

  /// All at once: time on a GPU machine is short, and this is most of it.
  void compile() {
    std::vector<std::pair<const Case *, Variant *>> jobs;
    for (Case &each : cases)
      for (Variant &variant : each.variants)
        jobs.push_back({&each, &variant});
    Gpu &gpu = Gpu::instance();
    std::atomic<size_t> next = 0;
    auto work = [&] {
      for (size_t i = next++; i < jobs.size(); i = next++) {
        auto [owner, job] = jobs[i];
        job->compiled = GpuKernel::compile(gpu, owner->spec, job->kernel);
      }
    };
    std::vector<std::future<void>> workers;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
      workers.push_back(std::async(std::launch::async, work));
    for (std::future<void> &worker : workers)
      worker.get(); // throws what a worker threw
  }

  static void run(const Case &each) {
    std::printf("%s\n", each.line.c_str());
    Gpu &gpu = Gpu::instance();
    std::vector<std::unique_ptr<cuda::Memory>> memory;
    std::vector<CUdeviceptr> pointers;
    for (const spec::Argument &argument : spec::arguments(each.spec)) {
      std::vector<std::byte> values = valuesOf(argument, each.integers);
      memory.push_back(
          std::make_unique<cuda::Memory>(gpu.driver, int64_t(values.size()), argument.name));
      memory.back()->upload(0, values);
      pointers.push_back(memory.back()->address());
    }
    spec::Work work = spec::workOf(each.spec);
    for (const auto &[chosen, compiled] : each.variants) {
      const std::vector<spec::Stage> launches = chosen.stages();
      GpuKernel kernel(gpu, each.spec, chosen, compiled);
      kernel.run(pointers);
      double seconds = kernel.seconds(pointers);
      std::printf("  %-10s %10.1f us %8.1f TFLOP/s %8.1f GB/s\n",
                  std::string(chosen.variant.name).c_str(), seconds * 1e6,
                  work.operations / seconds / 1e12, work.bytes / seconds / 1e9);
      if (chosen.variant.name == "generic")
        continue; // whose stages may not stand alone
      std::vector<double> stages = kernel.stageSeconds(pointers);
      for (size_t i = 0; i < stages.size(); ++i) {
        const EntryReport &entry = kernel.entries()[i];
        std::printf("    %-32s %10.1f us  %3lld registers, %lld bytes of shared memory, %lld of "
                    "spills, %lld of stack\n",
                    launches[i].function.c_str(), stages[i] * 1e6, (long long)entry.registers,
                    (long long)(entry.sharedBytes + launches[i].sharedBytes),
                    (long long)(entry.spillStores + entry.spillLoads), (long long)entry.stack);
      }
    }
    std::fflush(stdout);
  }

  std::string filter;
  std::vector<Case> cases;
};

/// Both directions of attention in a packed matrix.
void benchAttention(int64_t rows, int64_t seqLen, int64_t heads, int64_t headDim, int64_t window,
                    Bench &bench) {
  int64_t groups = 8, stride = (heads + 2 * groups) * headDim + heads, tokens = rows * seqLen;
  double scale = 1 / std::sqrt(double(headDim));
  bench.add(spec::Attention{tokens, seqLen, heads, groups, headDim, window, stride, stride, true,
                            scale, DType::bf16},
            false);
  bench.add(spec::AttentionGrad{tokens, seqLen, heads, groups, headDim, window, stride, stride,
                                stride, stride, true, scale, DType::bf16},
            false);
}

/// Both directions of the vision tower's attention, in a packed matrix.
void benchImageAttention(int64_t images, int64_t length, Bench &bench) {
  constexpr int64_t heads = 16, headDim = 96, stride = 3 * heads * headDim;
  double scale = 1 / std::sqrt(double(headDim));
  bench.add(spec::Attention{images * length, length, heads, heads, headDim, 0, stride, 0, false,
                            scale, DType::bf16, false},
            false);
  bench.add(spec::AttentionGrad{images * length, length, heads, heads, headDim, 0, stride, 0,
                                stride, 0, false, scale, DType::bf16, false},
            false);
}

/// The router's products, with f32 logits: of tokens with the weight, and the gradients of both.
void benchRouter(int64_t experts, int64_t tokens, Bench &bench) {
  constexpr int64_t hidden = 4096;
  for (spec::Gemm product : {spec::Gemm{tokens, experts, hidden, false, true, hidden, hidden,
                                        experts, DType::bf16, DType::f32, DType::f32},
                             spec::Gemm{tokens, hidden, experts, false, false, experts, hidden,
                                        hidden, DType::f32, DType::bf16, DType::bf16},
                             spec::Gemm{tokens, hidden, experts, false, false, experts, hidden,
                                        hidden, DType::f32, DType::f32, DType::bf16},
                             spec::Gemm{experts, hidden, tokens, true, false, experts, hidden,
                                        hidden, DType::f32, DType::bf16, DType::f32, true}}) {
    product.workspace_bytes = spec::productWorkspace(product);
    bench.add(product, true);
  }
}

/// Products of experts that share the rows of `tokens` tokens.
void benchExperts(int64_t experts, int64_t tokens, Bench &bench) {
  constexpr int64_t hidden = 4096, intermediate = 1280, topK = 8;
  int64_t rows = tokens * topK;
  Integers integers = {{"offsets", routedOffsets(experts, rows)}};
  auto product = [&](int64_t n, int64_t k, bool transpose) {
    bench.add(spec::GroupedGemm{experts, rows, n, k, transpose, DType::bf16}, false, integers);
  };
  bench.add(spec::GroupedSwiglu{experts, rows, intermediate, hidden, 7,
                                spec::ClampPosition::afterSilu, DType::bf16},
            false, integers);
  product(2 * intermediate, hidden, true);  // gate and up
  product(hidden, intermediate, true);      // down
  product(hidden, 2 * intermediate, false); // and their gradients with respect to rows
  product(intermediate, hidden, false);
  for (DType gradient : {DType::f32, DType::bf16})
    for (float beta : {0.0f, 1.0f}) { // twice each: into nothing, then onto what is there
      integers["beta"] = {std::bit_cast<int>(beta)};
      bench.add(
          spec::GroupedGemmGrad{experts, rows, 2 * intermediate, hidden, DType::bf16, gradient},
          false, integers);
      bench.add(spec::GroupedGemmGrad{experts, rows, hidden, intermediate, DType::bf16, gradient},
                false, integers);
    }
}

/// What moves rows between tokens and experts.
void benchExpertRows(int64_t experts, int64_t tokens, Bench &bench) {
  constexpr int64_t hidden = 4096, topK = 8;
  int64_t slots = tokens * topK;
  std::vector<int> chosen, rowSlot(static_cast<size_t>(slots)), slotRow(rowSlot.size());
  std::mt19937 random(5);
  for (int64_t i = 0; i < slots; ++i)
    chosen.push_back(int(random() % unsigned(experts)));
  std::iota(rowSlot.begin(), rowSlot.end(), 0);
  std::ranges::shuffle(rowSlot, random);
  for (size_t row = 0; row < rowSlot.size(); ++row)
    slotRow[size_t(rowSlot[row])] = int(row);
  Integers integers = {{"chosen", chosen}, {"row_slot", rowSlot}, {"slot_row", slotRow}};
  bench.add(spec::Swiglu{slots, 1280, 2560, 2560, 7, spec::ClampPosition::afterSilu, DType::bf16},
            true);
  for (const spec::KernelSpec &spec :
       {spec::KernelSpec(spec::SortByExpert{tokens, experts, topK}),
        spec::KernelSpec(spec::Dispatch{tokens, topK, hidden, DType::bf16}),
        spec::KernelSpec(spec::Combine{tokens, topK, hidden, true, DType::bf16}),
        spec::KernelSpec(spec::CombineGrad{tokens, topK, hidden, DType::bf16})})
    bench.add(spec, true, integers);
}

} // namespace

int main(int argc, char **argv) {
  Bench bench(argc > 1 ? argv[1] : "");
  try {
    for (int64_t seqLen : {4096, 8192}) {
      benchAttention(16384 / seqLen, seqLen, 64, 128, 0, bench);
      benchAttention(16384 / seqLen, seqLen, 96, 128, 512, bench);
    }
    benchAttention(1, 32768, 64, 128, 0, bench);
    benchAttention(2, 8192, 64, 64, 0, bench);
    benchAttention(2, 8192, 64, 96, 0, bench);
    for (int64_t images : {1, 8}) { // a view of 728 pixels and six crops of 504, and eight of them
      benchImageAttention(images, 2704, bench);
      benchImageAttention(6 * images, 1296, bench);
    }
    for (int64_t experts : {36, 288})
      benchRouter(experts, 8192, bench);
    for (int64_t experts : {36, 72, 288})
      benchExperts(experts, 8192, bench);
    benchExpertRows(36, 8192, bench);
    bench.run();
  } catch (const std::exception &error) {
    std::fprintf(stderr, "kernel_bench: %s\n", error.what());
    return 1;
  }
}
