// Parts of the whole model frozen at compile time: the others get their golden gradients, the plan
// has no gradients and no optimizer state for what is frozen, and training leaves its bits.
#include "test/golden/Golden.h"

#include "runtime/plan/PlanFile.h"

namespace step37::test {
namespace {

std::string partOf(const std::string &tensor) {
  return tensor.starts_with("vision_model.")          ? "vision"
         : tensor.starts_with("vit_large_projector.") ? "projector"
                                                      : "language";
}

/// The parameter is the list of frozen parts, as --freeze takes it.
class GoldenFreeze : public GoldenModel, public testing::WithParamInterface<const char *> {
protected:
  bool isFrozen(const std::string &tensor) const {
    return std::string(GetParam()).find(partOf(tensor)) != std::string::npos ||
           tensor.ends_with("router_bias");
  }

  std::string compileFrozen() {
    return compile(goldenFile("config.json"), "frozen.plan",
                   {"--dtype", "f32", "--seq-len", "32", "--freeze", GetParam()});
  }
};

INSTANTIATE_TEST_SUITE_P(Parts, GoldenFreeze,
                         testing::Values("language", "vision", "projector", "vision,projector",
                                         "language,projector", "language,vision"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), ',', '_');
                           return name;
                         });

TEST_P(GoldenFreeze, gradientsOfTheOthersAreGolden) {
  safetensors::File probed =
      probe(compileFrozen(), goldenFile(""), goldenFile("mm_case.safetensors"), /*grads=*/true);
  safetensors::File gradients(goldenFile("mm_grads.safetensors"));
  for (const safetensors::Tensor &tensor : gradients.tensors()) {
    const safetensors::Tensor *found = probed.find("grad." + tensor.name);
    ASSERT_EQ(found == nullptr, isFrozen(tensor.name)) << tensor.name;
    if (found)
      EXPECT_LE(distance(floatsOf(probed, found->name), floatsOf(gradients, tensor.name)), 1e-4)
          << tensor.name;
  }
}

/// On rows without images: weight decay alone changes whatever is trained.
TEST_P(GoldenFreeze, trainingLeavesTheBitsOfWhatIsFrozen) {
  train(compileFrozen(), {"--weights", goldenFile(""), "--steps", "1", "--warmup", "0",
                          "--eval-rows", "1", "--save", path("checkpoints")});
  safetensors::File before(goldenFile("model.safetensors")),
      after(scratch / "checkpoints" / "step-000001" / "model.safetensors");
  for (const safetensors::Tensor &tensor : after.tensors()) {
    const std::vector<float> was = floatsOf(before, tensor.name), is = floatsOf(after, tensor.name);
    if (isFrozen(tensor.name))
      EXPECT_EQ(is, was) << tensor.name;
    else if (tensor.shape.size() >= 2)
      EXPECT_NE(is, was) << tensor.name;
  }
}

TEST_P(GoldenFreeze, thePlanHasNoStateOfWhatIsFrozen) {
  const plan::Plan plan = plan::load(compileFrozen());
  std::map<plan::BufferKind, int64_t> bytes;
  for (const plan::Buffer &buffer : plan.targets.at(0).buffers)
    bytes[buffer.kind] += buffer.bytes();
  int64_t trained = 0;
  for (const plan::Parameter &parameter : plan.parameters)
    for (const plan::Part &part : parameter.parts) {
      EXPECT_EQ(parameter.trained, !isFrozen(part.name)) << part.name;
      trained += parameter.trained ? part.blocks * part.block : 0;
    }
  EXPECT_EQ(bytes[plan::BufferKind::gradients], 4 * trained);
  EXPECT_EQ(bytes[plan::BufferKind::optimizer], 8 * trained) << "two moments; f32 has no masters";
}

} // namespace
} // namespace step37::test
