// The published configs at their full size: compiled on a small machine, in time and memory, and to
// the same bytes from anywhere.
#include "runtime/plan/PlanFile.h"
#include "test/e2e/Programs.h"

#include <chrono>
#include <sys/resource.h>

namespace step37::test {
namespace {

class FullConfig : public Programs {
protected:
  static fs::path config(const std::string &name) {
    return fs::path(STEP37_TEST_DATA) / "configs" / name;
  }
};

TEST_F(FullConfig, compilesWithinAMinuteAndFourGigabytes) {
  for (const char *name : {"step35-flash.json", "step37-flash.json"}) {
    const auto began = std::chrono::steady_clock::now();
    const std::string plan =
        compile(config(name), "full.plan", {"--seq-len", "4096", "--text-only"});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
    EXPECT_LT(seconds.count(), 60) << name;
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used); // of the largest child so far
    EXPECT_LT(used.ru_maxrss, 4l << 20) << name << ", in KiB";
    const plan::Plan loaded = plan::load(plan);
    EXPECT_EQ(loaded.seq_len, 4096);
    EXPECT_EQ(loaded.type, DType::bf16);
    for (const plan::Buffer &buffer : loaded.targets[0].buffers) {
      const bool computed = buffer.kind == plan::BufferKind::activations ||
                            buffer.kind == plan::BufferKind::workspace ||
                            buffer.kind == plan::BufferKind::io;
      EXPECT_FALSE(computed && buffer.elements() >= loaded.seq_len * loaded.vocab)
          << buffer.name << " could hold the logits of all tokens";
    }
  }
}

/// The whole model with its tower: 1471 tensors, of which only the multi-token-prediction layers
/// are not computed; work on images is bounded by what was asked for.
TEST_F(FullConfig, visionTower) {
  const std::string plan = compile(config("step37-flash.json"), "vision.plan",
                                   {"--seq-len", "4096", "--images", "1", "--crops", "6"});
  const plan::Plan loaded = plan::load(plan);
  int64_t tensors = 0, parameters = 0, trained = 0;
  auto count = [&](const std::vector<int64_t> &shape) {
    int64_t elements = 1;
    for (int64_t size : shape)
      elements *= size;
    ++tensors;
    parameters += elements;
    return elements;
  };
  for (const plan::Parameter &parameter : loaded.parameters)
    for (const plan::Part &part : parameter.parts) {
      const bool tower =
          part.name.starts_with("vision_model.") || part.name.starts_with("vit_large_projector.");
      const int64_t elements = count(part.shape);
      trained += tower && parameter.trained ? elements : 0;
    }
  EXPECT_EQ(trained, 1'981'014'784);
  for (const plan::CarriedTensor &tensor : loaded.carried)
    count(tensor.shape);
  EXPECT_EQ(tensors, 1471);
  EXPECT_EQ(parameters, 201'365'316'160);
  EXPECT_EQ(loaded.images.image_tokens, 169);
  EXPECT_EQ(loaded.images.crop_tokens, 81);
  EXPECT_EQ(loaded.images.features(), 169 + 6 * 81);
}

/// With its tower and all layers, on meshes, where each data-parallel rank has images of its own.
TEST_F(FullConfig, visionTowerOnMeshesWithinTwoMinutes) {
  const std::vector<Arguments> meshes{
      {"--tp", "8", "--ep", "8"}, {"--dp", "8", "--ep", "8"}, {"--dp", "32", "--ep", "32"}};
  for (Arguments options : meshes) {
    const std::string name = options[0] + options[1];
    options.insert(options.end(), {"--seq-len", "4096", "--mtp"});
    const auto began = std::chrono::steady_clock::now();
    const std::string plan = compile(config("step37-flash.json"), "mesh.plan", options);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
    EXPECT_LT(seconds.count(), 120) << name;
    const plan::Plan loaded = plan::load(plan);
    EXPECT_TRUE(loaded.carried.empty()) << name;
    const plan::Target &target = loaded.targets[0];
    const plan::Buffer &pixels =
        target.buffers[static_cast<size_t>(target.findBuffer("pixel_values"))];
    EXPECT_EQ(pixels.shape, (std::vector<int64_t>{loaded.images.images, 3, 728, 728})) << name;
    EXPECT_EQ(pixels.split.empty(), loaded.mesh.dp == 1) << name;
    ASSERT_EQ(compiler({"show", plan}), 0) << err;
    EXPECT_NE(out.find(" 1,471  201,365,316,160 "), std::string::npos) << out;
  }
}

/// From two directories, by a relative and by an absolute path, to files of other names.
TEST_F(FullConfig, givesTheSameBytesFromTwoDirectories) {
  const fs::path back = fs::current_path();
  std::vector<std::string> plans;
  for (const char *directory : {"here", "there/and there"}) {
    fs::create_directories(scratch / directory);
    fs::copy_file(config("step35-flash.json"), scratch / directory / "config.json");
    fs::current_path(scratch / directory);
    const std::string name = std::string(directory) + "/out.plan";
    compile(plans.empty() ? fs::path("config.json") : scratch / directory, name,
            {"--seq-len", "1024"});
    plans.push_back(fileText(scratch / name));
  }
  fs::current_path(back);
  ASSERT_FALSE(plans[0].empty());
  EXPECT_TRUE(plans[0] == plans[1]);
}

} // namespace
} // namespace step37::test
