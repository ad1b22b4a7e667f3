// The figures; see CostTable.h.
#include "codegen/cost/CostTable.h"

#include <algorithm>
#include <cassert>

namespace step37::report {
namespace {

// All on one H200, against 790e12 operations of bf16 and 4.3e12 bytes a second. `slice`: by
// `step37-run --profile` in a training step of test/data/configs/step35-slice.json on 8192 tokens.
// `shapes`: the kernel alone at published shapes. Bytes as Work.h counts them.
constexpr std::string_view slice = "measured in a step", shapes = "measured alone",
                           unknown = "assumed";

constexpr KernelEfficiency kernels[] = {
    // 629 TFLOP/s on average in a step; alone, large products reach 780 to 815.
    {"gemm", "cublaslt", false, 0.80, 0.90, slice},
    // The router's gradients, which are f32, over 288 experts: 148 and 191 TFLOP/s, each three
    // products of bf16, where f32 has 67.
    {"gemm", "wgmma", false, 2.5, 0.90, shapes},
    {"gemm", "generic", false, 0.094, 0.90, slice},
    // 590 TFLOP/s at 4096 tokens a row, 635 at 8192; with a window of 512, 431 and 434.
    {"attention", "wgmma", false, 0.75, 0.90, shapes},
    {"attention", "wgmma", true, 0.55, 0.90, shapes},
    // 400 TFLOP/s; with a window of 512, 327 and 333.
    {"attention_grad", "wgmma", false, 0.51, 0.90, shapes},
    {"attention_grad", "wgmma", true, 0.42, 0.90, shapes},
    {"attention", "generic", false, 0.0103, 0.90, slice},
    {"attention", "generic", true, 0.0103, 0.90, slice},
    {"attention_grad", "generic", false, 0.0079, 0.90, slice},
    {"attention_grad", "generic", true, 0.0079, 0.90, slice},
    // 702 to 740 TFLOP/s over 36 experts; over 288, where weights count, 3.1 to 3.3 TB/s.
    {"grouped_gemm", "wgmma", false, 0.90, 0.75, shapes},
    {"grouped_swiglu", "wgmma", false, 0.90, 0.75, shapes},
    // Adding to a gradient: 560 TFLOP/s over 36 experts, 2.0 TB/s over 72.
    {"grouped_gemm_grad", "wgmma", false, 0.71, 0.48, shapes},
    {"grouped_gemm", "generic", false, 0.0225, 0.75, slice},
    {"grouped_swiglu", "generic", false, 0.0225, 0.75, slice},
    {"grouped_gemm_grad", "generic", false, 0.0217, 0.75, slice},
    {"adamw", "", false, 1, 0.92, slice},
    {"add", "", false, 1, 0.99, slice},
    {"combine", "", false, 1, 0.91, shapes},
    {"combine_grad", "", false, 1, 0.73, shapes},
    {"dispatch", "", false, 1, 0.59, shapes},
    {"embedding", "", false, 1, 0.68, slice},
    {"embedding_grad", "", false, 1, 0.49, slice},
    {"logits_loss", "", false, 1, 0.74, slice},
    {"qk_norm_rope", "", false, 1, 0.77, slice},
    {"qk_norm_rope_grad", "", false, 1, 0.62, slice},
    {"rms_norm", "", false, 1, 0.89, slice},
    {"rms_norm_grad", "", false, 1, 0.67, slice},
    {"rope_table", "", false, 1, 0.12, slice},
    {"route", "", false, 1, 0.035, slice},
    {"route_grad", "", false, 1, 0.10, slice},
    {"sort_by_expert", "", false, 1, 0.011, shapes},
    {"sum_of_squares", "", false, 1, 0.98, slice},
    {"swiglu", "", false, 1, 0.95, shapes},
    {"swiglu_grad", "", false, 1, 0.97, slice},
};

constexpr KernelEfficiency unmeasured{"", "", false, 0.70, 0.70, unknown};

// Between two H200s of one host, 1 GiB, of 478 GB/s each way: 328, 266, 258 and 331 GB/s.
constexpr LinkEfficiency links[] = {{"all_reduce", 0.69, 0.90},
                                    {"all_gather", 0.56, 0.90},
                                    {"reduce_scatter", 0.54, 0.90},
                                    {"all_to_all", 0.69, 0.90},
                                    {"counted_all_to_all", 0.69, 0.90}};

} // namespace

const KernelEfficiency &kernelEfficiency(std::string_view family, std::string_view variant,
                                         bool window) {
  const auto *row = std::ranges::find_if(kernels, [&](const KernelEfficiency &candidate) {
    return candidate.family == family && candidate.window == window &&
           (candidate.variant.empty() || candidate.variant == variant);
  });
  return row == std::end(kernels) ? unmeasured : *row;
}

std::span<const LinkEfficiency> linkEfficiencies() { return links; }

const LinkEfficiency &linkEfficiency(std::string_view exchange) {
  const auto *row = std::ranges::find(links, exchange, &LinkEfficiency::exchange);
  assert(row != std::end(links) && "every exchange has a row");
  return *row;
}

} // namespace step37::report
