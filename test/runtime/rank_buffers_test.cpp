// Buffers of ranks in several processes: writes stay at home, reads come together on the root.
#include "runtime/base/Error.h"
#include "runtime/exec/RankBuffers.h"
#include "test/runtime/ForkedRanks.h"

#include <gtest/gtest.h>

#include <cstring>

namespace step37::test {
namespace {

/// One rank of a mesh: a buffer of 8 bytes.
class OneRank final : public Executor {
public:
  OneRank(const plan::Target &target, int rank) : Executor(target), rank(rank) {}

  int localRanks() const override { return 1; }
  int firstRank() const override { return rank; }
  void run(int) override {}
  void write(int, int, int64_t offset, std::span<const std::byte> bytes) override {
    std::memcpy(memory.data() + offset, bytes.data(), bytes.size());
  }
  void read(int, int, int64_t offset, std::span<std::byte> bytes) const override {
    std::memcpy(bytes.data(), memory.data() + offset, bytes.size());
  }
  std::string description() const override { return "one rank"; }

private:
  int rank;
  std::vector<std::byte> memory = std::vector<std::byte>(8);
};

job::Bytes letters(const std::string &text) {
  job::Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// What a rank of three does; 0 where all is as it should be.
int runRank(const job::RankEnvironment &environment) {
  job::Job job({environment, std::chrono::seconds(20), "plan"});
  const plan::Target target;
  OneRank executor(target, environment.rank);
  const int rank = environment.rank;
  RankBuffers ranks(executor, 3, &job);
  for (int r = 0; r < 3; ++r) // every process writes for all ranks
    ranks.write(r, 0, 2 * r, letters(std::string(1, static_cast<char>('a' + r))));
  job::Bytes home(8);
  ranks.readOwn(0, 0, home);
  job::Bytes expected(8);
  expected[static_cast<size_t>(2 * rank)] = static_cast<std::byte>('a' + rank);
  bool right = home == expected && ranks.isHere(rank) && !ranks.isHere((rank + 1) % 3);
  // Pieces of several ranks, out of their order, and twice from one.
  job::Bytes together(4);
  for (int round = 0; round < 2; ++round)
    ranks.collect("letters", [&](auto read) {
      const std::span<std::byte> to(together);
      read(2, 0, 4, to.subspan(0, 1));
      read(0, 0, 0, to.subspan(1, 1));
      read(1, 0, 2, to.subspan(2, 1));
      read(2, 0, 4, to.subspan(3, 1));
    });
  right = right && (!ranks.isRoot() || together == letters("cabc"));
  ranks.barrier("end");
  job.finish();
  return right ? 0 : 3;
}

TEST(RankBuffers, AcrossProcesses) { runForkedRanks(3, runRank); }

TEST(RankBuffers, AsManyRanksAsThePlanHas) {
  const plan::Target target;
  OneRank executor(target, 0);
  try {
    const RankBuffers ranks(executor, 4, nullptr);
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "the plan is for 4 ranks, and there are 1");
  }
}

} // namespace
} // namespace step37::test
