// bfloat16 on the host: how far from the golden float32 logits, and what is stored as bfloat16.
#include "codegen/spec/SpecJson.h"
#include "runtime/plan/PlanFile.h"
#include "test/golden/Golden.h"

#include <set>

namespace step37::test {
namespace {

using GoldenBf16 = GoldenModel;

/// As close as the published classes' own bfloat16. Some tokens choose other experts once
/// activations are rounded, hence quantiles.
TEST_F(GoldenBf16, logitsAreAsCloseAsThePublishedOnes) {
  const fs::path input = goldenFile("text_case.safetensors");
  safetensors::File probed = probeGolden(compileGolden("config.json", "bf16"), input);
  safetensors::File expected(input);
  const auto errors = rowDistances(floatsOf(probed, "logits"), floatsOf(expected, "logits"), vocab);
  ASSERT_EQ(errors.size(), static_cast<size_t>(rows * seqLen));
  EXPECT_LE(quantile(errors, 0.5), 0.032);
  EXPECT_LE(quantile(errors, 0.9), 0.060);
  EXPECT_GT(quantile(errors, 0.5), 1e-3) << "this is not bfloat16";
}

/// What one kernel hands to another stays wide only where its values are few or must be exact: a
/// kernel's family and the argument that it writes.
const std::set<std::string> wide{
    "rope_table.table",   "rms_norm.inverse_rms",  "qk_norm_rope.inverse_rms",
    "attention.lse",      "route.weights",         "route.scores",
    "route_grad.dlogits", "combine_grad.dweights", "shift_labels.weights",
    "lm_loss.token_loss", "lm_loss.lse",           "lm_loss_grad.token_loss",
};

TEST_F(GoldenBf16, activationsBetweenKernelsAreBfloat16) {
  const plan::Plan plan = plan::load(compileGolden("config.json", "bf16"));
  const int64_t tokens = rows * seqLen, experts = 8;
  const plan::Target &target = *plan.findTarget("host");
  int64_t rounded = 0;
  for (const plan::Program &program : target.programs)
    for (const plan::Step &step : program.steps) {
      const plan::Kernel &kernel = target.kernels[static_cast<size_t>(step.kernel)];
      const auto roles = spec::arguments(spec::parseSpec(kernel.family, kernel.spec));
      ASSERT_EQ(roles.size(), step.arguments.size());
      for (size_t i = 0; i < roles.size(); ++i) {
        const plan::Buffer &buffer = target.buffers[static_cast<size_t>(step.arguments[i].buffer)];
        if (buffer.kind != plan::BufferKind::activations || roles[i].access == spec::Access::read)
          continue;
        const bool routerLogits = kernel.family == "gemm" && roles[i].name == "c" &&
                                  buffer.shape == std::vector<int64_t>{tokens, experts};
        if (buffer.type == DType::f32) {
          EXPECT_TRUE(routerLogits || wide.contains(kernel.family + "." + roles[i].name))
              << program.name << ": " << step.origin << ": " << kernel.family << " writes "
              << roles[i].name << " as f32";
        } else if (buffer.type == DType::bf16) {
          EXPECT_FALSE(routerLogits) << step.origin;
          ++rounded;
        } else {
          EXPECT_EQ(buffer.type, DType::i32) << buffer.name;
        }
      }
    }
  EXPECT_GT(rounded, 100);
}

} // namespace
} // namespace step37::test
