// The golden model on meshes: what all ranks compute together is what one rank computes, in logits,
// loss, gradients and training, and options that only say where things are kept change no bit.
#include "runtime/plan/Mesh.h"
#include "runtime/plan/PlanFile.h"
#include "test/golden/GoldenMesh.h"

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
      {"tp2_dp2_ep4_sequence", 2, {"--tp", "2", "--ep", "4", "--sequence-parallel"}},
  };
  return cases;
}

const Arguments dispatches{"gather", "all-to-all"};

/// The same options with one more.
Arguments with(Arguments options, const Arguments &more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

bool sharesExperts(const Arguments &options) {
  return std::find(options.begin(), options.end(), "--ep") != options.end();
}

class GoldenMesh : public GoldenModel {
protected:
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
    return probedValues(probe(compileMesh(dp, options), weights,
                              repeatedCase(std::max(dp / rows, int64_t(1))), true));
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
  const auto &[name, dp, options] = GetParam();
  if (!sharesExperts(options))
    return expectSame(probed(dp, options, goldenFile("")), one);
  for (const std::string &dispatch : dispatches) {
    SCOPED_TRACE(dispatch);
    expectSame(probed(dp, with(options, {"--dispatch", dispatch}), goldenFile("")), one);
    EXPECT_EQ(plan::load(path("mesh.plan")).dispatch.choice, dispatch);
  }
}

TEST_F(GoldenMesh, tenStepsOfTraining) {
  for (const Arguments &options :
       {Arguments{"--tp", "2", "--ep", "4", "--dispatch", "gather"},
        {"--tp", "2", "--ep", "4", "--dispatch", "all-to-all"},
        {"--tp", "2", "--ep", "2", "--sequence-parallel"},
        {"--tp", "2", "--ep", "2", "--sequence-parallel", "--dispatch", "all-to-all"}})
    expectGoldenCurve(trainGolden(compileMesh(2, options), 10));
}

/// Whether optimizer state is split or not: the same steps and, unsharded, the same checkpoint.
class SplitState : public GoldenMesh, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Dispatch, SplitState, testing::ValuesIn(dispatches), [](const auto &info) {
  return std::string(info.param == "gather" ? "gather" : "allToAll");
});

TEST_P(SplitState, hasTheSameBits) {
  std::vector<std::vector<std::string>> logs;
  std::vector<std::map<std::string, std::string>> checkpoints;
  for (const char *zero : {"0", "1"}) {
    const std::string saved = path(GetParam() + zero);
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
      {1, {}},
      {2, {"--tp", "2", "--ep", "4", "--expert-rows", "1", "--dispatch", "gather"}},
      {2, {"--tp", "2", "--ep", "4", "--expert-rows", "1", "--dispatch", "all-to-all"}}};
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
                                   {"--tp", "2", "--ep", "2", "--etp", "2"}})
    for (const std::string &dispatch : dispatches) {
      SCOPED_TRACE(options.back() + ", " + dispatch);
      expectSame(
          probed(2, with(options, {"--expert-rows", "1.0", "--dispatch", dispatch}), weights), one);
      const plan::Plan plan = plan::load(path("mesh.plan"));
      const char *window = dispatch == "gather" ? "expert_window" : "received_rows";
      EXPECT_GE(std::count_if(plan.targets[0].kernels.begin(), plan.targets[0].kernels.end(),
                              [&](const plan::Kernel &kernel) { return kernel.family == window; }),
                2);
      // Windows that nobody sends rows for cost nothing, in both programs with experts.
      for (const plan::Program &program : plan.targets[0].programs)
        if (program.name == "accumulate" || program.name == "eval")
          EXPECT_EQ(std::any_of(program.steps.begin(), program.steps.end(),
                                [](const plan::Step &step) { return step.rows_of >= 0; }),
                    dispatch != "gather")
              << program.name;
    }
}

/// Depths of multi-token prediction have their own losses, labels and blocks.
TEST_F(GoldenMesh, multiTokenPrediction) {
  const Probed one = probed(1, {"--mtp"}, goldenFile(""));
  ASSERT_EQ(one.count("mtp_losses"), 1u);
  for (const std::string &dispatch : dispatches)
    expectSame(
        probed(2, {"--mtp", "--tp", "2", "--ep", "4", "--dispatch", dispatch}, goldenFile("")),
        one);
  expectSame(probed(2, {"--mtp", "--tp", "2", "--sequence-parallel"}, goldenFile("")), one);
}

/// Without several ranks for experts there is nothing to choose; else the count of bytes decides:
/// three rows of a token all-to-all, of which half go to another of two ranks, are more than the
/// token itself; of eight ranks seven others would gather it.
TEST_F(GoldenMesh, dispatchIsChosenByBytes) {
  const auto chosen = [&](int64_t dp, const Arguments &options) {
    return plan::load(compileMesh(dp, options)).dispatch;
  };
  EXPECT_EQ(chosen(2, {"--dispatch", "all-to-all"}).choice, "");
  const plan::ExpertDispatch few = chosen(2, {"--ep", "2"}), many = chosen(8, {"--ep", "8"});
  EXPECT_EQ(few.choice, "gather");
  EXPECT_LE(few.gather_bytes, few.all_to_all_bytes);
  EXPECT_EQ(many.choice, "all-to-all");
  EXPECT_GT(many.gather_bytes, many.all_to_all_bytes);
  EXPECT_EQ(chosen(2, {"--ep", "2", "--dispatch", "all-to-all"}).reason, "asked for");
}

} // namespace
} // namespace step37::test
