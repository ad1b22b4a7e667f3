// Published tensors into parameters and back: strided placement, element types, experts stored one
// by one, what is refused.
#include "bridge/HfWeights.h"
#include "bridge/WeightsCheck.h"
#include "runtime/plan/Mesh.h"
#include "test/bridge/OneBuffer.h"
#include "test/bridge/bridge_support.h"

namespace step37::test {

/// q and gate side by side, as a packed projection [4, 3+2] would hold them, and a tail.
plan::Parameter packedParameter() {
  plan::Parameter parameter;
  parameter.name = parameter.buffer = "packed";
  parameter.parts.push_back(
      {.name = "q", .shape = {4, 3}, .blocks = 4, .block = 3, .begin = 0, .stride = 5});
  parameter.parts.push_back(
      {.name = "g", .shape = {4, 2}, .blocks = 4, .block = 2, .begin = 3, .stride = 5});
  parameter.parts.push_back(
      {.name = "tail", .shape = {2}, .blocks = 1, .block = 2, .begin = 20, .stride = 0});
  return parameter;
}

plan::Plan planOf(const plan::Parameter &parameter, DType type, int64_t elements) {
  plan::Plan plan;
  plan.parameters = {parameter};
  plan::Target target;
  target.name = "host";
  plan::Buffer buffer;
  buffer.name = parameter.buffer;
  buffer.type = type;
  buffer.shape = {elements};
  target.buffers = {buffer};
  plan.targets = {target};
  return plan;
}

std::vector<Values> packedTensors(DType type = DType::f32) {
  return {counting("q", {4, 3}, 100, type), counting("g", {4, 2}, 200, type),
          counting("tail", {2}, 50, type)};
}

const std::vector<float> packedValues{100, 101, 102, 200, 201, 103, 104, 105, 202, 203, 106,
                                      107, 108, 204, 205, 109, 110, 111, 206, 207, 50,  51};

class PartMover : public ::testing::Test {
protected:
  Scratch scratch;
  plan::Parameter parameter = packedParameter();
  plan::Plan plan = planOf(parameter, DType::f32, 22);

