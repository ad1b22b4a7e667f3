// `step37c plan-mesh` and `step37c show --cluster` from outside. The arithmetic is tested in
// test/runtime/cost_model_test.cpp.
#include "test/e2e/Programs.h"

#include <cmath>

namespace step37::test {
namespace {

using Json = nlohmann::json;

/// A row of the listing: its first cells.
struct Row {
  int dp, tp, ep, etp;
  double memory; // GiB or MiB
  double usPerToken;
};

class PlanMeshCommand : public Programs {
protected:
  /// `plan-mesh CONFIG …`, which must succeed; the rows that it prints.
  std::vector<Row> planMesh(const fs::path &config, Arguments options) {
    options.insert(options.begin(), {"plan-mesh", config.string()});
    EXPECT_EQ(compiler(options), 0) << err;
    EXPECT_EQ(err, "");
    std::istringstream lines(out);
    std::string line;
    std::getline(lines, line);
    std::getline(lines, line); // headings
    std::vector<Row> rows;
    while (std::getline(lines, line) && line.find('%') != std::string::npos) {
      std::istringstream cells(line);
      std::string unit, tokens, milliseconds;
      Row &row = rows.emplace_back();
      cells >> row.dp >> row.tp >> row.ep >> row.etp >> row.memory >> unit >> tokens >>
          milliseconds >> row.usPerToken;
      EXPECT_TRUE(cells) << line;
    }
    return rows;
  }

  void expectRefused(int code, const Arguments &arguments, const std::string &message) {
    EXPECT_EQ(compiler(arguments), code) << out << err;
    EXPECT_NE(err.find(message), std::string::npos) << err;
    EXPECT_EQ(out, "");
  }

