#include "codegen/select/TargetPolicy.h"

#ifdef STEP37_HAS_CUDA
#include "codegen/spec/cuda/Variant.h"
#endif

#include <algorithm>

namespace step37 {
namespace {

class HostPolicy : public TargetPolicy {
public:
  KernelChoice choose(const spec::KernelSpec &spec) const override {
    bool product = std::holds_alternative<spec::Gemm>(spec);
    if (spec::rankGroupOf(spec))
      return {"host", "ranks of one process exchange in memory"};
    return {"host", product ? "OpenBLAS in tiles" : "the only variant on the host", product};
  }
  int64_t productWorkspace(const spec::Gemm &) const override { return 0; }
  int64_t logitsChunk(int64_t tokens, int64_t vocab) const override {
    // 16 MiB of f32, but at least 256 rows so that the products around them stay efficient.
    constexpr int64_t elements = 1 << 22, rows = 256;
    return std::min(tokens, std::max(rows, elements / vocab));
  }
  DType logitsGradientType(DType) const override { return DType::f32; } // in place of the logits
};

#ifdef STEP37_HAS_CUDA
class CudaPolicy : public TargetPolicy {
public:
  KernelChoice choose(const spec::KernelSpec &spec) const override {
    if (const auto *gemm = std::get_if<spec::Gemm>(&spec); gemm && libraryTakes(*gemm))
      return {std::string(spec::libraryVariant), "a dense product", true};
    if (spec::rankGroupOf(spec))
      return {std::string(spec::ncclVariant), "exchange between GPUs"};
    const spec::ChosenKernel chosen = spec::chooseCudaKernel(spec);
    return {std::string(chosen.kernel.variant.name), chosen.reason, false,
            spec::toJson(chosen.kernel.config)};
  }
  int64_t productWorkspace(const spec::Gemm &gemm) const override {
    constexpr int64_t bytes = 32 << 20; // what cuBLASLt asks for on Hopper
    return libraryTakes(gemm) ? bytes : spec::productWorkspace(gemm);
  }
  int64_t logitsChunk(int64_t tokens, int64_t vocab) const override {
    // Half a gigabyte of f32: the products of a chunk fill the GPU.
    constexpr int64_t elements = 1 << 27, rows = 256, tile = 128;
    int64_t chunk = std::max(rows, elements / vocab / tile * tile);
    return std::min(tokens, chunk);
  }
  DType logitsGradientType(DType model) const override { return model; }

private:
  /// cuBLASLt multiplies operands of one type; f32 in f32, never in TF32.
  static bool libraryTakes(const spec::Gemm &gemm) {
    return gemm.a_type == gemm.b_type && (gemm.a_type == DType::bf16 || gemm.c_type == DType::f32);
  }
};
#endif

} // namespace

std::unique_ptr<TargetPolicy> TargetPolicy::create(llvm::StringRef target) {
  if (target == "host")
    return std::make_unique<HostPolicy>();
#ifdef STEP37_HAS_CUDA
  if (target == "cuda")
    return std::make_unique<CudaPolicy>();
#endif
  return nullptr;
}

std::vector<std::string> selectableTargets() {
#ifdef STEP37_HAS_CUDA
  return {"host", "cuda"};
#else
  return {"host"};
#endif
}

} // namespace step37
