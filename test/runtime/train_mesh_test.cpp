// A plan of several ranks against the plan of one that computes the same: loss, logits, gradients,
// training, checkpoints that any mesh resumes, initial weights, bits.
#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/checkpoint/ParameterPlaces.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/train/InitialWeights.h"
#include "test/runtime/MeshBigramPlan.h"
#include "test/runtime/TrainSupport.h"

namespace step37::test {
namespace {

class MeshRun : public testing::TestWithParam<MeshShape> {
protected:
  static constexpr int64_t rows = 4; // of a batch of all ranks

  /// The plan of one rank, and that of the test's mesh, for the same batch.
  plan::Plan onePlan() const {
    BigramShape one = shape;
    one.microBatch = rows;
    return bigramPlan(one);
  }
  plan::Plan meshPlan() const { return meshPlan(GetParam()); }
  plan::Plan meshPlan(const MeshShape &mesh) const {
    BigramShape local = shape;
    local.microBatch = rows / mesh.dp;
    return meshBigramPlan(local, mesh);
  }

  void probe(const plan::Plan &plan, const fs::path &output) const {
    std::ostringstream out;
    RunLog log(out, RunLog::Style::plain);
    runProbe(plan, {.device = "host", .threads = 2},
             {.weights = scratch / "weights",
              .input = scratch / "in.safetensors",
              .output = output,
              .grads = true},
             log);
  }

  TrainOptions trainOptions(const fs::path &save) const {
    TrainOptions options;
    options.input.built_in_text = text;
    options.optimizer.warmup = 3;
    options.steps = 10;
    options.grad_accumulation = 2;
    options.save = save;
    options.save_every = 4;
    return options;
  }

  /// The trained tensors' bytes under published names.
  static std::string modelOf(const fs::path &run, const char *step) {
    return fileText(run / step / "model.safetensors");
  }