  void write(const std::vector<Values> &tensors) {
    writeShard(scratch.path() / "model.safetensors", tensors);
  }
  std::vector<float> read(DType type, int64_t elements) {
    std::vector<std::byte> bytes(static_cast<size_t>(elements * byteSize(type)));
    readParameter(HfWeights(scratch), parameter, type, bytes);
    return toFloats(bytes, type);
  }
  /// Both the check and the reading must refuse.
  void expectRefused(const std::vector<std::string> &parts) {
    const HfWeights directory(scratch);
    expectError([&] { checkWeights(directory, plan, plan.targets[0]); }, parts);
    std::vector<std::byte> bytes(static_cast<size_t>(plan.targets[0].buffers[0].bytes()));
    expectError([&] { readParameter(directory, parameter, DType::f32, bytes); }, parts);
  }
};

TEST_F(PartMover, StridedParts) {
  write(packedTensors());
  EXPECT_EQ(read(DType::f32, 22), packedValues);
}

/// Of a matrix whose columns two ranks share out, the second one asks for its own elements, and
/// what lies together in its buffer is written in one go.
TEST(PartMoverMesh, MovesWhatTheRankHas) {
  struct CountingBuffer : OneBuffer {
    using OneBuffer::OneBuffer;
    void write(int rank, int buffer, int64_t at, std::span<const std::byte> from) override {
      ++writes;
      OneBuffer::write(rank, buffer, at, from);
    }
    int writes = 0;
  };
  plan::Parameter parameter;
  parameter.parts.push_back(
      {.name = "o", .shape = {3, 4}, .blocks = 1, .block = 6, .split = {{}, {"tp"}}});
  const plan::Mesh mesh = plan::makeMesh(1, 2, 1, 1);
  plan::Buffer buffer;
  buffer.type = DType::f32;
  buffer.shape = {3, 2};
  std::vector<float> values(6);
  CountingBuffer ranks(std::as_writable_bytes(std::span(values)), 1);
  const PartPlace place = placeOf(parameter, parameter.parts[0], 0, buffer, mesh);
  std::vector<int64_t> asked;
  writePart(ranks, mesh, {&place, 1},
            {DType::f32, [&](std::span<const ElementRange> ranges, std::span<std::byte> bytes) {
               for (const ElementRange &range : ranges)
                 for (int64_t i = range.first; i < range.end(); ++i) {
                   asked.push_back(i);
                   const auto value = static_cast<float>(i);
                   std::memcpy(bytes.data() + (i - ranges.front().first) * 4, &value, 4);
                 }
             }});
  EXPECT_EQ(asked, (std::vector<int64_t>{2, 3, 6, 7, 10, 11}));
  EXPECT_EQ(values, (std::vector<float>{2, 3, 6, 7, 10, 11}));
  EXPECT_EQ(ranks.writes, 1);
}

TEST_F(PartMover, EveryPairOfTypes) {
  for (DType stored : {DType::f32, DType::bf16, DType::f16})
    for (DType type : {DType::f32, DType::bf16}) {
      write(packedTensors(stored));
      EXPECT_EQ(read(type, 22), packedValues) << name(stored) << " " << name(type);
    }
}

TEST_F(PartMover, RoundsOnce) {
  // Between two bf16 numbers: ties go to even, what is above the tie goes up.
  parameter.parts.resize(1);
  parameter.parts[0] = {.name = "x", .shape = {4}, .blocks = 1, .block = 4};
  write({{"x", {4}, {1 + 0x1p-8f, 1 + 0x3p-8f, 1 + 0x1p-8f + 0x1p-20f, -1 - 0x1p-9f}}});
  EXPECT_EQ(read(DType::bf16, 4), (std::vector<float>{1, 1 + 0x1p-6f, 1 + 0x1p-7f, -1}));
  EXPECT_EQ(read(DType::f32, 4)[2], 1 + 0x1p-8f + 0x1p-20f);
}

TEST_F(PartMover, LeavesOtherElementsAlone) {
  write(packedTensors());
  parameter.parts.pop_back();
  std::vector<std::byte> bytes = toBytes(std::vector<float>(22, -7), DType::f32);
  readParameter(HfWeights(scratch), parameter, DType::f32, bytes);
  const std::vector<float> values = toFloats(bytes, DType::f32);
  EXPECT_EQ(values[0], 100);
  EXPECT_EQ(values[19], 207);
  EXPECT_EQ(values[20], -7);
  EXPECT_EQ(values[21], -7);
}

TEST_F(PartMover, ExtractsWhatWasRead) {
  const std::vector<Values> tensors = packedTensors();
  write(tensors);
  for (DType type : {DType::f32, DType::bf16}) {
    std::vector<std::byte> bytes = toBytes(read(type, 22), type);
    for (size_t i = 0; i < tensors.size(); ++i)
      for (DType published : {DType::f32, DType::bf16, DType::f16}) {
        const std::vector<std::byte> extracted =
            extractTensor(parameter, parameter.parts[i], type, bytes, published);
        EXPECT_EQ(toFloats(extracted, published), tensors[i].values);
      }
  }
}

/// Stacked experts [3,2,2] whose gate and up halves interleave by expert in the buffer.
plan::Parameter stackedParameter() {
  plan::Parameter parameter;
  parameter.name = parameter.buffer = "packed";
  for (const char *projection : {"gate_proj", "up_proj"})
    parameter.parts.push_back({.name = std::string("model.layers.1.moe.") + projection + ".weight",
                               .shape = {3, 2, 2},
                               .blocks = 3,
                               .block = 4,
                               .begin = projection[0] == 'g' ? 0 : 4,
                               .stride = 8});
  return parameter;
}

std::vector<Values> singleExperts(int64_t count) {
  std::vector<Values> tensors;
  for (int64_t expert = 0; expert < count; ++expert) {
    const std::string prefix =
        "model.language_model.layers.1.moe.experts." + std::to_string(expert);
    const auto first = static_cast<float>(4 * expert);
    tensors.push_back(counting(prefix + ".gate_proj.weight", {2, 2}, first));
    tensors.push_back(counting(prefix + ".up_proj.weight", {2, 2}, 100 + first));
  }
  return tensors;
}

TEST_F(PartMover, ExpertsStoredOneByOne) {
  parameter = stackedParameter();
  write({counting("model.layers.1.moe.gate_proj.weight", {3, 2, 2}),
         counting("model.layers.1.moe.up_proj.weight", {3, 2, 2}, 100)});
  const std::vector<float> stacked = read(DType::f32, 24);
  EXPECT_EQ(stacked[8], 4);
  EXPECT_EQ(stacked[12], 104);
  write(singleExperts(3));
  EXPECT_EQ(read(DType::f32, 24), stacked);
  plan = planOf(parameter, DType::f32, 24);
  const HfWeights directory(scratch);
  EXPECT_TRUE(checkWeights(directory, plan, plan.targets[0]).unneeded.empty());
}

TEST_F(PartMover, RefusesIncompleteExperts) {
  parameter = stackedParameter();
  plan = planOf(parameter, DType::f32, 24);
  write(singleExperts(2));
  expectRefused(
      {scratch.path().string(), "model.layers.1.moe.experts.2.gate_proj.weight", "missing"});
  write(singleExperts(4));
  expectRefused({"model.safetensors", "moe.experts.3.gate_proj.weight", "3 experts"});
}

TEST_F(PartMover, SummarySaysWhatIsConvertedAndUnneeded) {
  std::vector<Values> tensors = packedTensors();
  tensors[1].type = DType::bf16;
  tensors.push_back(counting("model.layers.9.extra", {2}));
  tensors.push_back(counting("model.language_model.layers.8.mtp", {2}));
  tensors.push_back(counting("positions", {2}, 0, DType::i64));
  write(tensors);
  plan.carried = {{"model.layers.8.mtp", DType::f32, {2}}};
  const HfWeights directory(scratch);
  const WeightsSummary summary = checkWeights(directory, plan, plan.targets[0]);
  EXPECT_EQ(summary.unneeded, (std::vector<std::string>{"model.layers.9.extra", "positions"}));
  EXPECT_EQ(summary.carried, 1);
  ASSERT_EQ(summary.conversions.size(), 1u);
  EXPECT_EQ(summary.conversions[0].from, "BF16");
  EXPECT_EQ(summary.conversions[0].to, DType::f32);
  EXPECT_EQ(summary.conversions[0].tensors, 1);
  const std::vector<std::string> lines = summary.lines(directory);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[2].find("model.layers.9.extra"), std::string::npos);
  write(packedTensors());
  const HfWeights exact(scratch);
  EXPECT_TRUE(checkWeights(exact, plan, plan.targets[0]).lines(exact).empty());
}

