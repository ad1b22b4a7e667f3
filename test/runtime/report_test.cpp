// What `step37c show` says about a plan made by hand.
#include "codegen/cost/ExchangeGroups.h"
#include "codegen/report/ActivationReport.h"
#include "codegen/report/JsonReport.h"
#include "codegen/report/KernelReport.h"
#include "codegen/report/MemoryReport.h"
#include "codegen/report/MeshReport.h"
#include "codegen/report/NamesReport.h"
#include "codegen/report/PathPattern.h"
#include "codegen/report/PublishedReport.h"
#include "codegen/report/TextReport.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/ShapeText.h"
#include "runtime/base/TextTable.h"
#include "test/runtime/PlanSamples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace step37::report {
namespace {

using plan::BufferKind;
using test::samplePlan;

/// The table of the sample's tensors; the last one is not computed.
const std::vector<MappedTensor> &sampleTable() {
  using enum TensorGroup;
  static const std::vector<MappedTensor> table{
      {{"gate_proj.weight", DType::bf16, {2, 1, 4}, text},
       "packed",
       "fc1.weight*",
       Sharing::expertColumn,
       PackPlace::gate},
      {{"up_proj.weight", DType::bf16, {2, 2, 4}, text},
       "packed",
       "fc1.weight*",
       Sharing::expertColumn,
       PackPlace::up},
      {{"router_bias", DType::f32, {5}, text}, "bias", "expert_bias"},
      {{"mtp.weight", DType::bf16, {4, 4}, mtp}, "mtp.weight", "mtp.weight", Sharing::column}};
  return table;
}

/// The lines of a text that hold all the words, blanks squeezed.
std::vector<std::string> linesWith(const std::string &text, const std::vector<std::string> &words) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string squeezed;
    std::istringstream cells(line);
    for (std::string cell; cells >> cell;)
      squeezed += (squeezed.empty() ? "" : " ") + cell;
    if (std::all_of(words.begin(), words.end(), [&](const std::string &word) {
          return squeezed.find(word) != std::string::npos;
        }))
      found.push_back(squeezed);
  }
  return found;
}

void expectLine(const std::string &text, const std::string &line) {
  EXPECT_EQ(linesWith(text, {line}), std::vector<std::string>{line}) << text;
}

TEST(Quantities, areReadable) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-123456), "-123,456");
  EXPECT_EQ(grouped(199384301376), "199,384,301,376");
  EXPECT_EQ(readableBytes(1023), "1023 B");
  EXPECT_EQ(readableBytes(1024), "1.00 KiB");
  EXPECT_EQ(readableBytes(398768626944), "371.38 GiB");
  EXPECT_EQ(readableBytes(int64_t(5) << 40), "5120.00 GiB");
  EXPECT_EQ(shapeText({}), "[]");
  EXPECT_EQ(shapeText({2, 3}), "[2, 3]");
  EXPECT_EQ(counted(1, "rank"), "1 rank");
  EXPECT_EQ(counted(2000, "rank"), "2,000 ranks");
}

/// The tensors that the plan names.
std::vector<MappedTensor> tableOf(const plan::Plan &plan) {
  std::vector<MappedTensor> table;
  for (const plan::Parameter &parameter : plan.parameters)
    for (const plan::Part &part : parameter.parts)
      table.push_back({{part.name, part.type, part.shape, TensorGroup::text}, parameter.name, ""});
  for (const plan::CarriedTensor &tensor : plan.carried)
    table.push_back({{tensor.name, tensor.type, tensor.shape, TensorGroup::mtp}, "", ""});
  return table;
}