  BigramShape shape{.vocab = 41}; // which no tp but 1 divides
  std::string text = someText(2000, shape.vocab);
  ScratchDirectory scratch;
};

TEST_P(MeshRun, thePlanIsSound) {
  EXPECT_NO_THROW(plan::deserialize(plan::serialize(meshPlan()), "p"));
}

TEST_P(MeshRun, lossLogitsAndGradientsAreOneRanks) {
  BigramModel model = someBigramModel(shape);
  writeWeights(model, scratch / "weights");
  std::vector<float> mask(static_cast<size_t>(rows * shape.seqLen));
  for (size_t i = 0; i < mask.size(); ++i)
    mask[i] = i % 3 == 0 ? 0.0f : 0.5f * static_cast<float>(i % 4);
  TensorFile()
      .add("input_ids", DType::i32, {rows, shape.seqLen}, someIds(rows * shape.seqLen, shape.vocab))
      .add("loss_mask", DType::f32, {rows, shape.seqLen}, mask)
      .write(scratch / "in.safetensors");
  probe(onePlan(), scratch / "one.safetensors");
  probe(meshPlan(), scratch / "mesh.safetensors");
  safetensors::File one(scratch / "one.safetensors"), mesh(scratch / "mesh.safetensors");
  ASSERT_EQ(mesh.tensors().size(), one.tensors().size());
  for (const safetensors::Tensor &tensor : one.tensors()) {
    const std::vector<float> expected = floatsOf(one, tensor.name);
    EXPECT_EQ(mesh.at(tensor.name).shape, tensor.shape);
    EXPECT_LT(relativeError(floatsOf(mesh, tensor.name), {expected.begin(), expected.end()}), 1e-6)
        << tensor.name;
  }
}

TEST_P(MeshRun, trainsAsOneRankDoes) {
  trainQuietly(onePlan(), trainOptions(scratch / "one"));
  const std::string log = trainQuietly(meshPlan(), trainOptions(scratch / "mesh"), 2);
  safetensors::File one(scratch / "one/step-000010/optimizer.safetensors");
  safetensors::File mesh(scratch / "mesh/step-000010/optimizer.safetensors");
  ASSERT_EQ(mesh.tensors().size(), one.tensors().size());
  for (const safetensors::Tensor &tensor : one.tensors()) {
    const std::vector<float> expected = floatsOf(one, tensor.name);
    EXPECT_LT(relativeError(floatsOf(mesh, tensor.name), {expected.begin(), expected.end()}), 1e-4)
        << tensor.name;
  }
  const std::string ranks = std::to_string(GetParam().dp * GetParam().tp) + " ranks";
  EXPECT_NE(log.find(ranks), std::string::npos) << log;
  EXPECT_NE(log.find("mesh dp " + std::to_string(GetParam().dp) + ", tp "), std::string::npos)
      << log;
}

TEST_P(MeshRun, theBitsDoNotDependOnThreads) {
  trainQuietly(meshPlan(), trainOptions(scratch / "a"), 1);
  trainQuietly(meshPlan(), trainOptions(scratch / "b"), 3);
  for (const char *file : {"model.safetensors", "optimizer.safetensors"})
    EXPECT_EQ(fileText(scratch / "a/step-000010" / file),
              fileText(scratch / "b/step-000010" / file));
}

/// Sharing out the optimizer's state changes no bit.
class ZeroMeshRun : public MeshRun {};
TEST_P(ZeroMeshRun, theBitsAreThoseOfWholeState) {
  trainQuietly(meshPlan(), trainOptions(scratch / "zero"));
  trainQuietly(meshPlan({GetParam().dp, GetParam().tp, false}), trainOptions(scratch / "whole"));
  const std::string zero = modelOf(scratch / "zero", "step-000010");
  EXPECT_FALSE(zero.empty());
  EXPECT_EQ(zero, modelOf(scratch / "whole", "step-000010"));
}

/// What a checkpoint holds goes into any mesh and comes out the same.
TEST_P(MeshRun, checkpointsAreOfTheWholeModel) {
  trainQuietly(meshPlan(), trainOptions(scratch / "mesh"));
  const fs::path from = scratch / "mesh/step-000010";
  int number = 0;
  for (const plan::Plan &plan :
       {onePlan(), meshPlan(), meshPlan({4, 1, true}), meshPlan({1, 2, false})}) {
    Model model(plan, {.device = "host"});
    restoreCheckpoint(model, from);
    const fs::path to = scratch / ("again-" + std::to_string(number++));
    saveCheckpoint(model, {}, to);
    for (const char *file : {"model.safetensors", "optimizer.safetensors"})
      EXPECT_EQ(fileText(to / file), fileText(from / file)) << file << " " << number;
  }
}

TEST_P(MeshRun, aRunGoesOnOnAnotherMesh) {
  const std::string whole = trainQuietly(onePlan(), trainOptions(scratch / "one"));
  trainQuietly(meshPlan(), trainOptions(scratch / "mesh"));
  TrainOptions options = trainOptions(scratch / "resumed");
  options.resume = scratch / "mesh/step-000008";
  const std::string resumed = trainQuietly(onePlan(), options);
  EXPECT_NE(resumed.find("after step 8\n"), std::string::npos) << resumed;
  const auto heldOut = [](const std::string &log) {
    return std::stod(log.substr(log.rfind("held-out loss ") + 14));
  };
  EXPECT_NEAR(heldOut(resumed), heldOut(whole), 1e-4 * heldOut(whole));
}

TEST_P(MeshRun, initialWeightsDoNotDependOnTheMesh) {
  std::ostringstream out;
  RunLog log(out, RunLog::Style::plain);
  for (const auto &[name, plan] : {std::pair{"one", onePlan()}, {"mesh", meshPlan()}}) {
    Model model(plan, {.device = "host"});
    initializeWeights(model, {}, 5, log);
    saveCheckpoint(model, {}, scratch / name);
  }
  EXPECT_EQ(fileText(scratch / "mesh/model.safetensors"),
            fileText(scratch / "one/model.safetensors"));
  EXPECT_EQ(fileText(scratch / "mesh/optimizer.safetensors"),
            fileText(scratch / "one/optimizer.safetensors"));
}

std::string meshName(const testing::TestParamInfo<MeshShape> &info) {
  return "dp" + std::to_string(info.param.dp) + "tp" + std::to_string(info.param.tp) +
         (info.param.zero ? "zero" : "");
}
INSTANTIATE_TEST_SUITE_P(Meshes, MeshRun,
                         testing::Values(MeshShape{2, 1}, MeshShape{1, 2}, MeshShape{2, 2},
                                         MeshShape{1, 3}, MeshShape{2, 1, true},
                                         MeshShape{4, 2, true}),
                         meshName);
INSTANTIATE_TEST_SUITE_P(Meshes, ZeroMeshRun,
                         testing::Values(MeshShape{2, 1, true}, MeshShape{4, 2, true}), meshName);

TEST(Mesh, ranksThatDifferAreNamed) {
  const plan::Plan plan = meshBigramPlan({}, {2, 2, false});
  Model model(plan, {.device = "host"});
  const float other = 1;
  model.executor().write(3, model.buffer("head"), 8, std::as_bytes(std::span(&other, 1)));
  ScratchDirectory scratch;
  EXPECT_EQ(errorOf([&] { saveCheckpoint(model, {}, scratch / "c"); }),
            "lm_head.weight: ranks 0 and 2 ought to hold the same values, but differ");
  EXPECT_FALSE(fs::exists(scratch / "c"));
}

/// Two ranks share out 9 elements as 5 and 4, the last one behind is padding.
TEST(Mesh, sharesOfStateMayBePadded) {
  BigramShape shape{.microBatch = 1, .vocab = 3, .width = 3};
  plan::Plan plan = bigramPlan(shape);
  plan.mesh = plan::makeMesh(2, 1, 1, 1);
  for (plan::Buffer &buffer : plan.targets[0].buffers)
    if (buffer.name == "embed.moment1" || buffer.name == "embed.moment2")
      buffer.shape = {5};
  plan.parameters[0].state_split = {"dp"};
  plan.targets[0].programs.clear(); // the steps are those of one rank
  std::erase_if(plan.targets[0].buffers, [](const plan::Buffer &buffer) {
    return buffer.cls == plan::BufferClass::temporary;
  });
  Model model(plan, {.device = "host"});
  const plan::Parameter &embed = plan.parameters[0];
  const PartPlace place = statePlace(model, embed, embed.parts[0], embed.moment1);
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8, 9};
  writePart(model.ranks(), plan.mesh, {&place, 1},
            valuesIn(DType::f32, std::as_bytes(std::span(values))));
  std::vector<float> second(5);
  model.executor().read(1, place.buffer, 0, std::as_writable_bytes(std::span(second)));
  EXPECT_EQ(second, (std::vector<float>{6, 7, 8, 9, 0}));
  readPart(model.ranks(), plan.mesh, place, DType::f32, [&](std::span<const std::byte> bytes) {
    auto expected = std::as_bytes(std::span(values));
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
  });
}

} // namespace
} // namespace step37::test
