// The golden model on meshes: what all ranks compute together is what one rank computes, in logits,
// loss, gradients and training, and options that only say where things are kept change no bit.
#include "runtime/plan/Mesh.h"
#include "runtime/plan/PlanFile.h"
#include "test/golden/Golden.h"

#include <map>

namespace step37::test {
namespace {

struct MeshCase {
  const char *name;
  int64_t dp;
  Arguments options; // but --dp
};

const std::vector<MeshCase> &meshCases() {
  static const std::vector<MeshCase> cases{
      {"dp2", 2, {}},
      {"tp2", 1, {"--tp", "2"}},
      {"dp2_ep2", 2, {"--ep", "2"}},
      {"tp2_ep2", 1, {"--tp", "2", "--ep", "2"}},
      {"tp2_etp2", 1, {"--tp", "2", "--etp", "2"}},
      {"tp2_dp2_ep4", 2, {"--tp", "2", "--ep", "4"}},
      {"tp2_dp2_sequence", 2, {"--tp", "2", "--sequence-parallel"}},
      {"dp4_ep4", 4, {"--ep", "4"}},
      {"tp2_dp4_ep8", 4, {"--tp", "2", "--ep", "8"}},
      {"tp2_dp4_ep2_etp2", 4, {"--tp", "2", "--ep", "2", "--etp", "2"}},
  };
  return cases;
}

class GoldenMesh : public GoldenModel {
protected:
  using Probed = std::map<std::string, std::vector<float>>;

  /// A plan for all rows of the golden case, which are there several times where there are more
  /// data-parallel ranks than rows.
  std::string compileMesh(int64_t dp, Arguments options) {
    const auto tp = std::find(options.begin(), options.end(), "--tp");
    const int64_t ranks = dp * (tp == options.end() ? 1 : std::stoll(tp[1]));
    options.insert(options.begin(),
                   {"--text-only", "--dtype", "f32", "--seq-len", std::to_string(seqLen), "--dp",
                    std::to_string(dp), "--micro-batch",
                    std::to_string(std::max(rows / dp, int64_t(1)))});
    const std::string plan = compile(goldenFile("config.json"), "mesh.plan", options);
    EXPECT_EQ(plan::rankCount(plan::load(plan).mesh), ranks);
    return plan;
  }

  /// The golden case `copies` times over.
  fs::path repeatedCase(int64_t copies) {
    safetensors::File golden(goldenFile("text_case.safetensors"));
    TensorFile file;
    auto add = [&]<class T>(const char *name, DType type, T) {
      const safetensors::Tensor *tensor = golden.find(name);
      if (!tensor)
        return;
      std::vector<T> values(static_cast<size_t>(tensor->elements() * copies));
      for (int64_t i = 0; i < copies; ++i)
        std::memcpy(values.data() + i * tensor->elements(), golden.bytes(*tensor).data(),
                    static_cast<size_t>(tensor->bytes));
      file.add(name, type, {tensor->shape[0] * copies, tensor->shape[1]}, values);
    };
    add("input_ids", DType::i64, int64_t());
    add("loss_mask", DType::f32, float());
    file.write(scratch / "case.safetensors");
    return scratch / "case.safetensors";
  }

  /// Logits, loss and gradients by name.
  Probed probed(int64_t dp, const Arguments &options, const fs::path &weights) {
    const safetensors::File file = probe(compileMesh(dp, options), weights,
                                         repeatedCase(std::max(dp / rows, int64_t(1))), true);
    Probed values;
    for (const safetensors::Tensor &tensor : file.tensors())
      values[tensor.name] = floatsOf(file, tensor.name);
    return values;
  }

  void expectSame(Probed mesh, const Probed &one) {
    ASSERT_EQ(mesh.size(), one.size());
    for (const auto &[name, expected] : one) {
      ASSERT_EQ(mesh.count(name), 1u) << name;
      std::vector<float> repeated;
      while (repeated.size() < mesh[name].size())
        repeated.insert(repeated.end(), expected.begin(), expected.end());
      EXPECT_LE(distance(mesh[name], repeated), name.starts_with("grad.") ? 2e-5 : 1e-5) << name;
    }
  }