/// Every rank sends 1/2 of what is gathered twice over, and twice that for a sum.
TEST(MeshReport, putsCollectivesTogether) {
  plan::Plan plan = test::meshPlan();
  plan::Target &host = plan.targets[0];
  const auto exchange = [&](spec::Exchange kind, std::vector<std::string> axes, int64_t ranks,
                            int64_t elements) {
    host.kernels.push_back(
        {"exchange_" + std::to_string(host.kernels.size()), "collective", "host", "",
         spec::toJson(spec::Collective{kind, std::move(axes), ranks, elements, DType::bf16})});
    host.programs[1].steps.push_back(
        {plan::StepKind::collective, static_cast<int>(host.kernels.size()) - 1, {}, "x"});
  };
  host.programs[1].steps.pop_back();
  exchange(spec::Exchange::allReduce, {"tp"}, 2, 100);
  exchange(spec::Exchange::allGather, {"dp", "tp"}, 4, 10);
  exchange(spec::Exchange::allReduce, {"tp"}, 2, 50);
  const std::vector<ExchangeGroup> groups = exchangeGroups(host);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].bytes, 300);
  EXPECT_EQ(groups[0].steps, 2);
  EXPECT_EQ(groups[1].bytes, 60);
  const std::vector<MappedTensor> table = tableOf(plan);
  const std::string text = summaryText(plan, table);
  expectLine(text, "eval all_reduce tp 2 2 300 300 B");
  expectLine(text, "eval all_gather dp tp 4 1 60 60 B");
  expectLine(text, "mesh dp 2, tp 2, ep 2, etp 1 (4 ranks, axes dp:2 tp:2)");
  EXPECT_EQ(exchangeText(samplePlan().targets[0]), "");
  const nlohmann::ordered_json json = jsonReport(plan, table);
  EXPECT_EQ(json["mesh"]["axes"]["tp"], 2);
  EXPECT_EQ(json["targets"][0]["exchange"][0]["bytes_sent"], 300);
}

/// Of 12 rows of a rank three quarters go elsewhere, all of them in the first window.
TEST(MeshReport, countsRowsOfBalancedRouting) {
  plan::Plan plan = test::meshPlan();
  plan.dispatch = {"all-to-all", "a rank receives fewer bytes", 4096, 3072};
  plan::Target &host = plan.targets[0];
  host.programs[1].steps.clear();
  for (const int64_t first : {0, 16})
    for (const bool back : {false, true}) {
      host.kernels.push_back(
          {"exchange_" + std::to_string(host.kernels.size()), "collective_counted", "host", "",
           spec::toJson(spec::CountedExchange{
               back, false, {"dp", "tp"}, 4, 8, 12, 16, first, 10, DType::bf16})});
      host.programs[1].steps.push_back(
          {plan::StepKind::collective, static_cast<int>(host.kernels.size()) - 1, {}, "x"});
    }
  const std::vector<ExchangeGroup> groups = exchangeGroups(host);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].exchange, "counted_all_to_all");
  EXPECT_EQ(groups[0].steps, 4);
  EXPECT_EQ(groups[0].empty, 2);
  EXPECT_EQ(groups[0].bytes, 2 * 9 * 10 * 2);
  const std::vector<MappedTensor> table = tableOf(plan);
  const std::string text = summaryText(plan, table);
  EXPECT_NE(text.find("all-to-all, a rank receives fewer bytes (gather 4,096, all-to-all 3,072 "),
            std::string::npos)
      << text;
  const nlohmann::ordered_json json = jsonReport(plan, table);
  EXPECT_EQ(json["dispatch"]["choice"], "all-to-all");
  EXPECT_EQ(json["dispatch"]["gather_bytes"], 4096);
  plan.dispatch = {};
  EXPECT_TRUE(jsonReport(plan, table)["dispatch"].is_null());
}

TEST(TextTable, alignsColumns) {
  TextTable table("lr");
  table.add({"a", "100"});
  table.add({"long", "5"});
  table.add({"short row"});
  EXPECT_EQ(table.text(), "  a          100\n  long         5\n  short row\n");
}

