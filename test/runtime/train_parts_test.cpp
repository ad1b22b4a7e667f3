// Published tensors that share one parameter's buffer, moved in and out piece by piece.
#include "runtime/checkpoint/ParameterPlaces.h"
#include "test/runtime/TrainSupport.h"

#include <numeric>

namespace step37::test {
namespace {

/// A bigram plan whose first parameter is two published tensors, rows of both in turn.
plan::Plan interleavedPlan(const BigramShape &shape) {
  plan::Plan plan = bigramPlan(shape);
  plan::Part even = plan.parameters[0].parts[0];
  even.name = "even";
  even.shape = {shape.vocab / 2, shape.width};
  even.blocks = shape.vocab / 2;
  even.block = shape.width;
  even.stride = 2 * shape.width;
  plan::Part odd = even;
  odd.name = "odd";
  odd.begin = shape.width;
  plan.parameters[0].parts = {even, odd};
  return plan;
}

std::vector<float> counting(size_t count, float first) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(PartMover, interleavedTensorsLandInTheirRows) {
  BigramShape shape;
  shape.vocab = 4;
  shape.width = 2;
  plan::Plan plan = interleavedPlan(shape);
  Model model(plan, {});
  const auto place = [&](size_t part) {
    return weightPlace(model, plan.parameters[0], plan.parameters[0].parts[part]);
  };
  const auto write = [&](const PartPlace &place, const std::vector<float> &values) {
    writePart(model.ranks(), plan.mesh, {&place, 1},
              valuesIn(DType::f32, std::as_bytes(std::span(values))));
  };
  const std::vector<float> low = counting(4, 0), high = counting(4, 10);
  write(place(0), low);
  write(place(1), high);
  std::vector<float> stored(8);
  model.executor().read(0, model.buffer("embed"), 0, std::as_writable_bytes(std::span(stored)));
  EXPECT_EQ(stored, (std::vector<float>{0, 1, 10, 11, 2, 3, 12, 13}));
}

/// More elements than one piece holds, and a buffer of another type.
TEST(PartMover, largeTensorsComeBackAsTheyWent) {
  BigramShape shape;
  shape.vocab = 6002;
  shape.width = 700;
  shape.type = DType::bf16;
  plan::Plan plan = interleavedPlan(shape);
  Model model(plan, {});
  for (const plan::Part &part : plan.parameters[0].parts) {
    std::vector<float> values = counting(static_cast<size_t>(part.blocks * part.block), 0);
    for (float &value : values) // what bf16 can hold
      value = static_cast<float>(static_cast<int64_t>(value) * 7 % 255 - 127) * 0.5f;
    const PartPlace place = weightPlace(model, plan.parameters[0], part);
    writePart(model.ranks(), plan.mesh, {&place, 1},
              valuesIn(DType::f32, std::as_bytes(std::span(values))));
    std::vector<std::byte> back;
    readPart(model.ranks(), plan.mesh, place, DType::f32, [&](std::span<const std::byte> bytes) {
      back.insert(back.end(), bytes.begin(), bytes.end());
    });
    auto expected = std::as_bytes(std::span(values));
    EXPECT_TRUE(std::equal(back.begin(), back.end(), expected.begin(), expected.end()));
  }
}

TEST(PartMover, partsThatDoNotFitAreRefused) {
  plan::Plan plan = interleavedPlan({});
  plan.parameters[0].parts[1].begin += 1;
  std::string message = errorOf([&] { Model(plan, {}); });
  EXPECT_NE(message.find("odd"), std::string::npos) << message;
}

} // namespace
} // namespace step37::test
