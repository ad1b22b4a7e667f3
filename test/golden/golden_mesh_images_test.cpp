// The golden case with images on meshes: what all ranks compute together is what one rank computes,
// in logits, losses and gradients, those of the tower included; and multi-token prediction sees
// images as the model itself does.
#include "test/golden/GoldenMesh.h"

namespace step37::test {
namespace {

class GoldenMeshImages : public GoldenModel {
protected:
  static constexpr int64_t length = 32, imageToken = 285;

  std::string compileMesh(int64_t dp, Arguments options) {
    options.insert(options.begin(),
                   {"--dtype", "f32", "--seq-len", std::to_string(length), "--dp",
                    std::to_string(dp), "--micro-batch", std::to_string(rows / dp)});
    return compile(config, "mesh.plan", options);
  }

  static std::vector<int64_t> goldenIds() {
    safetensors::File file(goldenFile("mm_case.safetensors"));
    std::vector<int64_t> values(length);
    std::memcpy(values.data(), file.bytes(file.at("input_ids")).data(), sizeof(int64_t) * length);
    return values;
  }

  /// The golden row, and one with fewer images: only the second one's place, with other pixels.
  /// `asText`: image tokens are the stand-in.
  fs::path twoRows(bool asText = false) {
    safetensors::File golden(goldenFile("mm_case.safetensors"));
    constexpr int64_t firstImage = 2, text = 16; // tokens of the first image, with its crops
    std::vector<int64_t> ids = goldenIds();
    for (int64_t i = 0; i < length; ++i)
      ids.push_back(i >= firstImage && i < text ? 20 + i : ids[static_cast<size_t>(i)]);
    std::vector<float> mask;
    for (int64_t &id : ids) {
      mask.push_back(id == imageToken ? 0 : 1);
      if (asText && id == imageToken)
        id = standIn;
    }
    std::vector<float> pixels = floatsOf(golden, "pixel_values"),
                       crops = floatsOf(golden, "pixel_values_local");
    auto addOther = [](std::vector<float> &values, size_t of) {
      for (size_t i = 0, count = values.size() / of; i < count; ++i)
        values.push_back(values[i] * -0.7f);
    };
    addOther(pixels, 2);
    addOther(crops, 3);
    TensorFile file;
    file.add("input_ids", DType::i64, {rows, length}, ids)
        .add("loss_mask", DType::f32, {rows, length}, mask)
        .add("pixel_values", DType::f32, {3, 3, 112, 112}, pixels)
        .add("pixel_values_local", DType::f32, {4, 3, 56, 56}, crops)
        .add("num_local_patches", DType::i64, {3}, std::vector<int64_t>{2, 1, 1});
    file.write(scratch / "rows.safetensors");
    return scratch / "rows.safetensors";
  }

  Probed probed(int64_t dp, const Arguments &options) {
    return probedValues(probe(compileMesh(dp, options), weights, twoRows(), true));
  }