TEST(MemoryUse, addsUpToTheArena) {
  const plan::Target target = samplePlan().targets[0];
  const MemoryUse memory = memoryUse(target);
  EXPECT_EQ(memory.bytes(BufferKind::weights), 48 + 20);
  EXPECT_EQ(memory.bytes(BufferKind::gradients), 96);
  EXPECT_EQ(memory.bytes(BufferKind::optimizer), 96);
  EXPECT_EQ(memory.bytes(BufferKind::io), 64 + 4 + 4);
  // Step 0 of accumulate: "hidden" and "scratch".
  EXPECT_EQ(memory.bytes(BufferKind::activations), 128);
  EXPECT_EQ(memory.bytes(BufferKind::workspace), 256);
  EXPECT_EQ(memory.lastingBytes(), 68 + 96 + 96 + 72);
  EXPECT_EQ(memory.lastingBytes() + 128 + 256 + memory.gaps, target.arena_bytes);
  EXPECT_EQ(memory.peak_program, 0);
  ASSERT_EQ(memory.programs.size(), 2u);
  EXPECT_EQ(memory.programs[0].step, 0);
  EXPECT_EQ(memory.programs[0].live_bytes, 384);
  EXPECT_EQ(memory.programs[0].end, 704 + 256);
  EXPECT_EQ(memory.programs[1].live_bytes, 128);
  EXPECT_EQ(liveTemporaries(target, 0, 0), (std::vector<int>{8, 7}));
  EXPECT_EQ(liveTemporaries(target, 0, 1), (std::vector<int>{7, 9}));
}

TEST(MemoryUse, peakIsWhereMostIsAlive) {
  plan::Target target = samplePlan().targets[0];
  target.buffers[8].first_step = target.buffers[8].last_step = 1; // beside "hidden" and "later"
  target.buffers[9].offset = 960;
  target.arena_bytes = 1088;
  const MemoryUse memory = memoryUse(target);
  EXPECT_EQ(memory.programs[0].step, 1);
  EXPECT_EQ(memory.programs[0].live_bytes, 128 + 256 + 128);
  EXPECT_EQ(memory.programs[0].end, 1088);
}

TEST(MemoryUse, theProgramThatReachesFarthestDecides) {
  plan::Target target = samplePlan().targets[0];
  target.buffers[10].offset = 896; // of eval; ends at 1024, past accumulate's 960
  const MemoryUse memory = memoryUse(target);
  EXPECT_EQ(memory.peak_program, 1);
  EXPECT_EQ(memory.bytes(BufferKind::activations), 128);
  EXPECT_EQ(memory.bytes(BufferKind::workspace), 0);
}

TEST(MemoryUse, aTargetWithoutTemporaries) {
  plan::Target target = samplePlan().targets[0];
  target.buffers.resize(7);
  const MemoryUse memory = memoryUse(target);
  EXPECT_EQ(memory.peak_program, -1);
  EXPECT_EQ(memory.programs[0].step, -1);
  EXPECT_EQ(memory.lastingBytes() + memory.gaps, target.arena_bytes);
}

TEST(MemoryUse, groupsWhatDiffersInNumbersOnly) {
  plan::Target target = samplePlan().targets[0];
  target.programs[0].steps[0] = target.programs[0].steps[1];
  target.programs[0].steps[0].origin = "model.layers.12.mlp";
  const std::vector<BufferGroup> groups = groupedTemporaries(target, {7, 9, 8});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].count, 2); // of as many bytes as "scratch", and first by name of the type
  EXPECT_EQ(groups[0].bytes, 256);
  EXPECT_EQ(groups[0].origin, "model.layers.*.mlp");
  EXPECT_EQ(groups[0].family, "gemm");
  EXPECT_EQ(groups[1].kind, BufferKind::workspace);
}

