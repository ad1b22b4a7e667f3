// What is exported, in the reference libraries: check_with_transformers.py on the golden checkpoint
// after three conversions. Skipped where the libraries are missing. STEP37C is the program.
#include "test/bridge/conversion_support.h"
#include "test/runtime/ChildProcess.h"

namespace step37::test {

TEST(Transformers, ComputeTheGoldenLogitsFromAnExport) {
  Scratch scratch;
  const std::string golden = goldenDirectory().string();
  const auto path = [&](const char *name) { return (scratch.path() / name).string(); };
  for (const std::vector<std::string> &arguments :
       {std::vector<std::string>{"import", golden, "-o", path("plan"), "--tp", "2", "--ep", "4"},
        {"export", path("plan"), "-o", path("ranks"), "--layout", "megatron-expanded", "--tp", "2"},
        {"export", path("ranks"), "-o", path("hf"), "--shard-size", "1MB"}}) {
    ChildProcess child(STEP37C, arguments, scratch.path() / "printed");
    ASSERT_EQ(child.wait(), 0) << child.stderrText();
  }
  constexpr int skipped = 77;
  ChildProcess check("/usr/bin/env", {"env", "python3", CHECK_SCRIPT, path("hf"), golden},
                     scratch.path() / "printed");
  const int code = check.wait();
  if (code == skipped)
    GTEST_SKIP() << check.stdoutText();
  EXPECT_EQ(code, 0) << check.stdoutText() << check.stderrText();
}

} // namespace step37::test
