// A plan under a right hash whose numbers do not fit together: each case names its field.
#include "runtime/plan/PlanFile.h"
#include "test/runtime/FileTestSupport.h"
#include "test/runtime/PlanSamples.h"

#include <limits>

using namespace step37;
using namespace step37::test;

namespace {

constexpr int64_t huge = std::numeric_limits<int64_t>::max();

struct Case {
  const char *message; // without "p: "
  void (*change)(plan::Plan &plan);
};

void PrintTo(const Case &test, std::ostream *stream) { *stream << test.message; }

plan::Target &target(plan::Plan &plan) { return plan.targets[0]; }
plan::Buffer &buffer(plan::Plan &plan, size_t index) { return target(plan).buffers[index]; }
plan::Step &step(plan::Plan &plan, size_t index) { return target(plan).programs[0].steps[index]; }
/// Makes a step of the first program the only one that exchanges data, on stream 1.
void exchange(plan::Plan &plan, size_t index) {
  step(plan, index).stream = 1;
  step(plan, index).kind = plan::StepKind::collective;
  plan::Kernel &kernel = target(plan).kernels.emplace_back(target(plan).kernels[0]);
  kernel.name = kernel.family = "collective";
  step(plan, index).kernel = static_cast<int>(target(plan).kernels.size()) - 1;
}
/// Makes the program "accumulate" another one, which takes and gives all that it did.
void withoutAccumulate(plan::Plan &plan) {
  target(plan).programs[0].name = "accumulate_update";
  target(plan).programs[0].role = plan::ProgramRole::accumulateUpdate;
}
plan::Part &part(plan::Plan &plan, size_t index) { return plan.parameters[0].parts[index]; }

class PlanCheckTest : public ::testing::TestWithParam<Case> {};

TEST_P(PlanCheckTest, NamesTheField) {
  plan::Plan plan = samplePlan();
  GetParam().change(plan);
  EXPECT_EQ(errorOf([&] { plan::deserialize(plan::serialize(plan), "p"); }),
            std::string("p: ") + GetParam().message);
}

const Case modelCases[] = {
    {"micro_batch: 0 is less than 1", [](plan::Plan &p) { p.micro_batch = 0; }},
    {"seq_len: -1 is less than 1", [](plan::Plan &p) { p.seq_len = -1; }},
    {"seq_len: times micro_batch is beyond 64 bits", [](plan::Plan &p) { p.seq_len = huge; }},
    {"vocab: 0 is less than 1", [](plan::Plan &p) { p.vocab = 0; }},
    {"mesh.etp: 0 is less than 1", [](plan::Plan &p) { p.mesh.etp = 0; }},
    {"images.images: -1 is less than 1", [](plan::Plan &p) { p.images.images = -1; }},
    {"images.crops: -1 is less than 0", [](plan::Plan &p) { p.images.crops = -1; }},
    {"images.channels: 0 is less than 1", [](plan::Plan &p) { p.images.channels = 0; }},
    {"images.image_size: 0 is less than 1", [](plan::Plan &p) { p.images.image_size = 0; }},
    {"images.crop_size: 0 is less than 1", [](plan::Plan &p) { p.images.crop_size = 0; }},
    {"images.image_tokens: 0 is less than 1", [](plan::Plan &p) { p.images.image_tokens = 0; }},
    {"images.crop_tokens: 0 is less than 1", [](plan::Plan &p) { p.images.crop_tokens = 0; }},
    {"images.image_size: the size is beyond 64 bits",
     [](plan::Plan &p) { p.images.image_size = huge / 2; }},
    {"images.crop_size: the size is beyond 64 bits",
     [](plan::Plan &p) { p.images.crop_size = huge / 2; }},
    {"images.image_tokens: makes more than 2^31 features",
     [](plan::Plan &p) { p.images.image_tokens = 1 << 30; }},
    {"targets: is empty", [](plan::Plan &p) { p.targets.clear(); }},
    {"targets[1].name: 'host' is there already",
     [](plan::Plan &p) { p.targets.push_back(p.targets[0]); }},
    {"carried[1].name: 'router_bias' is there already",
     [](plan::Plan &p) { p.carried.push_back({"router_bias", DType::f32, {5}}); }},
    {"carried[0].shape[1]: -4 is less than 1", [](plan::Plan &p) { p.carried[0].shape[1] = -4; }},
    {"blobs[2].name: 'table' is there already",
     [](plan::Plan &p) { p.blobs.push_back({"table", ""}); }},
    {"blobs: there is no 'config.json'", [](plan::Plan &p) { p.blobs[0].name = "other.json"; }},
    {"config_sha256: is not the hash of the blob 'config.json'",
     [](plan::Plan &p) { p.blobs[0].bytes += ' '; }},
};

const Case bufferCases[] = {
    {"targets[0].arena_bytes: is negative", [](plan::Plan &p) { target(p).arena_bytes = -1; }},
    {"targets[0].buffers[3].name: is empty", [](plan::Plan &p) { buffer(p, 3).name = ""; }},
    {"targets[0].buffers[3].name: 'packed' is there already",
     [](plan::Plan &p) { buffer(p, 3).name = "packed"; }},
    {"targets[0].buffers[4].shape[1]: 0 is less than 1",
     [](plan::Plan &p) { buffer(p, 4).shape[1] = 0; }},
    {"targets[0].buffers[4].shape: the size is beyond 64 bits",
     [](plan::Plan &p) { buffer(p, 4).shape = {huge / 2, 2}; }},
    {"targets[0].buffers[4].offset: -64 is negative",
     [](plan::Plan &p) { buffer(p, 4).offset = -64; }},
    {"targets[0].buffers[4].offset: 388 is not a multiple of 64",
     [](plan::Plan &p) { buffer(p, 4).offset = 388; }},
    {"targets[0].buffers[4].offset: 4096 is past the arena's end (1024)",
     [](plan::Plan &p) { buffer(p, 4).offset = 4096; }},
    {"targets[0].buffers[8].offset: 832 and 256 bytes more are past the arena's end (1024)",
     [](plan::Plan &p) { buffer(p, 8).offset = 832; }},
    {"targets[0].buffers[4].offset: 384 and 9223372036854775804 bytes more are past the arena's "
     "end "
     "(1024)",
     [](plan::Plan &p) { buffer(p, 4).shape = {huge / 4}; }},
    {"targets[0].buffers[4].program: only a temporary belongs to a program",
     [](plan::Plan &p) { buffer(p, 4).program = 0; }},
    {"targets[0].buffers[4].first_step: only a temporary has a lifetime",
     [](plan::Plan &p) { buffer(p, 4).first_step = 0; }},
    {"targets[0].buffers[4].last_step: only a temporary has a lifetime",
     [](plan::Plan &p) { buffer(p, 4).last_step = 0; }},
    {"targets[0].buffers[7].program: there is no program 2, there are 2",
     [](plan::Plan &p) { buffer(p, 7).program = 2; }},
    {"targets[0].buffers[7].first_step: there is no step -1, there are 3",
     [](plan::Plan &p) { buffer(p, 7).first_step = -1; }},
    {"targets[0].buffers[7].last_step: there is no step 3, there are 3",
     [](plan::Plan &p) { buffer(p, 7).last_step = 3; }},
    {"targets[0].buffers[9].last_step: is before first_step",
     [](plan::Plan &p) { buffer(p, 9).last_step = 0; }},
};

const Case overlapCases[] = {
    {"targets[0].buffers[4].offset: 'input_ids' [320, 384) overlaps 'bias' [320, 340), which lives "
     "at "
     "the "
     "same time",
     [](plan::Plan &p) { buffer(p, 4).offset = 320; }},
    {"targets[0].buffers[7].offset: 'hidden' [512, 640) overlaps 'loss_sum' [512, 516), which "
     "lives at "
     "the same time",
     [](plan::Plan &p) { buffer(p, 7).offset = 512; }},
    {"targets[0].buffers[10].offset: 'other' [64, 192) overlaps 'packed.grad' [64, 160), which "
     "lives "
     "at the same time",
     [](plan::Plan &p) { buffer(p, 10).offset = 64; }},
    {"targets[0].buffers[9].offset: 'later' [704, 832) overlaps 'scratch' [704, 960), which lives "
     "at "
     "the same time",
     [](plan::Plan &p) { buffer(p, 9).first_step = 0; }},
    {"targets[0].buffers[8].offset: 'scratch' [640, 896) overlaps 'hidden' [576, 704), which lives "
     "at the same time",
     [](plan::Plan &p) { buffer(p, 8).offset = 640; }},
    {"targets[0].buffers[9].offset: 'later' [640, 768) overlaps 'hidden' [576, 704), which lives "
     "at "
     "the same time",
     [](plan::Plan &p) { buffer(p, 9).offset = 640; }},
};

const Case stepCases[] = {
    {"targets[0].kernels[1].name: 'embedding_0' is there already",
     [](plan::Plan &p) { target(p).kernels[1].name = "embedding_0"; }},
    {"targets[0].programs[1].name: 'accumulate' is there already",
     [](plan::Plan &p) { target(p).programs[1].name = "accumulate"; }},
    {"targets[0].programs[1].role: is update, that of 'eval' is evaluate",
     [](plan::Plan &p) { target(p).programs[1].role = plan::ProgramRole::update; }},
    {"targets[0].programs[0].steps[0].arguments[0]: program 'accumulate' does not take 'tokens'",
     [](plan::Plan &p) { buffer(p, 4).name = "tokens"; }},
    {"targets[0].programs[0].steps[1].arguments[3]: program 'accumulate' does not take "
     "'optimizer.beta1'",
     [](plan::Plan &p) { buffer(p, 5).name = "optimizer.beta1"; }},
    {"targets[0].programs[0].steps[2].arguments[1]: program 'accumulate' does not give 'logits'",
     [](plan::Plan &p) { buffer(p, 6).name = "logits"; }},
    {"targets[0].programs[0].steps[1].kernel: there is no kernel 2, there are 2",
     [](plan::Plan &p) { step(p, 1).kernel = 2; }},
    {"targets[0].programs[0].steps[1].arguments[0]: there is no buffer 11, there are 11",
     [](plan::Plan &p) { step(p, 1).arguments[0].buffer = 11; }},
    {"targets[0].programs[0].steps[1].arguments[0]: there is no buffer -1, there are 11",
     [](plan::Plan &p) { step(p, 1).arguments[0].buffer = -1; }},
    {"targets[0].programs[0].steps[1].arguments[1]: byte 48 is not in buffer 'packed' of 48 bytes",
     [](plan::Plan &p) { step(p, 1).arguments[1].offset = 48; }},
    {"targets[0].programs[0].steps[1].arguments[1]: byte -2 is not in buffer 'packed' of 48 bytes",
     [](plan::Plan &p) { step(p, 1).arguments[1].offset = -2; }},
    {"targets[0].programs[0].steps[1].arguments[1]: byte 3 is not at an element of buffer 'packed'",
     [](plan::Plan &p) { step(p, 1).arguments[1].offset = 3; }},
    {"targets[0].programs[0].steps[2].arguments[0]: temporary 'hidden' does not live at this step",
     [](plan::Plan &p) { step(p, 2).arguments[0].buffer = 7; }},
    {"targets[0].programs[0].steps[0].arguments[0]: temporary 'other' does not live at this step",
     [](plan::Plan &p) { step(p, 0).arguments[0].buffer = 10; }},
    {"targets[0].programs[0].steps[1].stream: 2 is neither 0 nor 1",
     [](plan::Plan &p) { step(p, 1).stream = 2; }},
    {"targets[0].programs[0].steps[1].stream: is 1: stream 1 has all collective steps and no other "
     "ones",
     [](plan::Plan &p) { step(p, 1).stream = 1; }},
    {"targets[0].programs[0].steps[2].stream: is 0: stream 1 has all collective steps and no other "
     "ones",
     [](plan::Plan &p) {
       exchange(p, 1);
       step(p, 2).kind = plan::StepKind::collective;
     }},
    {"targets[0].programs[0].steps[1].after[0]: 0 is no earlier step of the other stream, in "
     "ascending order",
     [](plan::Plan &p) { step(p, 1).after = {0}; }},
    {"targets[0].programs[0].steps[1].after[0]: 2 is no earlier step of the other stream, in "
     "ascending order",
     [](plan::Plan &p) {
       exchange(p, 2);
       step(p, 1).after = {2};
     }},
    {"targets[0].programs[0].steps[2].after[1]: 0 is no earlier step of the other stream, in "
     "ascending order",
     [](plan::Plan &p) {
       exchange(p, 2);
       step(p, 2).after = {1, 0};
     }},
    // Step 1 may run beside step 0 and beside step 2.
    {"targets[0].programs[0].steps[1].arguments[0]: temporary 'hidden' does not live at this step",
     [](plan::Plan &p) { exchange(p, 1); }},
    {"targets[0].programs[0].steps[1].arguments[2]: temporary 'later' does not live at this step",
     [](plan::Plan &p) {
       exchange(p, 1);
       buffer(p, 7).last_step = 2;
     }},
};

const Case parameterCases[] = {
    {"parameters[1].name: 'packed' is there already",
     [](plan::Plan &p) { p.parameters[1].name = "packed"; }},
    {"parameters[1].parts[0].name: 'up_proj.weight' is there already",
     [](plan::Plan &p) { p.parameters[1].parts[0].name = "up_proj.weight"; }},
    {"parameters[0].parts: is empty", [](plan::Plan &p) { p.parameters[0].parts.clear(); }},
    {"parameters[1].buffer: target 'host' has no buffer 'absent'",
     [](plan::Plan &p) { p.parameters[1].buffer = "absent"; }},
    {"parameters[1].buffer: buffer 'loss_sum' is of class output, expected parameter",
     [](plan::Plan &p) { p.parameters[1].buffer = "loss_sum"; }},
    {"parameters[1].buffer: buffer 'bias' has 6 elements, expected 5",
     [](plan::Plan &p) { buffer(p, 3).shape = {6}; }},
    {"parameters[1].buffer: buffer 'packed' is used by two parameters",
     [](plan::Plan &p) {
       p.parameters[1].buffer = "packed";
       p.parameters[1].parts[0] = {"router_bias", DType::f32, {24}, 1, 24, 0, 24, 0};
     }},
    {"parameters[0].buffer: target 'cuda' has no buffer 'packed'",
     [](plan::Plan &p) {
       p.targets.push_back(p.targets[0]);
       p.targets[1].name = "cuda";
       p.targets[1].buffers[0].name = "renamed";
     }},
    {"parameters[0].buffer: buffer 'packed' has not the same type in all targets",
     [](plan::Plan &p) {
       p.targets.push_back(p.targets[0]);
       p.targets[1].name = "cuda";
       p.targets[1].buffers[0].type = DType::f16;
     }},
    {"parameters[0].gradient: buffer 'bias' is of class parameter, expected state",
     [](plan::Plan &p) { p.parameters[0].gradient = "bias"; }},
    {"parameters[0].gradient: the parameter is not trained",
     [](plan::Plan &p) { p.parameters[0].trained = false; }},
    {"parameters[0].gradient: buffer 'packed.grad' is of type f16",
     [](plan::Plan &p) { buffer(p, 1).type = DType::f16; }},
    {"parameters[0].states[0].buffer: buffer 'packed.master' is of type bf16",
     [](plan::Plan &p) { buffer(p, 2).type = DType::bf16; }},
    {"parameters[0].states[1].buffer: buffer 'packed.grad' is used by two parameters",
     [](plan::Plan &p) { p.parameters[0].states.push_back({"moment1", "packed.grad"}); }},
    {"parameters[0].states[1].role: 'master' is there already",
     [](plan::Plan &p) { p.parameters[0].states.push_back({"master", "packed.grad"}); }},
    {"parameters[0].states[1].role: is empty",
     [](plan::Plan &p) { p.parameters[0].states.push_back({"", "packed.grad"}); }},
    {"parameters[0].parts[0].shape: the size is beyond 64 bits",
     [](plan::Plan &p) { part(p, 0).shape = {huge, huge}; }},
    {"parameters[0].parts[1].shape: the size is beyond 64 bits",
     [](plan::Plan &p) { part(p, 1).shape = {huge}; }},
    {"parameters[0].parts[0].blocks: 0 is less than 1",
     [](plan::Plan &p) { part(p, 0).blocks = 0; }},
    {"parameters[0].parts[0].block: 2 blocks of 5 elements are not the shape's 8",
     [](plan::Plan &p) { part(p, 0).block = 5; }},
    {"parameters[0].parts[0].begin: 24 is not within the parameter's 24 elements",
     [](plan::Plan &p) { part(p, 0).begin = 24; }},
    {"parameters[0].parts[1].begin: 3 overlaps another part",
     [](plan::Plan &p) { part(p, 1).begin = 3; }},
    {"parameters[0].parts[0].begin: 1 leaves elements before it that belong to no part",
     [](plan::Plan &p) { part(p, 0).begin = 1; }},
    {"parameters[0].parts[1].stride: 2 blocks at this distance do not make up the parameter's 24 "
     "elements",
     [](plan::Plan &p) { part(p, 1).stride = 11; }},
    {"parameters[0].parts[0].stride: 2 blocks at this distance do not make up the parameter's 24 "
     "elements",
     [](plan::Plan &p) { part(p, 0).stride = part(p, 1).stride = 11; }},
    {"parameters[0].parts[1].blocks: differs from the other parts of this parameter",
     [](plan::Plan &p) {
       part(p, 1).blocks = 1;
       part(p, 1).block = 16;
     }},
    {"parameters[0].parts[0].init_std: is negative",
     [](plan::Plan &p) { part(p, 0).init_std = -1; }},
};

class MeshCheckTest : public PlanCheckTest {};

TEST_P(MeshCheckTest, NamesTheField) {
  plan::Plan plan = meshPlan();
  GetParam().change(plan);
  EXPECT_EQ(errorOf([&] { plan::deserialize(plan::serialize(plan), "p"); }),
            std::string("p: ") + GetParam().message);
}

const Case meshCases[] = {
    {"mesh.axes: have 2 ranks, which is not dp times tp",
     [](plan::Plan &p) { p.mesh.axes.pop_back(); }},
    {"mesh.axes[1].name: 'dp' is there already", [](plan::Plan &p) { p.mesh.axes[1].name = "dp"; }},
    {"mesh.axes[1].size: 0 is less than 1", [](plan::Plan &p) { p.mesh.axes[1].size = 0; }},
    {"mesh.axes[1].size: times the sizes before is beyond 64 bits",
     [](plan::Plan &p) { p.mesh.axes[1].size = huge; }},
    {"targets[0].buffers[4].split: has 1 lists of axes for 2 dimensions",
     [](plan::Plan &p) { buffer(p, 4).split = {{"dp"}}; }},
    {"targets[0].buffers[4].split[0][0]: the mesh has no axis 'pp'",
     [](plan::Plan &p) { buffer(p, 4).split = {{"pp"}, {}}; }},
    {"targets[0].buffers[4].split[0][1]: 'dp' is not in the order of the mesh's axes, or there "
     "twice",
     [](plan::Plan &p) { buffer(p, 4).split = {{"tp", "dp"}, {}}; }},
    {"targets[0].buffers[4].split[0][1]: 'dp' is not in the order of the mesh's axes, or there "
     "twice",
     [](plan::Plan &p) { buffer(p, 4).split = {{"dp", "dp"}, {}}; }},
    {"targets[0].buffers[4].split[1][0]: 'dp' splits another dimension already",
     [](plan::Plan &p) { buffer(p, 4).split = {{"dp"}, {"dp"}}; }},
    {"targets[0].buffers[0].split: only an input or an output is split",
     [](plan::Plan &p) { buffer(p, 0).split = {{"dp"}, {}, {}}; }},
    {"targets[0].buffers[11].coordinate[0]: the mesh has no axis 'pp'",
     [](plan::Plan &p) { buffer(p, 11).coordinate = {"pp"}; }},
    {"targets[0].buffers[5].coordinate: only a scalar i32 [1] holds a coordinate",
     [](plan::Plan &p) { buffer(p, 5).coordinate = {"tp"}; }},
    {"targets[0].buffers[4].coordinate: only a scalar i32 [1] holds a coordinate",
     [](plan::Plan &p) { buffer(p, 4).coordinate = {"tp"}; }},
    {"targets[0].buffers[11].coordinate: only a scalar i32 [1] holds a coordinate",
     [](plan::Plan &p) { buffer(p, 11).shape = {2}; }},
    {"targets[0].programs[1].steps[1].kind: is launch, but kernel 'collective_0' is of family "
     "collective",
     [](plan::Plan &p) { target(p).programs[1].steps[1].kind = plan::StepKind::launch; }},
    {"targets[0].programs[0].steps[0].kind: is collective, but kernel 'embedding_0' is of family "
     "embedding",
     [](plan::Plan &p) { step(p, 0).kind = plan::StepKind::collective; }},
    {"targets[0].programs[0].steps[0].rows_of: is 0, which is no earlier collective step that this "
     "one can follow",
     [](plan::Plan &p) { step(p, 0).rows_of = 0; }},
    {"targets[0].programs[0].steps[0].rows_of: is -2, which is no earlier collective step that "
     "this one can follow",
     [](plan::Plan &p) { step(p, 0).rows_of = -2; }},
    {"targets[0].programs[1].steps[1].rows_of: is 0, which is no earlier collective step that this "
     "one can follow",
     [](plan::Plan &p) { target(p).programs[1].steps[1].rows_of = 0; }},
    {"parameters[0].parts[1].block: 2 blocks of 8 elements are not the piece's 24",
     [](plan::Plan &p) { part(p, 1).shape[1] = 6; }},
    {"parameters[0].parts[1].split: has 2 lists of axes for 3 dimensions",
     [](plan::Plan &p) { part(p, 1).split.pop_back(); }},
    {"parameters[0].parts[1].split[2][0]: 'tp' splits another dimension already",
     [](plan::Plan &p) { part(p, 1).split[2] = {"tp"}; }},
    {"parameters[0].gradient_partial[0]: the mesh has no axis 'pp'",
     [](plan::Plan &p) { p.parameters[0].gradient_partial = {"pp"}; }},
    {"parameters[0].gradient_partial[0]: 'tp' splits part 'up_proj.weight'",
     [](plan::Plan &p) { p.parameters[0].gradient_partial = {"tp"}; }},
    {"parameters[1].gradient_partial: there is no gradient",
     [](plan::Plan &p) { p.parameters[1].gradient_partial = {"tp"}; }},
    {"parameters[0].state_split[0]: the mesh has no axis 'pp'",
     [](plan::Plan &p) { p.parameters[0].state_split = {"pp"}; }},
    {"parameters[0].state_split[1]: 'tp' splits part 'up_proj.weight'",
     [](plan::Plan &p) { p.parameters[0].state_split = {"dp", "tp"}; }},
    {"parameters[0].state_split: buffer 'packed.master' has 11 elements, 2 ranks need 12 each for "
     "24",
     [](plan::Plan &p) { buffer(p, 2).shape = {11}; }},
    {"parameters[0].states[0].buffer: buffer 'packed.master' has 12 elements, expected 24",
     [](plan::Plan &p) { p.parameters[0].state_split.clear(); }},
};

const Case activationCases[] = {
    {"activations.recompute: unknown value 'some'",
     [](plan::Plan &p) { p.activations.recompute = "some"; }},
    {"activations.memory_budget: -1 is less than 0",
     [](plan::Plan &p) { p.activations.memory_budget = -1; }},
    {"activations.memory_budget: is missing: recompute is 'budget'",
     [](plan::Plan &p) { p.activations.memory_budget = 0; }},
    {"activations.saved: there is no program 'accumulate' to keep them for",
     [](plan::Plan &p) { withoutAccumulate(p); }},
    {"activations.recomputed: there is no program 'accumulate' to compute them again",
     [](plan::Plan &p) {
       p.activations.saved.clear();
       withoutAccumulate(p);
     }},
    {"activations.saved[1].operation: is empty",
     [](plan::Plan &p) { p.activations.saved[1].operation.clear(); }},
    {"activations.saved[1].shape[0]: 0 is less than 1",
     [](plan::Plan &p) { p.activations.saved[1].shape[0] = 0; }},
    {"activations.saved[1].shape: the size is beyond 64 bits",
     [](plan::Plan &p) { p.activations.saved[1].shape = {huge}; }},
    {"activations.saved[1].shape: the sum up to here is beyond 64 bits",
     [](plan::Plan &p) { p.activations.saved[1].shape = {huge / 2}; }},
    {"activations.recomputed[0].operation: is empty",
     [](plan::Plan &p) { p.activations.recomputed[0].operation.clear(); }},
    {"activations.recomputed[1].bytes: -5 is less than 0",
     [](plan::Plan &p) { p.activations.recomputed[1].bytes = -5; }},
    {"activations.recomputed[2].flops: -1 is less than 0",
     [](plan::Plan &p) { p.activations.recomputed[2].flops = -1; }},
    {"activations.recomputed[3].flops: the sum up to here is beyond 64 bits",
     [](plan::Plan &p) { p.activations.recomputed[0].flops = huge; }},
    {"activations.recomputed[3].sent_bytes: -2 is less than 0",
     [](plan::Plan &p) { p.activations.recomputed[3].sent_bytes = -2; }},
};

const auto nameless = [](const auto &info) { return "Case" + std::to_string(info.index); };
INSTANTIATE_TEST_SUITE_P(Model, PlanCheckTest, ::testing::ValuesIn(modelCases), nameless);
INSTANTIATE_TEST_SUITE_P(Buffers, PlanCheckTest, ::testing::ValuesIn(bufferCases), nameless);
INSTANTIATE_TEST_SUITE_P(Overlaps, PlanCheckTest, ::testing::ValuesIn(overlapCases), nameless);
INSTANTIATE_TEST_SUITE_P(Steps, PlanCheckTest, ::testing::ValuesIn(stepCases), nameless);
INSTANTIATE_TEST_SUITE_P(Activations, PlanCheckTest, ::testing::ValuesIn(activationCases),
                         nameless);
INSTANTIATE_TEST_SUITE_P(Parameters, PlanCheckTest, ::testing::ValuesIn(parameterCases), nameless);

INSTANTIATE_TEST_SUITE_P(Mesh, MeshCheckTest, ::testing::ValuesIn(meshCases), nameless);

TEST(PlanCheck, StepsOfTheExchangeStreamRunBesideOthers) {
  plan::Plan plan = samplePlan();
  exchange(plan, 1);
  step(plan, 1).after = {0};
  step(plan, 2).after = {1};
  const auto intervals = stepIntervals(target(plan).programs[0].steps);
  EXPECT_EQ(intervals[1].first, 1);
  EXPECT_EQ(intervals[1].last, 2);
  EXPECT_EQ(intervals[2].first, 2);
  buffer(plan, 7).last_step = 2; // 'hidden', which step 1 reads
  EXPECT_EQ(errorOf([&] { plan::deserialize(plan::serialize(plan), "p"); }), "");
}

/// Published tensors one after another, in any order, need no common stride.
TEST(PlanCheck, PartsMayFollowEachOther) {
  plan::Plan plan = samplePlan();
  plan.parameters[0].parts = {{"b", DType::bf16, {3, 4}, 3, 4, 12, 4, 0},
                              {"a", DType::bf16, {2, 4}, 1, 8, 0, 0, 0},
                              {"c", DType::bf16, {4}, 1, 4, 8, 1, 0}};
  EXPECT_EQ(errorOf([&] { plan::deserialize(plan::serialize(plan), "p"); }), "");
}

} // namespace