  static constexpr int64_t standIn = 200; // an id that no row has
  fs::path config = goldenFile("config.json"), weights = goldenFile("");
};

struct MeshCase {
  const char *name;
  int64_t dp;
  Arguments options; // but --dp
};

class ImagesOnMesh : public GoldenMeshImages, public testing::WithParamInterface<MeshCase> {};

INSTANTIATE_TEST_SUITE_P(
    Mesh, ImagesOnMesh,
    testing::Values(MeshCase{"dp2", 2, {}}, MeshCase{"tp2", 1, {"--tp", "2"}},
                    MeshCase{"tp2_ep2", 1, {"--tp", "2", "--ep", "2"}},
                    MeshCase{"dp2_ep2", 2, {"--ep", "2"}},
                    MeshCase{"tp2_sequence", 1, {"--tp", "2", "--sequence-parallel"}},
                    MeshCase{"tp2_dp2_ep4", 2, {"--tp", "2", "--ep", "4"}},
                    MeshCase{"tp2_dp2_sequence", 2, {"--tp", "2", "--sequence-parallel"}},
                    MeshCase{"tp2_dp2_sequence_recompute",
                             2,
                             {"--tp", "2", "--sequence-parallel", "--recompute", "full"}}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(ImagesOnMesh, giveWhatOneRankGives) {
  static const Probed one = probed(1, {});
  ASSERT_EQ(one.count("grad.vision_model.transformer.resblocks.0.attn.in_proj_weight"), 1u);
  expectSame(probed(GetParam().dp, GetParam().options), one);
}

/// Bounds are a rank's own: each of these rows fits its rank, though together they do not; and a
/// rank that would get more is named.
TEST_F(GoldenMeshImages, boundsAreThoseOfARank) {
  const std::string fits = compileMesh(2, {"--programs", "eval", "--images", "2", "--crops", "3"});
  probe(fits, weights, twoRows());
  for (const char *option : {"--images", "--crops"}) {
    const std::string plan = compileMesh(2, {"--programs", "eval", option, "1"});
    EXPECT_EQ(runner({plan, "--probe", twoRows(), "-o", path("refused"), "--weights", weights}), 1);
    EXPECT_NE(err.find("data-parallel rank 0 (row 0 of the batch) has more than 1 "),
              std::string::npos)
        << err;
    EXPECT_NE(err.find(option), std::string::npos) << err;
    EXPECT_FALSE(fs::exists(scratch / "refused"));
  }
}

/// With a projector that makes the same of every image, the embedding of a token of text, a model
/// sees that token wherever it sees an image: also in the tokens ahead that depths of multi-token
/// prediction embed.
class PredictionAhead : public GoldenMeshImages {
protected:
  void SetUp() override {
    auto text = nlohmann::json::parse(fileText(goldenFile("config.json")));
    text["projector_bias"] = true;
    writeText(scratch / "config.json", text.dump());
    safetensors::File golden(goldenFile("model.safetensors"));
    TensorFile file;
    for (const safetensors::Tensor &tensor : golden.tensors()) {
      std::vector<float> values = floatsOf(golden, tensor.name);
      if (tensor.name == "vit_large_projector.weight")
        std::fill(values.begin(), values.end(), 0.0f);
      if (tensor.name.ends_with("embed_tokens.weight")) {
        const auto first = values.begin() + standIn * tensor.shape[1];
        file.add("vit_large_projector.bias", DType::f32, {tensor.shape[1]},
                 std::vector<float>(first, first + tensor.shape[1]));
      }
      file.add(tensor.name, DType::f32, tensor.shape, values);
    }
    fs::create_directories(scratch / "weights");
    file.write(scratch / "weights" / "model.safetensors");
    config = scratch / "config.json";
    weights = scratch / "weights";
  }
};

TEST_F(PredictionAhead, embedsImages) {
  Probed text = probedValues(
      probe(compileMesh(1, {"--mtp", "--text-only"}), weights, twoRows(/*asText=*/true), true));
  ASSERT_EQ(text.at("mtp_losses").size(), 2u);
  // What the text model has for the stand-in is the projector's bias.
  std::vector<float> &embedding = text.at("grad.model.embed_tokens.weight");
  const auto width = static_cast<int64_t>(embedding.size()) / vocab;
  const auto row = embedding.begin() + standIn * width;
  text["grad.vit_large_projector.bias"] = std::vector<float>(row, row + width);
  std::fill(row, row + width, 0.0f);

  for (const auto &[dp, options] : {std::pair<int64_t, Arguments>{1, {"--mtp"}},
                                    {2, {"--mtp", "--tp", "2", "--ep", "4"}},
                                    {2, {"--mtp", "--tp", "2", "--sequence-parallel"}}}) {
    Probed images = probed(dp, options);
    std::erase_if(images, [&](const auto &entry) { return text.count(entry.first) == 0; });
    expectSame(images, text);
  }
}

} // namespace
} // namespace step37::test