TEST_F(PartMover, RefusesMissingTensors) {
  std::vector<Values> tensors = packedTensors();
  tensors.erase(tensors.begin() + 1);
  write(tensors);
  expectRefused({scratch.path().string() + ": g: missing"});
}

TEST_F(PartMover, RefusesWrongShapes) {
  std::vector<Values> tensors = packedTensors();
  tensors[0] = counting("q", {3, 4});
  write(tensors);
  expectRefused({"model.safetensors: q: ", "[3, 4]", "[4, 3]"});
}

TEST_F(PartMover, RefusesOtherElementTypes) {
  for (DType type : {DType::i32, DType::i64, DType::u8, DType::f64, DType::f8e4m3}) {
    std::vector<Values> tensors = packedTensors();
    tensors[2].type = type;
    write(tensors);
    expectRefused({"model.safetensors: tail: ", std::string(safetensors::publishedName(type)),
                   "F32, F16, BF16"});
  }
}

TEST_F(PartMover, RefusesPartsThatDoNotFit) {
  write(packedTensors());
  const std::vector<std::function<void(plan::Part &)>> changes{
      [](plan::Part &part) { part.blocks = 3; },
      [](plan::Part &part) { part.block = 0; },
      [](plan::Part &part) { part.begin = -1; },
      [](plan::Part &part) { part.begin = 5; }, // its last element is one too far
      [](plan::Part &part) { part.stride = -1; },
      [](plan::Part &part) { part.stride = int64_t{1} << 62; },
      [](plan::Part &part) { part.shape = {int64_t{1} << 62, 12}; }};
  for (const auto &change : changes) {
    parameter = packedParameter();
    change(parameter.parts[0]);
    std::vector<std::byte> bytes(22 * 4);
    expectError([&] { readParameter(HfWeights(scratch), parameter, DType::f32, bytes); },
                {"packed: q: "});
    expectError(
        [&] { extractTensor(parameter, parameter.parts[0], DType::f32, bytes, DType::f32); },
        {"packed: q: "});
  }
}

} // namespace step37::test
