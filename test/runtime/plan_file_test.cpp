// The plan file's bytes: what is written is read back, and nothing else is.
#include "runtime/plan/PlanFile.h"
#include "test/runtime/FileTestSupport.h"
#include "test/runtime/PlanSamples.h"

#include <chrono>
#include <sys/resource.h>

using namespace step37;
using namespace step37::test;
using plan::deserialize;
using plan::serialize;

namespace {

std::string errorFor(const std::string &bytes) {
  return errorOf([&] { deserialize(bytes, "p"); });
}

TEST(PlanFile, RoundTrip) {
  const plan::Plan before = samplePlan();
  const std::string bytes = serialize(before);
  const plan::Plan after = deserialize(bytes, "p");
  EXPECT_EQ(serialize(after), bytes);

  EXPECT_EQ(after.config_sha256, before.config_sha256);
  EXPECT_EQ(after.switches, before.switches);
  EXPECT_EQ(after.vocab, 256);
  ASSERT_EQ(after.parameters.size(), 2u);
  EXPECT_EQ(after.parameters[0].parts[1].stride, 12);
  EXPECT_EQ(after.parameters[0].parts[1].init_std, 0.02);
  EXPECT_EQ(after.parameters[0].parts[1].init_mean, 0.5);
  EXPECT_FALSE(after.parameters[1].trained);
  EXPECT_EQ(after.images.features(), 11);
  EXPECT_EQ(after.images.crop_size, 14);
  EXPECT_EQ(after.images.patch_start, 8);
  EXPECT_TRUE(after.images.truncate);
  EXPECT_EQ(after.activations.recompute, "budget");
  EXPECT_EQ(after.activations.memory_budget, 4096);
  ASSERT_EQ(after.activations.saved.size(), 3u);
  EXPECT_EQ(after.activations.saved[2].operation, "embedding");
  EXPECT_EQ(after.activations.saved[2].bytes(), 160);
  ASSERT_EQ(after.activations.recomputed.size(), 4u);
  EXPECT_EQ(after.activations.recomputed[2].sent_bytes, 32);
  EXPECT_EQ(after.activations.recomputed[3].flops, int64_t(3) << 40);
  EXPECT_TRUE(after.activations.recomputed[3].overflow);
  ASSERT_EQ(after.targets.size(), 1u);
  const plan::Target &target = after.targets[0];
  ASSERT_EQ(target.buffers.size(), before.targets[0].buffers.size());
  EXPECT_EQ(target.buffers[9].name, "later");
  EXPECT_EQ(target.buffers[9].cls, plan::BufferClass::temporary);
  EXPECT_EQ(target.buffers[9].kind, plan::BufferKind::activations);
  EXPECT_EQ(target.buffers[9].bytes(), 128);
  EXPECT_EQ(target.buffers[9].last_step, 2);
  EXPECT_EQ(target.kernels[1].spec, before.targets[0].kernels[1].spec);
  EXPECT_EQ(target.programs[0].steps[1].kind, plan::StepKind::gemm);
  EXPECT_EQ(target.programs[0].steps[1].arguments[2].offset, 64);
  EXPECT_EQ(target.programs[0].steps[1].origin, "model.layers.0.mlp");
  EXPECT_EQ(after.findBlob("table")->bytes, std::string(70, '\7'));
  EXPECT_EQ(target.findBuffer("accumulate_beta"), 5);
  EXPECT_EQ(target.findBuffer("absent"), -1);
  EXPECT_EQ(target.findProgram("eval"), 1);
  EXPECT_EQ(after.findTarget("cuda"), nullptr);
}

TEST(PlanFile, RoundTripOfAMesh) {
  const std::string bytes = serialize(meshPlan());
  const plan::Plan after = deserialize(bytes, "p");
  EXPECT_EQ(serialize(after), bytes);
  EXPECT_EQ(after.mesh.ep, 2);
  ASSERT_EQ(after.mesh.axes.size(), 2u);
  EXPECT_EQ(after.mesh.axes[1].name, "tp");
  EXPECT_EQ(after.mesh.axes[1].size, 2);
  const plan::Target &target = after.targets[0];
  EXPECT_EQ(target.buffers[4].split, (plan::Split{{"dp"}, {}}));
  EXPECT_EQ(target.buffers[11].coordinate, std::vector<std::string>{"tp"});
  EXPECT_EQ(target.programs[1].steps[1].kind, plan::StepKind::collective);
  EXPECT_EQ(after.parameters[0].parts[1].split, (plan::Split{{}, {"tp"}, {}}));
  EXPECT_EQ(after.parameters[0].gradient_partial, std::vector<std::string>{"dp"});
  EXPECT_EQ(after.parameters[0].state_split, std::vector<std::string>{"dp"});
}

TEST(PlanFile, BlobsAreAlignedAndTheRestIsZero) {
  const std::string bytes = serialize(samplePlan());
  const size_t first = bytes.find("{\"model_type\": \"step3p5\"}");
  const size_t second = bytes.find(std::string(70, '\7'));
  EXPECT_EQ(first % plan::alignment, 0u);
  EXPECT_EQ(second % plan::alignment, 0u);
  EXPECT_EQ(second + 70, bytes.size());
}

TEST(PlanFile, EveryFlippedByteIsRefused) {
  const std::string good = serialize(samplePlan());
  ASSERT_EQ(errorFor(good), "");
  for (size_t i = 0; i < good.size(); ++i)
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      EXPECT_TRUE(errorFor(bad).starts_with("p: ")) << "byte " << i << " flipped by " << flip;
    }
}

