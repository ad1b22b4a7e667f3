// `step37c show` on compiled plans: the published totals, and planned bytes that add up. The report
// itself is tested in test/runtime/report_test.cpp.
#include "test/e2e/Programs.h"

namespace step37::test {
namespace {

using Json = nlohmann::json;

class ShowCommand : public Programs {
protected:
  std::string show(const std::string &plan, Arguments options = {}) {
    options.insert(options.begin(), {"show", plan});
    EXPECT_EQ(compiler(options), 0) << err;
    EXPECT_EQ(err, "");
    return out;
  }

  /// Compiles a published config and expects its totals, in the text and in JSON.
  void expectTotals(const char *config, int64_t tensors, int64_t parameters, int64_t computed,
                    int64_t bytes, const std::string &printed) {
    const std::string plan = compile(fs::path(STEP37_TEST_DATA) / "configs" / config, "full.plan",
                                     {"--seq-len", "4096"});
    const Json json = Json::parse(show(plan, {"--json"}));
    EXPECT_EQ(json["published"]["all"]["tensors"], tensors);
    EXPECT_EQ(json["published"]["all"]["parameters"], parameters);
    EXPECT_EQ(json["published"]["all"]["bytes"], bytes);
    EXPECT_EQ(json["tensors"].size(), static_cast<size_t>(tensors));
    // What is computed, without the MTP layers.
    EXPECT_EQ(json["published"]["trained"]["parameters"], computed - 12'096);
    EXPECT_EQ(json["published"]["frozen"]["parameters"], 12'096); // router_bias
    const Json &planned = json["targets"][0]["bytes_by_kind"];
    EXPECT_EQ(planned["weights"], 2 * (computed - 12'096) + 4 * 12'096);
    EXPECT_EQ(planned["gradients"], 4 * (computed - 12'096));
    EXPECT_EQ(planned["optimizer"], 12 * (computed - 12'096));
    EXPECT_NE(show(plan).find(printed), std::string::npos) << out;
  }
};

TEST_F(ShowCommand, countsStep35Flash) {
  // 398,768,626,944 bytes is what the model card says.
  expectTotals("step35-flash.json", 804, 199'384'301'376, 196'956'130'368, 398'768'626'944,
               "804  199,384,301,376  398,768,626,944");
}

TEST_F(ShowCommand, countsStep37FlashWithVision) {
  expectTotals("step37-flash.json", 1471, 201'365'316'160, 198'937'145'152, 402'730'656'512,
               "1,471  201,365,316,160  402,730,656,512");
}

TEST_F(ShowCommand, multiTokenPredictionIsTrainedAndCarriesNothing) {
  const std::string plan = compile(fs::path(STEP37_TEST_DATA) / "configs" / "step35-flash.json",
                                   "full.plan", {"--seq-len", "4096", "--mtp"});
  const Json published = Json::parse(show(plan, {"--json"}))["published"];
  EXPECT_EQ(published["all"]["tensors"], 804);
  EXPECT_EQ(published["trained"]["parameters"], 199'384'301'376 - 12'096);
  EXPECT_EQ(published["frozen"]["parameters"], 12'096); // router_bias
  EXPECT_EQ(published["carried"]["tensors"], 0);
}

TEST_F(ShowCommand, plannedBytesAddUp) {
  for (const char *type : {"f32", "bf16"}) {
    const std::string plan =
        compile(STEP37_EXAMPLE, "example.plan", {"--dtype", type, "--seq-len", "64"});
    for (const Json &target : Json::parse(show(plan, {"--json"}))["targets"]) {
      int64_t sum = target["gap_bytes"];
      EXPECT_GE(sum, 0);
      for (const auto &[kind, bytes] : target["bytes_by_kind"].items())
        sum += bytes.get<int64_t>();
      EXPECT_EQ(sum, target["arena_bytes"]);
      EXPECT_EQ(target["peak_program"], "accumulate");
      size_t steps = 0, uses = 0;
      for (const Json &program : target["programs"])
        steps += program["steps"].get<size_t>();
      for (const Json &kernel : target["kernels"])
        uses += kernel["steps"].get<size_t>();
      EXPECT_EQ(uses, steps);
    }
  }
}

/// What is kept is alive at the peak; what is not is computed again, layer by layer.
TEST_F(ShowCommand, whatIsKeptAndComputedAgain) {
  int64_t before = INT64_MAX;
  for (const char *mode : {"none", "selective", "full"}) {
    const std::string plan =
        compile(STEP37_EXAMPLE, "example.plan", {"--seq-len", "256", "--recompute", mode});
    const std::string text = show(plan);
    EXPECT_NE(text.find("Recomputation: " + std::string(mode)), std::string::npos) << text;
    EXPECT_NE(text.find("Kept by accumulate for its backward part"), std::string::npos) << text;
    EXPECT_NE(text.find("model.layers.*.self_attn"), std::string::npos) << text;
    EXPECT_EQ(text.find("model.layers.0"), std::string::npos) << text;
    EXPECT_EQ(text.find("Computed again") == std::string::npos, mode == std::string("none"));

    const Json json = Json::parse(show(plan, {"--json"})), &activations = json["activations"];
    EXPECT_EQ(activations["recompute"], mode);
    EXPECT_TRUE(activations["memory_budget"].is_null());
    const int64_t saved = activations["saved_bytes"];
    EXPECT_LT(saved, before);
    before = saved;
    for (const Json &program : json["targets"][0]["programs"])
      if (program["name"] == "accumulate")
        EXPECT_GE(program["peak"]["live_bytes"].get<int64_t>(), saved);
    EXPECT_EQ(activations["recomputed_flops"].get<int64_t>() > 0, mode == std::string("full"));
    EXPECT_EQ(activations["recomputed"].empty(), mode == std::string("none"));
    EXPECT_EQ(activations["saved"][0]["origin"].get<std::string>().substr(0, 6), "model.");
  }
  const std::string eval = compile(STEP37_EXAMPLE, "eval.plan", {"--programs", "eval"});
  EXPECT_EQ(show(eval).find("Recomputation"), std::string::npos);
  EXPECT_TRUE(Json::parse(show(eval, {"--json"}))["activations"]["saved"].empty());
}

TEST_F(ShowCommand, switchesInForceAreShown) {
  const std::string plan = compile(STEP37_EXAMPLE, "switched.plan",
                                   {"--seq-len", "64", "--set", "window_keys=13", "--set",
                                    "clamp_position=before_silu", "--set", "rope_scaling=off"});
  const std::string text = show(plan);
  for (const char *shown : {"window_keys=13", "clamp_position=before_silu", "rope_scaling=off"})
    EXPECT_NE(text.find(shown), std::string::npos) << text;
}

TEST_F(ShowCommand, sectionsAreAddedOnDemand) {
  const std::string plan = compile(STEP37_EXAMPLE, "example.plan", {"--seq-len", "64"});
  const std::string summary = show(plan);
  for (const auto &[flag, shown] : {std::pair{"--memory", "Peak of program accumulate"},
                                    {"--kernels", "Kernels of target host"},
                                    {"--params", "model.layers.0.self_attn.g_proj.weight"}}) {
    EXPECT_EQ(summary.find(shown), std::string::npos);
    const std::string text = show(plan, {flag});
    EXPECT_TRUE(text.starts_with(summary)) << flag;
    EXPECT_NE(text.find(shown), std::string::npos) << flag;
  }
  EXPECT_EQ(show(plan, {"--json", "--memory", "--params"}), show(plan, {"--json"}));
}

} // namespace
} // namespace step37::test
