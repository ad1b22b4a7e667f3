// Which kernels the published models get on a GPU: tensor cores multiply wherever much is
// multiplied, also where a rank's share of a model has odd sizes.
#include "runtime/plan/PlanFile.h"
#include "test/e2e/Programs.h"

#include <map>

namespace step37::test {
namespace {

class KernelChoice : public Programs {
protected:
  /// Kernels of each of these families and of none of their generic variants, in a plan on paper.
  void expectTensorCores(const std::string &config, Arguments options,
                         const std::map<std::string, int> &families) {
    const std::string path = this->path("paper.plan");
    const fs::path published = fs::path(STEP37_TEST_DATA) / "configs" / config;
    options.insert(options.begin(), {"compile", published.string(), "-o", path, "--target", "cuda",
                                     "--no-kernel-images", "--seq-len", "4096"});
    ASSERT_EQ(compiler(std::move(options)), 0) << err;
    const plan::Plan plan = plan::load(path);
    std::map<std::string, int> found;
    for (const plan::Kernel &kernel : plan.targets[0].kernels)
      if (families.contains(kernel.family)) {
        found[kernel.family] += kernel.variant == "wgmma";
        EXPECT_NE(kernel.variant, "generic") << kernel.family << ": " << kernel.reason << "\n"
                                             << kernel.spec.dump();
      }
    EXPECT_EQ(found, families);
  }
};

/// A rank's 12 of 96 gates leave rows of 1804 elements, which are no multiple of 16 bytes. The
/// router's logits are f32: its two gradients.
TEST_F(KernelChoice, step35FlashOnEightRanks) {
  expectTensorCores("step35-flash.json", {"--tp", "8", "--ep", "8"},
                    {{"attention", 2}, {"attention_grad", 2}, {"gemm", 2}});
}

/// Also the tower's two sizes of images, whose attention sees whole rows.
TEST_F(KernelChoice, step37FlashWithImages) {
  expectTensorCores("step37-flash.json", {"--images", "1", "--crops", "6"},
                    {{"attention", 4}, {"attention_grad", 4}, {"gemm", 2}});
}

} // namespace
} // namespace step37::test
