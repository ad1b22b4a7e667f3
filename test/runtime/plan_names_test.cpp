// The table of programs, and names that are made of others.
#include "runtime/plan/Names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace step37::plan {
namespace {

TEST(PlanNames, ProgramsAreFoundWithAndWithoutANumber) {
  ASSERT_TRUE(findProgramInfo("eval"));
  EXPECT_EQ(findProgramInfo("eval")->role, ProgramRole::evaluate);
  EXPECT_EQ(findProgramInfo("accumulate_update")->role, ProgramRole::accumulateUpdate);
  EXPECT_EQ(findProgramInfo("logits")->role, ProgramRole::logits);
  EXPECT_EQ(findProgramInfo("mtp_logits.12")->role, ProgramRole::logits);
  for (const char *name : {"", "train", "eval.", "eval.one", "mtp_logits.1.2", "Eval"})
    EXPECT_FALSE(findProgramInfo(name)) << name;
}

TEST(PlanNames, ProgramsTakeAndGive) {
  const ProgramInfo &accumulate = *findProgramInfo("accumulate");
  EXPECT_TRUE(accumulate.takesBuffer("input_ids"));
  EXPECT_TRUE(accumulate.takesBuffer("image_feature.1"));
  EXPECT_FALSE(accumulate.takesBuffer("max_norm"));
  EXPECT_FALSE(accumulate.takesBuffer("optimizer.eps"));
  EXPECT_TRUE(accumulate.givesBuffer("mtp_loss_sum.0"));
  EXPECT_FALSE(accumulate.givesBuffer("grad_norm"));
  const ProgramInfo &update = *findProgramInfo("update");
  EXPECT_TRUE(update.takesBuffer("optimizer.eps"));
  EXPECT_FALSE(update.takesBuffer("loss_scale"));
  EXPECT_TRUE(update.givesBuffer("grad_norm"));
}

TEST(PlanNames, AreMadeOfOthers) {
  EXPECT_EQ(names::numbered(names::mtpLossSum, 1), "mtp_loss_sum.1");
  EXPECT_EQ(names::hyperparameter("eps"), "optimizer.eps");
  EXPECT_EQ(names::coordinateAlong(std::vector<std::string>{"dp.0", "tp"}), "coordinate.dp.0.tp");
  EXPECT_EQ(names::gradient("w"), "gradient.w");
  EXPECT_EQ(names::optimizerState(masterRole, "w"), "master.w");
}

} // namespace
} // namespace step37::plan
