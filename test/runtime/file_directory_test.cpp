// A directory of files is replaced whole, whenever the process that does it is killed.
#include "runtime/base/AtomicDirectory.h"
#include "runtime/base/AtomicFile.h"
#include "test/runtime/FileTestSupport.h"

#include <chrono>
#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace step37;
using namespace step37::test;

namespace {

using Names = std::vector<std::string>;

class AtomicDirectoryTest : public ::testing::TestWithParam<Replacing> {
protected:
  /// Writes two files and a folder that all say `content`.
  static void writeSet(const std::filesystem::path &path, const std::string &content) {
    AtomicDirectory directory(path, GetParam());
    writeFile(directory.staging() / "first", content);
    std::filesystem::create_directory(directory.staging() / "folder");
    writeFile(directory.staging() / "folder/second", content);
    directory.commit();
  }

  /// What the set at `path` says; "" where the files differ or one is missing.
  static std::string readSet(const std::filesystem::path &path) {
    const std::string first = readBytes(path / "first");
    return first == readBytes(path / "folder/second") ? first : "";
  }
};

TEST_P(AtomicDirectoryTest, AppearsAndIsReplacedWhole) {
  const TempDir dir;
  writeSet(dir / "below/set/", "one");
  EXPECT_EQ(readSet(dir / "below/set"), "one");
  {
    AtomicDirectory abandoned(dir / "below/set", GetParam());
    writeFile(abandoned.staging() / "first", "two");
  }
  EXPECT_EQ(readSet(dir / "below/set"), "one");
  writeSet(dir / "below/set", "three");
  EXPECT_EQ(readSet(dir / "below/set"), "three");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir / "below"), {}), 1);
}

TEST_P(AtomicDirectoryTest, KilledAtAnyMomentLeavesAWholeSet) {
  const TempDir dir;
  const auto begin = std::chrono::steady_clock::now();
  writeSet(dir / "set", "0");
  const std::chrono::nanoseconds once = std::chrono::steady_clock::now() - begin;
  int previous = 0;
  for (int round = 1; round <= 40; ++round) {
    const pid_t child = ::fork();
    if (child == 0)
      for (int i = previous + 1;; ++i)
        writeSet(dir / "set", std::to_string(i));
    std::this_thread::sleep_for(once * (round % 10 + 1) / 3);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    recoverDirectory(dir / "set");
    const std::string content = readSet(dir / "set");
    ASSERT_NE(content, "") << "round " << round;
    ASSERT_GE(std::stoi(content), previous);
    previous = std::stoi(content);
  }
  EXPECT_GT(previous, 0);
  writeSet(dir / "set", "last");
  EXPECT_EQ(readSet(dir / "set"), "last");
  EXPECT_EQ(dir.names(), Names{"set"}); // what the killed ones left is gone
}

INSTANTIATE_TEST_SUITE_P(Ways, AtomicDirectoryTest,
                         ::testing::Values(Replacing::exchange, Replacing::twoRenames),
                         [](const auto &info) {
                           return info.param == Replacing::exchange ? "exchange" : "twoRenames";
                         });

TEST(AtomicDirectory, RefusesToReplaceAFile) {
  const TempDir dir;
  writeBytes(dir / "set", "a file");
  EXPECT_TRUE(contains(errorOf([&] { AtomicDirectory directory(dir / "set"); }),
                       (dir / "set").string() + ": is there and no directory"));
  EXPECT_EQ(readBytes(dir / "set"), "a file");
}

TEST(AtomicDirectory, RecoversAnInterruptedReplacement) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "set.tmp-old");
  writeBytes(dir / "set.tmp-old/file", "old");
  recoverDirectory(dir / "set");
  EXPECT_EQ(readBytes(dir / "set/file"), "old");
  recoverDirectory(dir / "set"); // nothing left to do
  EXPECT_EQ(dir.names(), Names{"set"});
}

TEST(AtomicDirectory, RecoversBeforeItWrites) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "set.tmp-old");
  writeBytes(dir / "set.tmp-old/file", "old");
  {
    AtomicDirectory abandoned(dir / "set");
  }
  EXPECT_EQ(readBytes(dir / "set/file"), "old");
}

} // namespace