TEST(PlanFile, EveryTruncationIsRefused) {
  const std::string good = serialize(samplePlan());
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_TRUE(errorFor(good.substr(0, length)).starts_with("p: ")) << length << " bytes";
  EXPECT_EQ(errorFor(good + '\0'), "p: 1 bytes too many at the end");
}

TEST(PlanFile, AnotherVersionIsNamedBeforeAnythingElse) {
  const std::string message = "p: format_version: the plan is of version 7, this program takes "
                              "version 4";
  EXPECT_EQ(errorFor(sampleFileWith("\"format_version\":4", "\"format_version\":7")), message);
  std::string damaged = sampleFileWith("\"format_version\":4", "\"format_version\":7");
  damaged[8 + 20] ^= 1; // in the hash
  EXPECT_EQ(errorFor(damaged), message);
}

TEST(PlanFile, KeysAndTypesAreExact) {
  const auto errorWith = [](std::string_view from, std::string_view to) {
    return errorFor(sampleFileWith(from, to));
  };
  EXPECT_EQ(errorWith("\"vocab\":", "\"vocabulary\":"), "p: vocab: missing");
  EXPECT_EQ(errorWith("\"vocab\":", "\"extra\":1,\"vocab\":"), "p: extra: unknown key");
  EXPECT_EQ(errorWith("\"vocab\":", "\"vocab\":1,\"vocab\":"),
            "p: header: vocab: appears twice in the same JSON object");
  EXPECT_EQ(errorWith("\"vocab\":256", "\"vocab\":256.0"),
            "p: vocab: expected an integer, found number");
  EXPECT_EQ(errorWith("\"vocab\":256", "\"vocab\":18446744073709551615"),
            "p: vocab: 18446744073709551615 is beyond 64 bits");
  EXPECT_EQ(errorWith("\"role\":\"evaluate\"", "\"role\":\"train\""),
            "p: targets[0].programs[1].role: unknown value 'train'");
  EXPECT_EQ(errorWith("\"role\":\"evaluate\",", ""), "p: targets[0].programs[1].role: missing");
  EXPECT_EQ(errorWith("\"kernel\":0", "\"kernel\":4294967296"),
            "p: targets[0].programs[0].steps[0].kernel: 4294967296 is beyond 32 bits");
  EXPECT_EQ(errorWith("\"class\":\"scalar\"", "\"class\":\"scalars\""),
            "p: targets[0].buffers[5].class: unknown value 'scalars'");
  EXPECT_EQ(errorWith("\"dtype\":\"i32\"", "\"dtype\":\"i31\""),
            "p: targets[0].buffers[4].dtype: unknown element type 'i31'");
  EXPECT_EQ(errorWith("[4,0]", "[4,0,0]"),
            "p: targets[0].programs[0].steps[0].arguments[0]: expected a buffer's index and a byte "
            "offset in it");
  EXPECT_EQ(errorWith("\"trained\":true", "\"trained\":1"),
            "p: parameters[0].trained: expected true or false, found number");
  EXPECT_EQ(errorWith("\"tp\":1", "\"tp\":\"1\""), "p: mesh.tp: expected an integer, found string");
}

TEST(PlanFile, SaveAndLoad) {
  const TempDir dir;
  const auto path = dir / "model.plan";
  plan::save(samplePlan(), path);
  EXPECT_EQ(readBytes(path), serialize(samplePlan()));
  EXPECT_EQ(serialize(plan::load(path)), readBytes(path));
  std::filesystem::resize_file(path, 1000);
  EXPECT_TRUE(contains(errorOf([&] { plan::load(path); }), path.string() + ": the header is "));
}

TEST(PlanFile, FullDiskLeavesNothing) {
  const TempDir dir;
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = errorOf([&] { plan::save(samplePlan(), dir / "model.plan"); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(message, (dir / "model.plan").string() + ": cannot write: File too large");
  EXPECT_TRUE(dir.names().empty());
}

TEST(PlanFile, NamesThatAreNoTextAreRefused) {
  plan::Plan plan = samplePlan();
  plan.switches["window_keys"] = "\xff";
  EXPECT_EQ(errorOf([&] { serialize(plan); }), "plan: a name in it is not valid UTF-8");
}

/// Ten thousand buffers and steps; each check of a pair must not look at all pairs.
TEST(PlanFile, LargePlansAreQuick) {
  plan::Plan plan = samplePlan();
  plan::Target &target = plan.targets[0];
  constexpr int count = 10'000;
  const int64_t start = target.arena_bytes;
  target.arena_bytes += int64_t{count} * 64;
  plan::Program program{"accumulate_update", plan::ProgramRole::accumulateUpdate, {}};
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<int>(target.buffers.size());
    target.buffers.push_back({"large." + std::to_string(i),
                              plan::BufferClass::temporary,
                              plan::BufferKind::activations,
                              DType::f32,
                              {16},
                              start + i * int64_t{64},
                              2,
                              i,
                              std::min(i + count / 2, count - 1)});
    program.steps.push_back({plan::StepKind::launch,
                             0,
                             {{index, 0}, {0, 0}, {5, 0}},
                             "model.layers.0.self_attn.q_proj"});
  }
  target.programs.push_back(std::move(program));
  const auto begin = std::chrono::steady_clock::now();
  const plan::Plan after = deserialize(serialize(plan), "p");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(after.targets[0].buffers.size(), target.buffers.size());
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 5); // 0.1 on an idle machine, without sanitizers
}

} // namespace
