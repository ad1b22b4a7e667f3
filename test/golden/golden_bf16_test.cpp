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

/// What kernels of the model may hand to each other as f32: values that are few, or must be exact.
/// A kernel's family and the argument that it writes. (The updating program has no activations.)
const std::set<std::string> wide{"attention.lse",
                                 "combine_grad.dweights",
                                 "gemm.c",
                                 "logits_loss.token_loss",
                                 "qk_norm_rope.inverse_rms",
                                 "rms_norm.inverse_rms",
                                 "rope_table.table",
                                 "route.scores",
                                 "route.weights",
                                 "route_grad.dlogits",
                                 "shift_labels.weights"};

TEST_F(GoldenBf16, activationsBetweenKernelsAreBfloat16) {
  const plan::Plan plan = plan::load(compileGolden("config.json", "bf16"));
  const plan::Target &target = *plan.findTarget("host");
  std::set<std::string> found;
  int64_t rounded = 0;
  for (const plan::Program &program : target.programs) {
    for (const plan::Step &step : program.steps) {
      const plan::Kernel &kernel = target.kernels[static_cast<size_t>(step.kernel)];
      const auto roles = spec::arguments(spec::parseSpec(kernel.family, kernel.spec));
      ASSERT_EQ(roles.size(), step.arguments.size());
      for (size_t i = 0; i < roles.size(); ++i) {
        const plan::Buffer &buffer = target.buffers[static_cast<size_t>(step.arguments[i].buffer)];
        if (buffer.kind != plan::BufferKind::activations || program.name == "update" ||
            roles[i].access == spec::Access::read)
          continue;
        const std::string role = kernel.family + "." + roles[i].name;
        if (buffer.type == DType::f32)
          found.insert(role);
        else if (buffer.type == DType::bf16)
          ++rounded;
        else
          EXPECT_EQ(buffer.type, DType::i32) << role;
        if (role == "gemm.c" && buffer.type == DType::f32) {
          EXPECT_EQ(buffer.shape, (std::vector<int64_t>{rows * seqLen, 8})) << "router logits only";
        }
      }
    }
  }
  EXPECT_EQ(found, wide);
  EXPECT_GT(rounded, 100);
}

} // namespace
} // namespace step37::test