  /// The bytes of what a probe with gradients writes.
  std::string probedBytes(int64_t dp, const Arguments &options) {
    probe(compileMesh(dp, options), goldenFile(""), repeatedCase(std::max(dp / rows, int64_t(1))),
          true);
    return fileText(scratch / "probed.safetensors");
  }
};

class OnMesh : public GoldenMesh, public testing::WithParamInterface<MeshCase> {};

INSTANTIATE_TEST_SUITE_P(Mesh, OnMesh, testing::ValuesIn(meshCases()),
                         [](const auto &info) { return std::string(info.param.name); });

TEST_P(OnMesh, givesWhatOneRankGives) {
  static const Probed one = probed(1, {}, goldenFile(""));
  ASSERT_GT(one.size(), 50u);
  expectSame(probed(GetParam().dp, GetParam().options, goldenFile("")), one);
}

TEST_F(GoldenMesh, tenStepsOfTraining) {
  for (const Arguments &options :
       {Arguments{"--tp", "2", "--ep", "4"}, {"--tp", "2", "--ep", "2", "--sequence-parallel"}})
    expectGoldenCurve(trainGolden(compileMesh(2, options), 10));
}

/// Whether optimizer state is split or not: the same steps and, unsharded, the same checkpoint.
TEST_F(GoldenMesh, splitOptimizerStateHasTheSameBits) {
  std::vector<std::vector<std::string>> logs;
  std::vector<std::map<std::string, std::string>> checkpoints;
  for (const char *zero : {"0", "1"}) {
    const std::string saved = path(std::string("saved") + zero);
    logs.push_back(textsOf(trainGolden(
        compileMesh(2, {"--tp", "2", "--ep", "2", "--sequence-parallel", "--zero", zero}), 4,
        {"--save", saved, "--save-every", "4"})));
    std::map<std::string, std::string> &files = checkpoints.emplace_back();
    for (const auto &entry : fs::recursive_directory_iterator(saved))
      if (entry.path().extension() == ".safetensors")
        files[fs::relative(entry.path(), saved).string()] = fileText(entry.path());
  }
  EXPECT_EQ(logs[0], logs[1]);
  ASSERT_FALSE(checkpoints[0].empty());
  ASSERT_EQ(checkpoints[0].size(), checkpoints[1].size());
  for (const auto &[name, bytes] : checkpoints[0])
    EXPECT_TRUE(checkpoints[1][name] == bytes) << name;
}

TEST_F(GoldenMesh, recomputedActivationsHaveTheSameBits) {
  const std::vector<std::pair<int64_t, Arguments>> meshes{
      {1, {}}, {2, {"--tp", "2", "--ep", "4", "--expert-rows", "1"}}};
  for (const auto &[dp, options] : meshes) {
    std::string kept;
    for (const char *mode : {"none", "selective", "full"}) {
      Arguments all = options;
      all.insert(all.end(), {"--recompute", mode});
      const std::string bytes = probedBytes(dp, all);
      if (kept.empty())
        kept = bytes;
      EXPECT_TRUE(bytes == kept) << mode << ", dp " << dp;
    }
  }
}

/// Between keeping all and computing all again there is a choice of values for every budget.
TEST_F(GoldenMesh, recomputationForABudgetHasTheSameBits) {
  const std::vector<std::pair<int64_t, Arguments>> meshes{
      {1, {}}, {2, {"--tp", "2", "--ep", "4", "--expert-rows", "1"}}};
  for (const auto &[dp, options] : meshes) {
    const auto with = [&](const char *flag, const std::string &value) {
      Arguments all = options;
      all.insert(all.end(), {flag, value});
      return all;
    };
    const auto loaded = [&] { return plan::load(path("mesh.plan")); };
    const std::string kept = probedBytes(dp, options);
    const int64_t most = loaded().targets[0].arena_bytes;
    compileMesh(dp, with("--recompute", "full"));
    const int64_t least = loaded().targets[0].arena_bytes;
    ASSERT_LT(least, most);
    size_t fewer = SIZE_MAX;
    for (const int quarters : {1, 2, 3, 4}) {
      const int64_t budget = least + (most - least) * quarters / 4;
      const std::string bytes =
          probedBytes(dp, with("--memory-budget", std::to_string(budget) + "B"));
      EXPECT_TRUE(bytes == kept) << budget << ", dp " << dp;
      const plan::Plan plan = loaded();
      EXPECT_LE(plan.targets[0].arena_bytes, budget);
      EXPECT_EQ(plan.activations.memory_budget, budget);
      EXPECT_EQ(plan.activations.recompute, quarters == 4 ? "none" : "budget");
      EXPECT_LT(plan.activations.recomputed.size(), fewer) << "more memory, less work";
      fewer = plan.activations.recomputed.size();
    }
  }
}

/// All tokens choose the first three of the eight experts: on two ranks the first has all rows, on
/// four the first has two thirds of them and the last two none. Rows beyond the mean are worked on
/// in further windows, and none is lost.
TEST_F(GoldenMesh, allTokensOnTheExpertsOfOneRank) {
  const fs::path weights = changedWeights([](const std::string &name, std::vector<float> &values) {
    if (name.ends_with("router_bias"))
      for (size_t expert = 0; expert < 3; ++expert)
        values[expert] += 100;
  });
  const Probed one = probed(1, {}, weights);
  for (const Arguments &options : {Arguments{"--ep", "2"},
                                   {"--tp", "2", "--ep", "4"},
                                   {"--tp", "2", "--ep", "2", "--etp", "2"}}) {
    Arguments all = options;
    all.insert(all.end(), {"--expert-rows", "1.0"});
    expectSame(probed(2, all, weights), one);
    const plan::Plan plan = plan::load(path("mesh.plan"));
    EXPECT_TRUE(
        std::any_of(plan.targets[0].kernels.begin(), plan.targets[0].kernels.end(),
                    [](const plan::Kernel &kernel) { return kernel.family == "expert_window"; }));
  }
}

/// Depths of multi-token prediction have their own losses, labels and blocks.
TEST_F(GoldenMesh, multiTokenPrediction) {
  const Probed one = probed(1, {"--mtp"}, goldenFile(""));
  ASSERT_EQ(one.count("mtp_losses"), 1u);
  expectSame(probed(2, {"--mtp", "--tp", "2", "--ep", "4"}, goldenFile("")), one);
  expectSame(probed(2, {"--mtp", "--tp", "2", "--sequence-parallel"}, goldenFile("")), one);
}

} // namespace
} // namespace step37::test
