// Streams that touch the same bytes wait for each other, or the plan is not run.
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/exec/base/StepBinding.h"
#include "runtime/exec/base/StreamCheck.h"

#include <gtest/gtest.h>

namespace step37 {
namespace {

/// Two kernels: one fills four floats, the other sums eight over ranks in place.
struct Sample {
  plan::Target target;
  plan::Program program;
  std::vector<spec::KernelSpec> specs{
      spec::Fill{4, 1}, spec::Collective{spec::Exchange::allReduce, {"dp"}, 2, 8, DType::f32}};

  Sample() {
    for (const char *name : {"a", "b"}) {
      plan::Buffer &buffer = target.buffers.emplace_back();
      buffer.name = name;
      buffer.shape = {8};
    }
    program.name = "main";
  }
  void fill(int buffer, int64_t offset, std::vector<int> after = {}) {
    program.steps.push_back({plan::StepKind::launch, 0, {{buffer, offset}}, "fill", 0, after});
  }
  void sum(int from, int to, std::vector<int> after = {}) {
    program.steps.push_back({plan::StepKind::collective, 1, {{from, 0}, {to, 0}}, "sum", 1, after});
  }
  std::string error() const {
    try {
      checkStreams(target, program, specs);
      return "";
    } catch (const Error &error) {
      return error.what();
    }
  }
};

TEST(StreamCheck, AReadWaitsForTheWrite) {
  Sample sample;
  sample.fill(0, 0);
  sample.fill(0, 16);
  sample.sum(0, 1, {0}); // the second half is not waited for
  EXPECT_EQ(sample.error(), "program main, step 2 (sum): touches buffer a without waiting for step "
                            "1 of the other stream");
  sample.program.steps[2].after = {1};
  EXPECT_EQ(sample.error(), "");
}

TEST(StreamCheck, AWriteWaitsForTheRead) {
  Sample sample;
  sample.sum(0, 1);
  sample.fill(0, 16);
  EXPECT_EQ(sample.error(),
            "program main, step 1 (fill): touches buffer a without waiting for step "
            "0 of the other stream");
  sample.program.steps[1].after = {0};
  EXPECT_EQ(sample.error(), "");
}

TEST(StreamCheck, OtherBytesNeedNoWait) {
  Sample sample;
  sample.target.buffers[0].shape = {16};
  sample.sum(0, 1);
  sample.fill(0, 32);
  sample.fill(0, 48);
  EXPECT_EQ(sample.error(), "");
}

/// What a step has waited for, the next ones of its stream need not wait for, nor who waits for
/// them.
TEST(StreamCheck, WaitsAreHandedOn) {
  Sample sample;
  sample.fill(0, 0);
  sample.sum(0, 0, {0});
  sample.fill(1, 0, {1});
  sample.fill(0, 16);
  sample.sum(1, 1, {2});
  sample.sum(0, 0); // step 3 is not waited for
  EXPECT_EQ(sample.error(), "program main, step 5 (sum): touches buffer a without waiting for step "
                            "3 of the other stream");
  sample.program.steps[5].after = {3};
  EXPECT_EQ(sample.error(), "");
}

} // namespace
} // namespace step37
