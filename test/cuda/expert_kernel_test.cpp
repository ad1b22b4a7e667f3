// GPU kernels between a router and its experts, against their host twins.
#include "test/cuda/GpuHarness.h"

#include <numeric>

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

/// Logits on a grid: either equal, which tests who comes first, or so far apart that the last bit
/// of an exponential does not decide.
Values gridLogits(int64_t count, double step, int steps) {
  std::mt19937 random(9);
  Values values(static_cast<size_t>(count));
  for (double &value : values)
    value = step * (int(random() % unsigned(2 * steps + 1)) - steps);
  return values;
}

/// For every token the first top_k of a random order of the experts.
std::vector<int> randomChoice(int64_t tokens, int64_t experts, int64_t topK) {
  std::mt19937 random(11);
  std::vector<int> order(static_cast<size_t>(experts)), chosen;
  std::iota(order.begin(), order.end(), 0);
  for (int64_t t = 0; t < tokens; ++t) {
    std::shuffle(order.begin(), order.end(), random);
    chosen.insert(chosen.end(), order.begin(), order.begin() + topK);
  }
  return chosen;
}

void checkRoute(const spec::Route &spec) {
  GpuCase gpu(spec);
  gpu.set("logits", gridLogits(spec.tokens * spec.experts, 0.0625, 40));
  if (spec.has_bias)
    gpu.set("bias", gridLogits(spec.experts, 0.03125, 5));
  gpu.check();
}

TEST(Route, Small) {
  for (bool normalize : {true, false})
    for (bool bias : {true, false})
      for (bool softmax : {true, false}) {
        checkRoute({37, 8, 3, 2, normalize, bias, softmax});
        checkRoute({9, 37, 37, 3, normalize, bias, softmax});
        checkRoute({1, 1, 1, 1, normalize, bias, softmax});
      }
}

TEST(Route, Published) {
  checkRoute({2048, 288, 8, 3, true, true, false});
  checkRoute({2048, 36, 8, 3, true, true, false});
}

TEST(Route, NaNChoosesDistinctExperts) {
  double inf = INFINITY;
  for (bool softmax : {false, true}) {
    spec::Route spec{4, 6, 4, 1, true, true, softmax};
    GpuCase gpu(spec);
    gpu.set("logits", {NAN, NAN, NAN,  NAN, NAN, NAN, NAN, 1,   2,    NAN,  3,    NAN,
                       inf, inf, -inf, inf, 0,   inf, NAN, inf, -inf, -inf, -inf, NAN});
    gpu.set("bias", {0, 0, -inf, 0, 0, inf});
    gpu.skip("weights").skip("scores").check(); // which NaN they are is open
  }
}

void checkRouteGrad(const spec::RouteGrad &spec) {
  GpuCase gpu(spec);
  gpu.setIntegers("chosen", randomChoice(spec.tokens, spec.experts, spec.top_k));
  gpu.fillLarge("logits", 2).fillLarge("dweights").fillPositive("scores");
  if (spec.softmax && spec.experts == 1) // its score is 1 whatever the logit: 0, up to rounding
    gpu.skip("dlogits");
  gpu.check();
}

TEST(RouteGrad, Small) {
  for (bool normalize : {true, false})
    for (bool softmax : {true, false}) {
      checkRouteGrad({37, 8, 3, 2, normalize, softmax});
      checkRouteGrad({9, 37, 37, 3, normalize, softmax});
      checkRouteGrad({1, 1, 1, 1, normalize, softmax});
    }
}

TEST(RouteGrad, Published) { checkRouteGrad({8192, 288, 8, 3, true, false}); }

/// Every token chooses among `held` times the spec's experts; of the others it has rows for none.
void checkSort(const spec::SortByExpert &spec, int64_t held = 1) {
  std::vector<int> chosen = randomChoice(spec.tokens, held * spec.experts, spec.top_k);
  for (int &expert : chosen)
    expert = expert < spec.experts ? expert : -1;
  GpuCase gpu(spec);
  gpu.setIntegers("chosen", chosen);
  gpu.check();
}

