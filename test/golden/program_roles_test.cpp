// What compiled programs read and write is what their roles say (runtime/plan/Names.h).
#include "test/golden/Golden.h"

#include "runtime/plan/Names.h"
#include "runtime/plan/PlanFile.h"

#include <algorithm>
#include <sstream>

namespace step37::test {
namespace {

/// A buffer's name without its number; hyperparameters are one.
std::string kindOf(const std::string &name) {
  if (name.starts_with(plan::names::optimizerPrefix))
    return plan::names::optimizerPrefix;
  return name.substr(0, name.find('.'));
}

bool has(std::span<const std::string_view> list, const std::string &name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

class ProgramRoles : public GoldenModel, public testing::WithParamInterface<const char *> {};

TEST_P(ProgramRoles, takeAndGiveWhatTheySay) {
  std::vector<std::string> options = {"--dtype", "f32", "--seq-len", "32", "--mtp"};
  std::istringstream more(GetParam());
  for (std::string option; more >> option;)
    options.push_back(option);
  plan::Plan plan = plan::load(compile(goldenFile("config.json"), "roles.plan", options));
  for (const plan::Target &target : plan.targets)
    for (const plan::Program &program : target.programs) {
      const plan::ProgramInfo &info = plan::infoOf(program.name);
      for (const plan::Step &step : program.steps)
        for (const plan::Argument &argument : step.arguments) {
          const plan::Buffer &buffer = target.buffers[argument.buffer];
          bool taken =
              buffer.cls == plan::BufferClass::input || buffer.cls == plan::BufferClass::scalar;
          if (taken && buffer.coordinate.empty())
            EXPECT_TRUE(has(info.takes, kindOf(buffer.name)))
                << program.name << " takes " << buffer.name;
          if (buffer.cls == plan::BufferClass::output)
            EXPECT_TRUE(has(info.gives, kindOf(buffer.name)))
                << program.name << " gives " << buffer.name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Meshes, ProgramRoles,
                         testing::Values("", "--tp 2", "--dp 2 --ep 2 --dispatch all-to-all"));

TEST(ProgramRolesByName, numbersOfDepthsAreNoNames) {
  EXPECT_EQ(plan::infoOf("accumulate").role, plan::ProgramRole::accumulate);
  EXPECT_EQ(plan::infoOf("mtp_logits.1").role, plan::ProgramRole::logits);
  EXPECT_THROW(plan::infoOf("forward"), Error);
  EXPECT_THROW(plan::infoOf("logits2"), Error);
}

} // namespace
} // namespace step37::test