TEST(ActivationReport, putsLayersTogether) {
  const plan::Plan plan = samplePlan();
  const std::vector<SavedGroup> saved = savedGroups(plan.activations);
  ASSERT_EQ(saved.size(), 2u);
  EXPECT_EQ(saved[0].origin, "model.layers.*.mlp");
  EXPECT_EQ(saved[0].count, 2);
  EXPECT_EQ(saved[0].bytes, 256);
  const std::vector<RecomputedGroup> recomputed = recomputedGroups(plan.activations);
  ASSERT_EQ(recomputed.size(), 3u);
  EXPECT_EQ(recomputed[0].operation, "rms_norm");
  EXPECT_EQ(recomputed[0].bytes, 272);
  EXPECT_EQ(recomputed[1].sentBytes, 32);
  EXPECT_TRUE(recomputed[2].overflow); // last, although it has more bytes

  const std::string text = summaryText(plan, sampleTable());
  expectLine(text, "Recomputation: budget, for a memory budget of 4,096 bytes (4.00 KiB) a rank");
  expectLine(text, "256 256 B 2 bf16 [2, 32] matmul model.layers.*.mlp");
  expectLine(text, "160 160 B 1 bf16 [2, 40] embedding model.embed_tokens");
  expectLine(text, "416 416 B 3 all");
  expectLine(text, "272 272 B 2 rms_norm model.layers.*.norm");
  expectLine(text, "64 64 B 1 32 B all_gather model.layers.*.moe");
  expectLine(text, "336 336 B 3 32 B all");
  expectLine(text, "96 96 B 1 3.299 only for rows of experts beyond the first window");

  const nlohmann::ordered_json json = activationsJson(plan.activations);
  EXPECT_EQ(json["recompute"], "budget");
  EXPECT_EQ(json["memory_budget"], 4096);
  EXPECT_EQ(json["saved_bytes"], 416);
  EXPECT_EQ(json["recomputed_bytes"], 336);
  EXPECT_EQ(json["recomputed_flops"], 0);
  EXPECT_EQ(json["recomputed_sent_bytes"], 32);
  EXPECT_EQ(json["saved"][1]["origin"], "model.layers.1.mlp");
  EXPECT_EQ(json["saved"][1]["bytes"], 128);
  EXPECT_EQ(json["recomputed"][3]["flops"], int64_t(3) << 40);
  EXPECT_EQ(json["recomputed"][3]["overflow"], true);
  EXPECT_EQ(jsonReport(plan, sampleTable())["activations"], json);
}

TEST(ActivationReport, manyGroupsAreSummedUp) {
  plan::Plan plan = samplePlan();
  plan.activations = {};
  EXPECT_EQ(activationsText(plan), "");
  for (int64_t i = 1; i <= 20; ++i) {
    plan.activations.saved.push_back({"x", "add", DType::f32, {i}});
    plan.activations.recomputed.push_back({"y" + std::to_string(i), "add", i, 0, i});
  }
  const std::string text = activationsText(plan);
  expectLine(text, "Recomputation: none");
  expectLine(text, "40 40 B 4 others"); // of 1 to 4 elements
  expectLine(text, "840 840 B 20 all");
  expectLine(text, "10 10 B 4 10 B others");
  expectLine(text, "210 210 B 20 210 B all");
  EXPECT_TRUE(activationsJson(plan.activations)["memory_budget"].is_null());
}

TEST(PublishedReport, countsByUse) {
  const plan::Plan plan = samplePlan();
  const std::vector<PlannedTensor> tensors = plannedTensors(plan, sampleTable());
  ASSERT_EQ(tensors.size(), 4u);
  EXPECT_EQ(tensors[1].published().name, "up_proj.weight");
  EXPECT_EQ(tensors[1].buffer, "packed");
  EXPECT_EQ(tensors[2].use, TensorUse::frozen);
  EXPECT_EQ(tensors[3].use, TensorUse::carried);
  EXPECT_EQ(tensors[3].buffer, "");
  EXPECT_EQ(total(tensors, TensorUse::trained).parameters, 8 + 16);
  EXPECT_EQ(total(tensors, TensorUse::carried).bytes, 32);
  const PublishedTotal all = total(tensors);
  EXPECT_EQ(all.tensors, 4);
  EXPECT_EQ(all.parameters, 8 + 16 + 5 + 16);
  EXPECT_EQ(all.bytes, 16 + 32 + 20 + 32);
}

TEST(PublishedReport, refusesTensorsThatTheTableLacks) {
  const std::vector<MappedTensor> table(sampleTable().begin() + 1, sampleTable().end());
  try {
    plannedTensors(samplePlan(), table);
    FAIL();
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), std::string("the plan's tensor gate_proj.weight is not one of its "
                                        "config"));
  }
}