TEST(SortByExpert, Small) {
  checkSort({1, 1, 1});
  checkSort({3, 288, 8}); // fewer slots than experts
  checkSort({37, 7, 3});
  checkSort({341, 6, 3});     // one less than a tile
  checkSort({683, 36, 3});    // two tiles, one slot more
  checkSort({1500, 1500, 2}); // more experts than slots of a usual tile
  checkSort({700, 5, 5});
}

TEST(SortByExpert, AllToOneExpert) {
  spec::SortByExpert spec{3000, 20, 1};
  GpuCase gpu(spec);
  gpu.setIntegers("chosen", std::vector<int>(3000, 13));
  gpu.check();
}

TEST(SortByExpert, SomeExperts) {
  checkSort({37, 7, 3}, 2);
  checkSort({683, 6, 3}, 5);
  checkSort({1500, 9, 4, 1400}, 4);
  checkSort({1500, 9, 4, 700}, 4); // the last expert's rows do not all fit
  checkSort({40, 2, 4, 3}, 4);     // nor those of the first
}

TEST(SortByExpert, NoneOfTheseExperts) {
  for (int64_t tokens : {100, 3000}) {
    GpuCase gpu(spec::SortByExpert{tokens, 20, 1});
    gpu.setIntegers("chosen", std::vector<int>(size_t(tokens), 20));
    gpu.check();
  }
}

TEST(SortByExpert, Published) {
  checkSort({8192, 36, 8});
  checkSort({8192, 36, 8, 2 * 8192}, 8);
  checkSort({65536, 288, 8});
}

/// Slots and rows in a random order. With fewer rows than slots some slots have none, and the last
/// row has no slot.
struct RowsOfSlots {
  std::vector<int> slotRow, rowSlot;

  RowsOfSlots(int64_t slots, int64_t rows) : slotRow(size_t(slots)), rowSlot(size_t(rows), -1) {
    std::iota(slotRow.begin(), slotRow.end(), 0);
    std::shuffle(slotRow.begin(), slotRow.end(), std::mt19937(4));
    for (size_t slot = 0; slot < slotRow.size(); ++slot) {
      int &row = slotRow[slot];
      if (rows < slots && row >= rows - 1)
        row = -1;
      else
        rowSlot[size_t(row)] = int(slot);
    }
  }
};

void checkDispatch(int64_t tokens, int64_t topK, int64_t cols, DType type, int64_t rows) {
  RowsOfSlots order(tokens * topK, rows);
  {
    GpuCase gpu(spec::Dispatch{tokens, topK, cols, type, rows});
    gpu.setIntegers("row_slot", order.rowSlot);
    gpu.fillLarge("x").check();
  }
  for (bool weighted : {true, false}) {
    GpuCase gpu(spec::Combine{tokens, topK, cols, weighted, type, rows});
    gpu.fillAll();
    gpu.setIntegers("slot_row", order.slotRow);
    gpu.check();
  }
  GpuCase gpu(spec::CombineGrad{tokens, topK, cols, type, rows});
  gpu.fillAll();
  gpu.setIntegers("row_slot", order.rowSlot);
  gpu.setIntegers("slot_row", order.slotRow);
  gpu.check();
}

TEST(Dispatch, Small) {
  for (DType type : types)
    for (int64_t cols : {1, 45, 64, 2304}) {
      checkDispatch(19, 3, cols, type, 57);
      checkDispatch(19, 3, cols, type, 30);
      checkDispatch(5, 1, cols, type, 5);
      checkDispatch(40, 8, cols, type, 1);
    }
}

TEST(Dispatch, Published) {
  checkDispatch(8192, 8, 4096, DType::bf16, 8192 * 8);
  checkDispatch(8192, 8, 4096, DType::bf16, 8192 * 2);
}

} // namespace
