// Counted exchanges: their arguments, and which rows they move.
#include "codegen/spec/ExchangedRows.h"
#include "codegen/spec/KernelSpec.h"

#include <gtest/gtest.h>

namespace {

using namespace step37;
using namespace step37::spec;

std::vector<std::string> namesOf(const KernelSpec &spec) {
  std::vector<std::string> names;
  for (const Argument &argument : arguments(spec))
    names.push_back(argument.name + " " + std::to_string(argument.elements));
  return names;
}

/// What is sent, and what comes back where nothing else is kept.
TEST(CountedExchange, ArgumentsByDirection) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(namesOf(CountedExchange{false, false, {"tp"}, 2, 4, 6, 8, 0, 3}),
            (Names{"bounds 10", "own 18", "received 24"}));
  EXPECT_EQ(namesOf(CountedExchange{true, false, {"tp"}, 2, 4, 6, 8, 0, 3}),
            (Names{"bounds 10", "own 18", "received 24"}));
  EXPECT_EQ(namesOf(CountedExchange{true, true, {"tp"}, 2, 4, 6, 8, 0, 3}),
            (Names{"bounds 10", "before 18", "own 18", "received 24"}));
  EXPECT_TRUE(arguments(CountedExchange{true, false, {"tp"}, 2, 4, 6, 8, 0, 3})[1].partial);
}

/// Three ranks with two experts each, against every row one by one.
TEST(CountedExchange, RowsOfEveryPairOfRanks) {
  constexpr int64_t ranks = 3, experts = 6, own = 20;
  const std::vector<std::vector<int32_t>> counts{
      {3, 0, 7, 2, 5, 3}, {0, 0, 0, 20, 0, 0}, {1, 9, 0, 4, 4, 2}};
  std::vector<int32_t> bounds;
  for (const std::vector<int32_t> &ofOwner : counts) {
    bounds.push_back(0);
    for (const int32_t count : ofOwner)
      bounds.push_back(bounds.back() + count);
  }
  for (const int64_t first : {0, 1, 12, 26, 40})
    for (int64_t receiver = 0; receiver < ranks; ++receiver) {
      const CountedExchange spec{false, false, {"tp"}, ranks, experts, own, 20, first, 1};
      std::vector<std::vector<int64_t>> rows(ranks); // of each owner
      int64_t row = 0;
      for (int64_t expert = 2 * receiver; expert < 2 * receiver + 2; ++expert)
        for (int64_t owner = 0; owner < ranks; ++owner)
          for (int64_t i = bounds[owner * (experts + 1) + expert];
               i < bounds[owner * (experts + 1) + expert + 1]; ++i, ++row)
            if (row >= first && row < first + spec.rows)
              rows[owner].push_back(i);
      const std::vector<RowRun> runs = runsTo(spec, bounds, receiver);
      int64_t received = 0;
      for (int64_t owner = 0; owner < ranks; ++owner) {
        ASSERT_EQ(runs[owner].rows, int64_t(rows[owner].size())) << first << receiver << owner;
        for (size_t i = 0; i < rows[owner].size(); ++i)
          EXPECT_EQ(runs[owner].own + int64_t(i), rows[owner][i]) << first << receiver << owner;
        if (!rows[owner].empty())
          EXPECT_EQ(runs[owner].received, received);
        received += runs[owner].rows;
      }
      EXPECT_EQ(rowsTo(spec, bounds, receiver), received);
    }
}

} // namespace
