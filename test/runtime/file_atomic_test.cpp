// A file has its name only when it is complete, and an error leaves nothing behind.
#include "runtime/base/AtomicFile.h"
#include "test/runtime/FileTestSupport.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace step37;
using namespace step37::test;

namespace {

using Names = std::vector<std::string>;

/// Limits the size of files that this process writes, as a full disk does.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }

private:
  rlimit before;
};

/// Id of a process that has ended.
pid_t endedProcess() {
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(AtomicFile, AppearsWithCommit) {
  const TempDir dir;
  AtomicFile file(dir / "out", Hashing::on);
  file.write("hello ");
  file.write(std::string(3'000'000, 'x'));
  EXPECT_FALSE(std::filesystem::exists(dir / "out"));
  EXPECT_EQ(file.size(), 3'000'006);
  file.commit();
  EXPECT_EQ(readBytes(dir / "out"), "hello " + std::string(3'000'000, 'x'));
  EXPECT_EQ(file.sha256(), sha256Hex(readBytes(dir / "out")));
  EXPECT_EQ(dir.names(), Names{"out"});
}

TEST(AtomicFile, ReplacesOnlyWithCommit) {
  const TempDir dir;
  writeBytes(dir / "out", "old");
  {
    AtomicFile file(dir / "out");
    file.write("abandoned");
  }
  EXPECT_EQ(readBytes(dir / "out"), "old");
  EXPECT_EQ(dir.names(), Names{"out"});
  writeFile(dir / "out", "new");
  EXPECT_EQ(readBytes(dir / "out"), "new");
  EXPECT_EQ(dir.names(), Names{"out"});
}

TEST(AtomicFile, KeepsALinkAndReplacesWhatItNames) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "elsewhere");
  writeBytes(dir / "elsewhere/real", "old");
  std::filesystem::create_symlink(dir / "elsewhere/real", dir / "link");
  writeFile(dir / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "link"));
  EXPECT_EQ(readBytes(dir / "elsewhere/real"), "new");
}

TEST(AtomicFile, RemovesWhatKilledProcessesLeft) {
  const TempDir dir;
  const std::string ended = "out.tmp-" + std::to_string(endedProcess());
  const std::string running = "out.tmp-" + std::to_string(::getppid());
  for (const std::string &name : {ended, running, std::string("out.tmp-notes")})
    writeBytes(dir / name, "half");
  writeFile(dir / "out", "whole");
  EXPECT_FALSE(std::filesystem::exists(dir / ended));
  EXPECT_TRUE(std::filesystem::exists(dir / running));
  EXPECT_TRUE(std::filesystem::exists(dir / "out.tmp-notes"));
}

TEST(AtomicFile, RefusesDirectoriesAndMissingFolders) {
  const TempDir dir;
  EXPECT_TRUE(contains(errorOf([&] { writeFile(dir.path(), "x"); }), "is a directory"));
  const std::string missing = errorOf([&] { writeFile(dir / "no/out", "x"); });
  EXPECT_EQ(missing, (dir / "no/out").string() + ": cannot create: No such file or directory");
}

TEST(AtomicFile, FullDiskLeavesNothing) {
  const TempDir dir;
  writeBytes(dir / "out", "old");
  for (const size_t bytes : {20'000u, 5'000'000u}) { // found by commit, found by write
    const FileSizeLimit limit(10'000);
    const std::string message = errorOf([&] { writeFile(dir / "out", std::string(bytes, 'x')); });
    EXPECT_EQ(message, (dir / "out").string() + ": cannot write: File too large");
    EXPECT_EQ(readBytes(dir / "out"), "old");
    EXPECT_EQ(dir.names(), Names{"out"});
  }
}

TEST(AtomicFile, WritesDevicesDirectly) {
  EXPECT_EQ(errorOf([] { writeFile("/dev/full", "x"); }),
            "/dev/full: cannot write: No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_EQ(errorOf([] { writeFile("/dev/null", "x"); }), "");
}

} // namespace
