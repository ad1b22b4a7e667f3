// The example with pictures (tools/examples/step37-tiny), from outside: it learns its captions, all
// of it and with each part frozen, and bad samples stop it or are left out.
#include "test/e2e/Programs.h"

namespace step37::test {
namespace {

class Captions : public Programs {
protected:
  static fs::path example() { return fs::path(STEP37_EXAMPLES) / "step37-tiny"; }

  std::string compileExample(Arguments options = {}) {
    options.insert(options.end(), {"--seq-len", "160", "--micro-batch", "2", "--dtype", "f32"});
    return compile(example() / "config.json", "captions.plan", std::move(options));
  }

  std::vector<LoggedStep> trainCaptions(const std::string &plan, const char *steps,
                                        Arguments options = {}) {
    options.insert(options.end(),
                   {"--steps", steps, "--data", (example() / "captions.safetensors").string()});
    return train(plan, std::move(options));
  }

  /// A copy of the example whose pictures can be spoilt.
  std::string copyOfData() {
    fs::copy(example(), scratch / "data", fs::copy_options::recursive);
    return path("data/captions.safetensors");
  }
};

TEST_F(Captions, areLearnt) {
  const auto steps = trainCaptions(compileExample(), "40");
  ASSERT_EQ(steps.size(), 40u);
  EXPECT_LT(steps.back().loss, steps.front().loss / 2);
  EXPECT_LT(heldOutLoss(out), steps.front().loss / 2);
}

class FrozenPart : public Captions, public testing::WithParamInterface<const char *> {};

INSTANTIATE_TEST_SUITE_P(Parts, FrozenPart, testing::Values("language", "vision", "projector"),
                         [](const auto &info) { return std::string(info.param); });

/// What a published name belongs to, as --freeze calls it.
std::string partOf(const std::string &name) {
  if (name.find("vision_model") != std::string::npos)
    return "vision";
  return name.find("projector") != std::string::npos ? "projector" : "language";
}

TEST_P(FrozenPart, staysBitForBitWhileTheOthersLearn) {
  const std::string plan = compileExample({"--freeze", GetParam()});
  trainCaptions(plan, "1", {"--lr", "0", "--weight-decay", "0", "--save", path("before")});
  const auto steps = trainCaptions(plan, "40", {"--save", path("after"), "--lr", "5e-3"});
  const bool language = std::string(GetParam()) == "language";
  EXPECT_LT(steps.back().loss, steps.front().loss * (language ? 1.0 : 0.5));
  const safetensors::File before(scratch / "before/step-000001/model.safetensors");
  const safetensors::File after(scratch / "after/step-000040/model.safetensors");
  for (const safetensors::Tensor &tensor : before.tensors()) {
    const auto old = before.bytes(tensor), now = after.bytes(after.at(tensor.name));
    const bool same = std::equal(old.begin(), old.end(), now.begin(), now.end());
    if (partOf(tensor.name) == GetParam() || tensor.name.find("router_bias") != std::string::npos)
      EXPECT_TRUE(same) << tensor.name;
    else
      EXPECT_FALSE(same) << tensor.name;
  }
}

TEST_F(Captions, aBadPictureStopsTheRunOrIsSkipped) {
  const std::string plan = compileExample(), data = copyOfData();
  const fs::path picture = scratch / "data/pictures/red-circle-1.jpg"; // of the first line
  const std::string whole = fileText(picture);
  for (const std::string &spoilt :
       {std::string(), whole.substr(0, 900), std::string("no picture")}) {
    writeText(picture, spoilt);
    EXPECT_EQ(runner({plan, "--train", "--steps", "12", "--data", data}), 1);
    EXPECT_NE(err.find("captions.jsonl:1: "), std::string::npos) << err;
    EXPECT_NE(err.find("red-circle-1.jpg: "), std::string::npos) << err;
  }
  EXPECT_EQ(runner({plan, "--train", "--steps", "12", "--data", data, "--on-bad-sample", "skip"}),
            0)
      << err;
  EXPECT_NE(out.find("skipped captions.jsonl:1: "), std::string::npos) << out;
  EXPECT_NE(out.find("bad samples skipped: 1\n"), std::string::npos) << out;
  fs::remove(picture);
  EXPECT_EQ(runner({plan, "--train", "--data", data}), 1);
  EXPECT_NE(err.find("red-circle-1.jpg: no such file"), std::string::npos) << err;
}

TEST_F(Captions, picturesAndTextsThatAreTooLargeAreNamed) {
  const std::string data = (example() / "captions.safetensors").string();
  EXPECT_EQ(runner({compileExample(), "--train", "--data", data, "--max-pixels", "4000"}), 1);
  EXPECT_NE(err.find("captions.jsonl:1: "), std::string::npos) << err;
  EXPECT_NE(err.find("has 64 x 64 pixels, --max-pixels allows 4000"), std::string::npos) << err;
  EXPECT_EQ(runner({path("captions.plan"), "--train", "--data", data, "--pack-length", "55"}), 1);
  EXPECT_NE(err.find(" tokens, 55 fit"), std::string::npos) << err;
  EXPECT_EQ(
      runner({path("captions.plan"), "--train", "--data", (example() / "captions.jsonl").string()}),
      1);
  EXPECT_NE(err.find("pack_conversations.py"), std::string::npos) << err;
}

} // namespace
} // namespace step37::test
