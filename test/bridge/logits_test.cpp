// The host executor's logits from imports of the golden weights, on every mesh and in every layout,
// put together again by `step37-run --weights`, are those of the weights themselves, bit for bit.
// STEP37C and STEP37_RUN are the programs.
#include "test/bridge/conversion_support.h"
#include "test/runtime/ChildProcess.h"

namespace step37::test {

class Logits : public ::testing::Test {
protected:
  void run(const std::string &program, std::vector<std::string> arguments) {
    ChildProcess child(program, std::move(arguments), scratch.path() / "printed");
    ASSERT_EQ(child.wait(), 0) << child.stderrText();
  }
  std::string path(const std::string &name) const { return (scratch.path() / name).string(); }

  std::string probed(const std::string &weights) {
    run(STEP37_RUN, {path("golden.plan"), "--probe", (goldenDirectory() / "text_case.safetensors"),
                     "-o", path("out.safetensors"), "--weights", weights});
    return textOf(path("out.safetensors"));
  }

  Scratch scratch;
};

TEST_F(Logits, EqualFromEveryForm) {
  run(STEP37C, {"compile", goldenDirectory(), "-o", path("golden.plan"), "--target", "host",
                "--text-only", "--seq-len", "48", "--micro-batch", "2"});
  const std::string direct = probed(goldenDirectory());
  ASSERT_FALSE(direct.empty());
  run(STEP37C, {"import", goldenDirectory(), "-o", path("ranks"), "--plan", path("golden.plan")});
  EXPECT_EQ(probed(path("ranks")), direct) << "--plan";
  for (const char *layout : {"plan", "megatron", "megatron-expanded"})
    for (const char *tp : {"1", "2"})
      for (const char *ep : {"1", "2", "4"}) {
        run(STEP37C, {"import", goldenDirectory(), "-o", path("ranks"), "--layout", layout, "--tp",
                      tp, "--ep", ep});
        EXPECT_EQ(probed(path("ranks")), direct) << layout << " tp " << tp << " ep " << ep;
      }
}

} // namespace step37::test