TEST(NamesReport, listsTensorsAndKinds) {
  const std::string text = namesText(sampleTable(), true);
  expectLine(text, "gate_proj.weight BF16 [2, 1, 4] expert column packed (gate) fc1.weight*");
  expectLine(text, "router_bias F32 [5] replicated bias expert_bias");
  EXPECT_TRUE(text.ends_with("4 tensors, 45 parameters, 100 bytes\n")) << text;
  EXPECT_EQ(namesText(sampleTable(), false).find("fc1"), std::string::npos);

  std::vector<MappedTensor> table;
  for (const char *number : {"0", "12"}) {
    MappedTensor tensor = sampleTable().front();
    for (std::string *name : {&tensor.published.name, &tensor.parameter, &tensor.megatron})
      *name = "a." + std::string(number) + '.' + *name;
    tensor.published.shape.front() += std::ssize(table);
    table.push_back(tensor);
  }
  table.push_back(sampleTable().back());
  EXPECT_EQ(kindsMarkdown(table),
            "| published | tensors | type | shape | sharing | packed into | Megatron-Core |\n"
            "|---|---:|---|---|---|---|---|\n"
            "| `a.*.gate_proj.weight` | 2 | BF16 | [2, 1, 4] or [3, 1, 4] | expert column "
            "| `a.*.packed (gate)` | `a.*.fc1.weight*` |\n"
            "| `mtp.weight` | 1 | BF16 | [4, 4] | column |  | `mtp.weight` |\n");
}

TEST(PathPattern, hidesNumbersThatAreComponents) {
  EXPECT_EQ(withoutNumbers("model.layers.12.mlp"), "model.layers.*.mlp");
  EXPECT_EQ(withoutNumbers("7.conv1.0"), "*.conv1.*");
  EXPECT_EQ(withoutNumbers(""), "");
}

TEST(KernelReport, countsSteps) {
  const plan::Plan plan = samplePlan();
  const std::vector<KernelUse> uses = kernelUses(plan.targets[0]);
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_EQ(uses[0].kernel->family, "embedding");
  EXPECT_EQ(uses[0].steps, 2);
  EXPECT_EQ(uses[1].steps, 2);
  EXPECT_EQ(specText({{"m", 2}, {"flag", true}, {"off", false}, {"type", "bf16"}}),
            "flag m=2 type=bf16");
  EXPECT_EQ(specText({{"few", {1, 2}}, {"many", {1, 2, 3, 4, 5}}}), "few=[1,2] many=(5 values)");
}

TEST(KernelReport, sumsStagesUp) {
  plan::Plan plan = samplePlan();
  plan::Target &target = plan.targets[0];
  target.arch = "sm_90a";
  target.compiler = "12.9";
  target.kernels[1].stages = {{"first", {1, 1, 1}, 128, 0, 168, 4},
                              {"second", {1, 1, 1}, 128, 0, 40, 8}};
  EXPECT_EQ(kernelUses(target)[1].registers(), 168);
  EXPECT_EQ(kernelUses(target)[1].spillBytes(), 12);
  EXPECT_EQ(linesWith(kernelsText(plan), {"gemm host 2 168 12 B"}).size(), 1u);
  expectLine(summaryText(plan, sampleTable()),
             "Planned bytes of target host (sm_90a, NVRTC 12.9), a rank, at the peak");
  EXPECT_EQ(jsonReport(plan, sampleTable())["targets"][0]["kernels"][1]["registers"], 168);
  EXPECT_EQ(jsonReport(plan, sampleTable())["targets"][0]["arch"], "sm_90a");
}

TEST(TextReport, streams) {
  plan::Plan plan = samplePlan();
  std::vector<plan::Step> &steps = plan.targets[0].programs[0].steps;
  steps[1].stream = 1;
  steps[1].after = {0};
  steps[2].after = {1};
  expectLine(summaryText(plan, sampleTable()), "accumulate 3 1 2");
}

TEST(TextReport, summary) {
  const plan::Plan plan = samplePlan();
  const std::string text = summaryText(plan, sampleTable());
  for (const char *line : {"model step3p5",
                           "dtype bf16",
                           "micro-batch 2",
                           "seq-len 8",
                           "mesh dp 1, tp 1, ep 1, etp 1 (1 rank)",
                           "switches clamp_position=after_silu, window_keys=513",
                           "compiler 0.1.0",
                           "trained 2 24 48 48 B",
                           "frozen 1 5 20 20 B",
                           "carried, not computed 1 16 32 32 B",
                           "all 4 45 100 100 B",
                           "weights 68 68 B",
                           "gradients 96 96 B",
                           "optimizer 96 96 B",
                           "activations 128 128 B",
                           "workspace 256 256 B",
                           "io 72 72 B",
                           "alignment and gaps 308 308 B",
                           "arena (peak) 1,024 1.00 KiB",
                           "accumulate 3 0 0",
                           "eval 1 0 0"})
    expectLine(text, line);
  EXPECT_EQ(linesWith(text, {"config sha256", plan.config_sha256}).size(), 1u);
}

