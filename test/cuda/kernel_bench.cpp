// How fast the GPU variants of the heavy kernel families are at published sizes: time by events,
// operations a second, and what ptxas says of each launch. Nothing is checked here
// (cuda_kernel_test does).
//
//   cuda_kernel_bench [TEXT]        only specs whose line holds TEXT
#include "codegen/spec/SpecJson.h"
#include "codegen/spec/Work.h"
#include "runtime/host/Elements.h"
#include "test/cuda/GpuKernel.h"
#include "test/cuda/GroupOffsets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <numeric>
#include <random>

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

void bench(const spec::KernelSpec &spec, const std::string &filter, bool generic,
           const Integers &integers = {}) {
  std::string line = std::string(spec::family(spec)) + " " + spec::toJson(spec).dump();
  if (line.find(filter) == std::string::npos)
    return;
  std::printf("%s\n", line.c_str());
  Gpu &gpu = Gpu::instance();
  std::vector<std::unique_ptr<cuda::Memory>> memory;
  std::vector<CUdeviceptr> pointers;
  for (const spec::Argument &argument : spec::arguments(spec)) {
    std::vector<std::byte> values = valuesOf(argument, integers);
    memory.push_back(
        std::make_unique<cuda::Memory>(gpu.driver, int64_t(values.size()), argument.name));
    memory.back()->upload(0, values);
    pointers.push_back(memory.back()->address());
  }
  spec::Work work = spec::workOf(spec);
  for (const spec::CudaVariant &variant : spec::cudaVariants(spec)) {
    if (!variant.unmet.empty() || (variant.name == "generic" && !generic))
      continue;
    GpuKernel kernel(gpu, spec, variant);
    kernel.run(pointers);
    double seconds = kernel.seconds(pointers);
    std::printf("  %-10s %10.1f us %8.1f TFLOP/s %8.1f GB/s\n", std::string(variant.name).c_str(),
                seconds * 1e6, work.operations / seconds / 1e12, work.bytes / seconds / 1e9);
    if (variant.name == "generic")
      continue; // whose stages may not stand alone
    std::vector<double> stages = kernel.stageSeconds(pointers);
    for (size_t i = 0; i < stages.size(); ++i) {
      const EntryReport &entry = kernel.entries()[i];
      std::printf("    %-32s %10.1f us  %3lld registers, %lld bytes of shared memory, %lld of "
                  "spills, %lld of stack\n",
                  variant.stages[i].function.c_str(), stages[i] * 1e6, (long long)entry.registers,
                  (long long)(entry.sharedBytes + variant.stages[i].sharedBytes),
                  (long long)(entry.spillStores + entry.spillLoads), (long long)entry.stack);
    }
  }
  std::fflush(stdout);
}

/// Both directions of attention in a packed matrix.
void benchAttention(int64_t rows, int64_t seqLen, int64_t heads, int64_t headDim, int64_t window,
                    const std::string &filter) {
  int64_t groups = 8, stride = (heads + 2 * groups) * headDim + heads, tokens = rows * seqLen;
  double scale = 1 / std::sqrt(double(headDim));
  bench(spec::Attention{tokens, seqLen, heads, groups, headDim, window, stride, stride, true, scale,
                        DType::bf16},
        filter, false);
  bench(spec::AttentionGrad{tokens, seqLen, heads, groups, headDim, window, stride, stride, stride,
                            stride, true, scale, DType::bf16},
        filter, false);
}

/// Products of experts that share the rows of `tokens` tokens.
void benchExperts(int64_t experts, int64_t tokens, const std::string &filter) {
  constexpr int64_t hidden = 4096, intermediate = 1280, topK = 8;
  int64_t rows = tokens * topK;
  Integers integers = {{"offsets", routedOffsets(experts, rows)}};
  auto product = [&](int64_t n, int64_t k, bool transpose) {
    bench(spec::GroupedGemm{experts, rows, n, k, transpose, DType::bf16}, filter, false, integers);
  };
  bench(spec::GroupedSwiglu{experts, rows, intermediate, hidden, 7, spec::ClampPosition::afterSilu,
                            DType::bf16},
        filter, false, integers);
  product(2 * intermediate, hidden, true);  // gate and up
  product(hidden, intermediate, true);      // down
  product(hidden, 2 * intermediate, false); // and their gradients with respect to rows
  product(intermediate, hidden, false);
  for (DType gradient : {DType::f32, DType::bf16})
    for (float beta : {0.0f, 1.0f}) { // twice each: into nothing, then onto what is there
      integers["beta"] = {std::bit_cast<int>(beta)};
      bench(spec::GroupedGemmGrad{experts, rows, 2 * intermediate, hidden, DType::bf16, gradient},
            filter, false, integers);
      bench(spec::GroupedGemmGrad{experts, rows, hidden, intermediate, DType::bf16, gradient},
            filter, false, integers);
    }
}

/// What moves rows between tokens and experts.
void benchExpertRows(int64_t experts, int64_t tokens, const std::string &filter) {
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
  bench(spec::Swiglu{slots, 1280, 2560, 2560, 7, spec::ClampPosition::afterSilu, DType::bf16},
        filter, true);
  for (const spec::KernelSpec &spec :
       {spec::KernelSpec(spec::SortByExpert{tokens, experts, topK}),
        spec::KernelSpec(spec::Dispatch{tokens, topK, hidden, DType::bf16}),
        spec::KernelSpec(spec::Combine{tokens, topK, hidden, true, DType::bf16}),
        spec::KernelSpec(spec::CombineGrad{tokens, topK, hidden, DType::bf16})})
    bench(spec, filter, true, integers);
}

} // namespace

int main(int argc, char **argv) {
  std::string filter = argc > 1 ? argv[1] : "";
  try {
    for (int64_t seqLen : {4096, 8192}) {
      benchAttention(16384 / seqLen, seqLen, 64, 128, 0, filter);
      benchAttention(16384 / seqLen, seqLen, 96, 128, 512, filter);
    }
    benchAttention(1, 32768, 64, 128, 0, filter);
    benchAttention(2, 8192, 64, 64, 0, filter);
    benchAttention(2, 8192, 64, 96, 0, filter);
    for (int64_t experts : {36, 72, 288})
      benchExperts(experts, 8192, filter);
    benchExpertRows(36, 8192, filter);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "kernel_bench: %s\n", error.what());
    return 1;
  }
}
