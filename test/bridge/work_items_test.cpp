// Items of work and the hash of blocks.
#include "bridge/BlockHash.h"
#include "bridge/WorkItems.h"
#include "test/bridge/bridge_support.h"

#include <atomic>
#include <set>

namespace step37::test {

TEST(WorkItems, EveryItemOnce) {
  for (int threads : {1, 3, 8}) {
    std::vector<std::atomic<int>> seen(100);
    std::atomic<bool> isKnownWorker = true;
    int ticks = 0;
    runItems(
        100, threads,
        [&](int64_t index, int worker) {
          ++seen[static_cast<size_t>(index)];
          if (worker < 0 || worker >= threads)
            isKnownWorker = false;
        },
        [&] { ++ticks; });
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto &n) { return n == 1; }));
    EXPECT_TRUE(isKnownWorker);
    EXPECT_GE(ticks, 1);
  }
  runItems(0, 4, [](int64_t, int) { FAIL(); }, [] {});
}

TEST(WorkItems, FirstExceptionEndsTheLoop) {
  std::atomic<int> done = 0;
  expectError(
      [&] {
        runItems(
            100000, 2,
            [&](int64_t index, int) {
              if (index == 10)
                throw Error("item ten");
              ++done;
            },
            [] {});
      },
      {"item ten"});
  EXPECT_LT(done, 100000 - 1);
}

TEST(BlockHash, SeesEveryBitAndTheLength) {
  std::vector<std::byte> bytes(200);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(i * 37);
  std::set<uint64_t> hashes{blockHash(bytes)};
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= std::byte(1 << bit % 8);
    EXPECT_TRUE(hashes.insert(blockHash(bytes)).second) << bit;
    bytes[bit / 8] ^= std::byte(1 << bit % 8);
  }
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_TRUE(hashes.insert(blockHash(std::span(bytes).first(length))).second) << length;
  std::swap_ranges(bytes.begin(), bytes.begin() + 8, bytes.begin() + 64);
  EXPECT_TRUE(hashes.insert(blockHash(bytes)).second);
}

TEST(BlockHash, KnownValue) {
  // Stored in checkpoints: must never change.
  std::vector<std::byte> bytes(130, std::byte{7});
  EXPECT_EQ(blockHashText(bytes), "c67076401f62d1eb");
}

} // namespace step37::test
