// A rank of the full model: 804 tensors at published shapes, in files with holes that a script
// wrote. STEP37C is the program, SPARSE_SCRIPT the script. What is measured is the child's maximum
// resident set.
#include "test/bridge/conversion_support.h"
#include "test/runtime/ChildProcess.h"

#include <sys/resource.h>

namespace step37::test {

TEST(SparseCheckpoint, ARankOfTheFullModelFitsTheMemoryBound) {
  Scratch scratch;
  const std::string sparse = (scratch.path() / "sparse").string();
  ChildProcess writer("/usr/bin/env",
                      {"env", "python3", SPARSE_SCRIPT,
                       std::string(STEP37_TEST_DATA) + "/configs/step35-flash.json", sparse},
                      scratch.path() / "written");
  ASSERT_EQ(writer.wait(), 0) << writer.stderrText();
  EXPECT_EQ(writer.stdoutText(), "804 tensors, 398768626944 bytes\n");

  ChildProcess check(
      STEP37C, {"import", sparse, "--check", "--strict", "--tp", "8", "--ep", "8", "--rank", "3"},
      scratch.path() / "printed");
  ASSERT_EQ(check.wait(), 0) << check.stderrText();
  EXPECT_NE(check.stdoutText().find("804 tensors, 199,384,301,376 parameters: 1 file"),
            std::string::npos)
      << check.stdoutText();
  struct rusage usage = {};
  ASSERT_EQ(::getrusage(RUSAGE_CHILDREN, &usage), 0);
  constexpr long twoGigabytes = 2'000'000; // in kB
  EXPECT_LT(usage.ru_maxrss, twoGigabytes);
}

} // namespace step37::test
