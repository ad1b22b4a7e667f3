// Mapping a file, and every way in which that is refused.
#include "runtime/base/MappedFile.h"
#include "test/runtime/FileTestSupport.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace step37;
using namespace step37::test;

namespace {

TEST(MappedFile, ShowsTheBytes) {
  const TempDir dir;
  writeBytes(dir / "a", "some bytes");
  MappedFile file(dir / "a");
  EXPECT_EQ(file.text(), "some bytes");
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.text(), "some bytes");
  EXPECT_EQ(moved.path(), dir / "a");
}

TEST(MappedFile, SurvivesReplacementOfTheFile) {
  const TempDir dir;
  writeBytes(dir / "a", "old bytes");
  const MappedFile file(dir / "a");
  writeBytes(dir / "b", "new");
  std::filesystem::rename(dir / "b", dir / "a");
  EXPECT_EQ(file.text(), "old bytes");
}

TEST(MappedFile, NamesWhatIsWrong) {
  const TempDir dir;
  writeBytes(dir / "empty", "");
  ::mkfifo((dir / "pipe").c_str(), 0600);
  const auto errorFor = [&](const std::string &name) {
    return errorOf([&] { MappedFile file(dir / name); });
  };
  EXPECT_EQ(errorFor("absent"), (dir / "absent").string() + ": no such file");
  EXPECT_EQ(errorFor("empty"), (dir / "empty").string() + ": the file is empty");
  EXPECT_EQ(errorFor("pipe"), (dir / "pipe").string() + ": is not a regular file");
  EXPECT_TRUE(contains(errorFor(""), "is a directory"));
}

TEST(MappedFile, ReportsMissingPermission) {
  const TempDir dir;
  writeBytes(dir / "secret", "x");
  ::chmod((dir / "secret").c_str(), 0);
  ::chmod(dir.path().c_str(), 0755);
  const bool isRoot = ::geteuid() == 0;
  if (isRoot && ::seteuid(65534) != 0) // root may read everything
    GTEST_SKIP() << "cannot give up root";
  const std::string message = errorOf([&] { MappedFile file(dir / "secret"); });
  const bool isBack = !isRoot || ::seteuid(0) == 0;
  ASSERT_TRUE(isBack);
  EXPECT_EQ(message, (dir / "secret").string() + ": cannot open: Permission denied");
}

} // namespace