TEST(TextReport, withoutGapsThereIsNoLineForThem) {
  plan::Plan plan = samplePlan();
  plan.targets[0].arena_bytes -= 308;
  EXPECT_TRUE(linesWith(summaryText(plan, sampleTable()), {"alignment and gaps"}).empty());
}

TEST(TextReport, kernelImagesStandBesideTheArena) {
  plan::Plan plan = samplePlan();
  EXPECT_TRUE(linesWith(summaryText(plan, sampleTable()), {"kernel images"}).empty());
  plan.targets[0].kernels[0].image = "table"; // a blob of 70 bytes
  expectLine(summaryText(plan, sampleTable()), "kernel images 70 70 B");
  EXPECT_EQ(jsonReport(plan, sampleTable())["targets"][0]["image_bytes"], 70);
}

TEST(TextReport, memory) {
  const std::string text = memoryText(samplePlan());
  expectLine(text, "optimizer state f32 1 96 96 B");
  expectLine(text, "Peak of program accumulate (the largest; it decides the arena): 384 bytes "
                   "(384 B) of temporaries, at step 0 of 3: embedding, model.embed_tokens");
  expectLine(text, "256 256 B 1 workspace f32 [64] embedding model.embed_tokens");
  expectLine(text, "128 128 B 1 activations bf16 [2, 32] embedding model.embed_tokens");
  EXPECT_EQ(linesWith(text, {"Peak of program eval: 128 bytes"}).size(), 1u);
}

TEST(TextReport, kernelsAndParams) {
  expectLine(kernelsText(samplePlan()), "embedding host 2 - - the only one tokens=16 type=bf16");
  const std::string text = paramsText(samplePlan(), sampleTable());
  expectLine(text, "gate_proj.weight bf16 [2, 1, 4] trained expert column packed (gate)");
  expectLine(text, "router_bias f32 [5] frozen replicated bias");
  expectLine(text, "mtp.weight bf16 [4, 4] carried column mtp.weight");
}

TEST(JsonReport, hasEverything) {
  const plan::Plan plan = samplePlan();
  const nlohmann::ordered_json json = jsonReport(plan, sampleTable());
  EXPECT_EQ(json["config_sha256"], plan.config_sha256);
  EXPECT_EQ(json["mesh"]["dp"], 1);
  EXPECT_EQ(json["switches"]["window_keys"], "513");
  EXPECT_EQ(json["published"]["all"]["parameters"], 45);
  EXPECT_EQ(json["published"]["carried"]["tensors"], 1);
  EXPECT_EQ(json["tensors"].size(), 4u);
  EXPECT_EQ(json["tensors"][3]["use"], "carried");
  EXPECT_TRUE(json["tensors"][3]["buffer"].is_null());
  EXPECT_TRUE(json["tensors"][3]["packed_as"].is_null());
  EXPECT_EQ(json["tensors"][1]["packed_as"], "up");
  EXPECT_EQ(json["tensors"][1]["parameter"], "packed");
  EXPECT_EQ(json["tensors"][1]["sharing"], "expert column");
  EXPECT_EQ(json["tensors"][1]["megatron"], "fc1.weight*");

  const nlohmann::ordered_json &target = json["targets"][0];
  int64_t sum = target["gap_bytes"];
  for (const auto &[kind, bytes] : target["bytes_by_kind"].items())
    sum += bytes.get<int64_t>();
  EXPECT_EQ(target["bytes_by_kind"].size(), plan::bufferKindCount);
  EXPECT_EQ(sum, target["arena_bytes"]);
  EXPECT_EQ(target["peak_program"], "accumulate");
  EXPECT_EQ(target["programs"][0]["steps"], 3);
  EXPECT_EQ(target["programs"][0]["peak"]["live"][0]["name"], "scratch");
  EXPECT_EQ(target["programs"][0]["peak"]["live"][0]["origin"], "model.embed_tokens");
  EXPECT_EQ(target["kernels"][1]["spec"]["m"], 2);
}

} // namespace
} // namespace step37::report
