// The example with pictures on meshes: a global batch is the same whoever works on it, all of it or
// with parts frozen; where optimizer state lies changes no bit; and a mesh's checkpoint goes on on
// one rank.
#include "test/e2e/Programs.h"

#include <map>

namespace step37::test {
namespace {

class CaptionsMesh : public Programs {
protected:
  /// Batches of two rows.
  std::string compileMesh(const std::string &dp, Arguments options) {
    options.insert(options.end(), {"--seq-len", "160", "--dtype", "f32", "--dp", dp,
                                   "--micro-batch", dp == "1" ? "2" : "1"});
    return compile(example() / "config.json", "captions.plan", std::move(options));
  }

  std::vector<LoggedStep> trainCaptions(const std::string &plan, const char *steps,
                                        Arguments options = {}) {
    options.insert(options.end(), {"--steps", steps, "--eval-rows", "2", "--data",
                                   (example() / "captions.safetensors").string()});
    return train(plan, std::move(options));
  }

  static void expectSameLosses(const std::vector<LoggedStep> &steps,
                               const std::vector<LoggedStep> &one) {
    ASSERT_EQ(steps.size(), one.size());
    for (size_t i = 0; i < one.size(); ++i) {
      EXPECT_NEAR(steps[i].loss, one[i].loss, 2e-3) << "step " << i + 1;
      EXPECT_NEAR(steps[i].gradNorm, one[i].gradNorm, 2e-3 * one[i].gradNorm) << "step " << i + 1;
    }
  }

  static fs::path example() { return fs::path(STEP37_EXAMPLES) / "step37-tiny"; }
};

class CaptionsFrozen : public CaptionsMesh, public testing::WithParamInterface<const char *> {};

INSTANTIATE_TEST_SUITE_P(Frozen, CaptionsFrozen, testing::Values("", "vision", "language"),
                         [](const auto &info) {
                           return std::string(*info.param ? info.param : "nothing");
                         });

TEST_P(CaptionsFrozen, meshesHaveTheLossesOfOneRank) {
  Arguments freeze;
  if (*GetParam())
    freeze = {"--freeze", GetParam()};
  const auto one = trainCaptions(compileMesh("1", freeze), "6");
  ASSERT_LT(one.back().loss, one.front().loss);
  for (const auto &[dp, options] : {std::pair<const char *, Arguments>{"2", {}},
                                    {"1", {"--tp", "2"}},
                                    {"2", {"--tp", "2", "--sequence-parallel"}}}) {
    Arguments all = options;
    all.insert(all.end(), freeze.begin(), freeze.end());
    expectSameLosses(trainCaptions(compileMesh(dp, all), "6"), one);
  }
}

TEST_F(CaptionsMesh, splitOptimizerStateHasTheSameBits) {
  std::map<std::string, std::string> expected;
  for (const char *zero : {"0", "1"}) {
    const fs::path saved = scratch / (std::string("zero") + zero);
    trainCaptions(compileMesh("2", {"--tp", "2", "--zero", zero}), "4", {"--save", saved});
    for (const char *name : {"model.safetensors", "optimizer.safetensors"}) {
      const std::string bytes = fileText(saved / "step-000004" / name);
      ASSERT_FALSE(bytes.empty());
      EXPECT_TRUE(expected.emplace(name, bytes).first->second == bytes) << name;
    }
  }
}

TEST_F(CaptionsMesh, aCheckpointGoesOnOnOneRank) {
  const auto whole = trainCaptions(compileMesh("1", {}), "6");
  trainCaptions(compileMesh("2", {"--tp", "2"}), "6",
                {"--save", path("saved"), "--save-every", "3"});
  fs::remove_all(scratch / "saved/step-000006");
  // The log keeps the first three steps, the mesh's, and the others follow.
  expectSameLosses(trainCaptions(compileMesh("1", {}), "6", {"--resume", path("saved")}), whole);
}

} // namespace
} // namespace step37::test