  std::string cudaPlan(Arguments options) {
    const std::string plan = path("paper.plan");
    options.insert(options.begin(), {"compile", STEP37_EXAMPLE, "-o", plan, "--target", "cuda",
                                     "--no-kernel-images", "--seq-len", "64"});
    EXPECT_EQ(compiler(options), 0) << err;
    return plan;
  }
};

/// Two groups of keys and values, eight experts: every mesh of four ranks is there once (dp, tp,
/// ep, etp), in the order of predicted times. On a model so small that is the order of the number
/// of exchanges, first of all for twice the tokens.
TEST_F(PlanMeshCommand, listsTheMeshesOfTheExample) {
  const std::vector<Row> rows =
      planMesh(STEP37_EXAMPLE, {"--gpus", "4", "--seq-len", "64", "--memory", "1GB"});
  std::vector<std::string> meshes;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row &row = rows[i];
    EXPECT_EQ(row.dp * row.tp, 4);
    EXPECT_EQ(4 % (row.ep * row.etp), 0);
    if (i > 0)
      EXPECT_LE(rows[i - 1].usPerToken, row.usPerToken);
    meshes.push_back(std::to_string(row.dp) + std::to_string(row.tp) + std::to_string(row.ep) +
                     std::to_string(row.etp));
  }
  EXPECT_EQ(meshes, (std::vector<std::string>{"4111", "4141", "4114", "4122", "4112", "4121",
                                              "2211", "2212", "2221", "2214", "2222", "2241"}))
      << out;
  EXPECT_NE(out.find("of " + std::to_string(rows.size()) + " candidates fit"), std::string::npos)
      << out;
}

/// What the listing says of a mesh is what `show --cluster` says of its plan.
TEST_F(PlanMeshCommand, agreesWithShow) {
  const std::vector<Row> rows =
      planMesh(STEP37_EXAMPLE, {"--gpus", "4", "--seq-len", "64", "--grad-accumulation", "3",
                                "--cluster", "nvlink=2,latency=9us"});
  const std::string plan = cudaPlan({"--dp", "2", "--tp", "2", "--ep", "2"});
  ASSERT_EQ(compiler({"show", plan, "--json", "--cluster", "gpus=4,nvlink=2,latency=9us",
                      "--grad-accumulation", "3"}),
            0)
      << err;
  const Json prediction = Json::parse(out)["prediction"];
  const auto row = std::ranges::find_if(rows, [](const Row &candidate) {
    return candidate.tp == 2 && candidate.ep == 2 && candidate.etp == 1;
  });
  ASSERT_NE(row, rows.end());
  EXPECT_EQ(prediction["tokens"], 3 * 2 * 64);
  EXPECT_NEAR(row->usPerToken,
              prediction["step_seconds"].get<double>() * 1e6 / prediction["tokens"].get<double>(),
              5.1e-4);
  EXPECT_NEAR(row->memory, prediction["memory"]["needed"].get<double>() / (1 << 20), 5.1e-3);
}

TEST_F(PlanMeshCommand, listsWhatFitsOfAPublishedSlice) {
  const fs::path slice = fs::path(STEP37_TEST_DATA) / "configs" / "step35-slice.json";
  const std::vector<Row> rows = planMesh(slice, {"--gpus", "2", "--memory", "60GB"});
  EXPECT_FALSE(rows.empty());
  for (const Row &row : rows)
    EXPECT_LE(row.memory, 60e9 / (1 << 30));
  expectRefused(1, {"plan-mesh", slice.string(), "--gpus", "1", "--memory", "40GB"},
                "of 1 candidate for 1 GPU none fits into 37.25 GiB a GPU; the closest, dp 1, tp 1, "
                "ep 1, etp 1, needs ");
}

/// A memory between what one GPU needs with and without recomputation: the mode that makes it fit
/// is listed; one that is asked for is the only one tried.
TEST_F(PlanMeshCommand, listsTheModeOfRecomputationThatFits) {
  const Arguments shape{"--gpus", "1", "--seq-len", "256", "--micro-batch", "8"};
  const auto memoryWith = [&](Arguments options) {
    options.insert(options.end(), shape.begin(), shape.end());
    const std::vector<Row> rows = planMesh(STEP37_EXAMPLE, options);
    EXPECT_EQ(rows.size(), 1u);
    return rows.empty() ? 0 : rows[0].memory;
  };
  const double none = memoryWith({}), least = memoryWith({"--recompute", "full"});
  EXPECT_NE(out.find("  full "), std::string::npos) << out;
  ASSERT_LT(least + 1, none);
  const std::string between = std::to_string((none + least) / 2) + "MiB";
  EXPECT_LE(memoryWith({"--memory", between}), (none + least) / 2);
  EXPECT_TRUE(out.find("  full ") != std::string::npos ||
              out.find("  selective ") != std::string::npos)
      << out;
  Arguments refused{"plan-mesh", STEP37_EXAMPLE, "--memory", between, "--recompute", "none"};
  refused.insert(refused.end(), shape.begin(), shape.end());
  expectRefused(1, refused, "none fits into ");
}

TEST_F(PlanMeshCommand, wrongUsage) {
  const Arguments base{"plan-mesh", STEP37_EXAMPLE};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), base.begin(), base.end());
    return more;
  };
  expectRefused(2, base, "--gpus is required");
  expectRefused(2, with({"--gpus", "four"}), "gpus: 'four' is not a positive number");
  expectRefused(2, with({"--gpus", "4", "--cluster", "gpus=4"}), "gpus: is given twice");
  expectRefused(2, with({"--gpus", "4", "--cluster", "fabric=1"}), "'fabric': is not one of");
  expectRefused(2, with({"--gpus", "4", "--programs", "eval"}), "ranked by what training costs");
  expectRefused(1, with({"--gpus", "4", "--seq-len", "4096"}), "max_position_embeddings");
  expectRefused(1, {"plan-mesh", path("none.json"), "--gpus", "4"}, "none.json");
}

TEST_F(PlanMeshCommand, showNeedsAPlanForGpusAndAsManyOfThem) {
  const std::string plan = cudaPlan({"--tp", "2"});
  EXPECT_EQ(compiler({"show", plan, "--cluster", "gpus=2"}), 0) << err;
  EXPECT_NE(out.find("A training step of 1 x 64 tokens: "), std::string::npos) << out;
  expectRefused(1, {"show", plan, "--cluster", "gpus=4"},
                "gpus: the cluster has 4, the plan 2 ranks");
  expectRefused(1, {"show", plan, "--cluster", "nvlink=4"}, "gpus: is not given");
  expectRefused(2, {"show", plan, "--cluster", "gpus=2,gpus=2"}, "gpus: is given twice");
  expectRefused(2, {"show", plan, "--grad-accumulation", "2"}, "--cluster");
  const std::string host = compile(STEP37_EXAMPLE, "host.plan", {"--seq-len", "64"});
  expectRefused(1, {"show", host, "--cluster", "gpus=1"}, "host.plan: has no target cuda");
}

} // namespace
} // namespace step37::test
