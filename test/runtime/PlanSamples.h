// A small plan that uses every field, and its file with other contents under a right hash. For the
// tests of the plan and its fuzz target.
#pragma once

#include "runtime/base/Sha256.h"
#include "runtime/plan/PlanFile.h"

#include <string>
#include <string_view>

namespace step37::test {

inline plan::Buffer permanentBuffer(std::string name, plan::BufferClass cls, plan::BufferKind kind,
                                    DType type, std::vector<int64_t> shape, int64_t offset) {
  return {std::move(name), cls, kind, type, std::move(shape), offset, -1, -1, -1};
}

/// Two parameters (one packed from two published tensors, block by block), one with state; two
/// programs; temporaries that take turns on the same bytes.
inline plan::Plan samplePlan() {
  using enum plan::BufferClass;
  using enum plan::BufferKind;
  using enum plan::StepKind;
  plan::Target host;
  host.name = "host";
  host.arena_bytes = 1024;
  host.buffers = {
      permanentBuffer("packed", parameter, weights, DType::bf16, {2, 3, 4}, 0), // 0
      permanentBuffer("packed.grad", state, gradients, DType::f32, {24}, 64),   // 1
      permanentBuffer("packed.master", state, plan::BufferKind::optimizer, DType::f32, {24}, 192),
      permanentBuffer("bias", parameter, weights, DType::f32, {5}, 320),      // 3
      permanentBuffer("input_ids", input, io, DType::i32, {2, 8}, 384),       // 4
      permanentBuffer("accumulate_beta", scalar, io, DType::f32, {}, 448),    // 5
      permanentBuffer("loss_sum", output, io, DType::f32, {1}, 512),          // 6
      {"hidden", temporary, activations, DType::bf16, {2, 32}, 576, 0, 0, 1}, // 7
      {"scratch", temporary, workspace, DType::f32, {64}, 704, 0, 0, 0},      // 8
      {"later", temporary, activations, DType::bf16, {2, 32}, 704, 0, 1, 2},  // 9
      {"other", temporary, activations, DType::bf16, {2, 32}, 576, 1, 0, 0},  // 10
  };
  host.kernels = {
      {"embedding_0", "embedding", "host", "the only one", {{"tokens", 16}, {"type", "bf16"}}},
      {"gemm_0", "gemm", "host", "", {{"m", 2}, {"scale", 0.5}, {"sizes", {1, 2, 3}}}},
  };
  host.programs = {
      {"accumulate",
       plan::ProgramRole::accumulate,
       {{launch, 0, {{4, 0}, {0, 16}, {7, 0}, {8, 0}}, "model.embed_tokens"},
        {gemm, 1, {{7, 0}, {0, 0}, {9, 64}, {5, 0}}, "model.layers.0.mlp"},
        {launch, 0, {{9, 0}, {6, 0}}, "loss"}}},
      {"eval", plan::ProgramRole::evaluate, {{gemm, 1, {{10, 0}, {6, 0}}, "loss"}}},
  };

  plan::Plan plan;
  plan.compiler_version = "0.1.0";
  plan.model_type = "step3p5";
  plan.type = DType::bf16;
  plan.micro_batch = 2;
  plan.seq_len = 8;
  plan.vocab = 256;
  plan.switches = {{"clamp_position", "after_silu"}, {"window_keys", "513"}};
  plan.parameters = {
      {"packed",
       "packed",
       "packed.grad",
       {{"master", "packed.master"}},
       true,
       {{"gate_proj.weight", DType::bf16, {2, 1, 4}, 2, 4, 0, 12, 0.02},
        {"up_proj.weight", DType::bf16, {2, 2, 4}, 2, 8, 4, 12, 0.02, 0.5}}},
      {"bias", "bias", "", {}, false, {{"router_bias", DType::f32, {5}, 1, 5, 0, 5, 0}}},
  };
  plan.images = {.images = 2,
                 .crops = 3,
                 .channels = 3,
                 .image_size = 28,
                 .crop_size = 14,
                 .image_tokens = 4,
                 .crop_tokens = 1,
                 .image_token = 9,
                 .image_start = 7,
                 .patch_start = 8,
                 .truncate = true};
  plan.carried = {{"mtp.weight", DType::bf16, {4, 4}}};
  plan.activations = {
      .recompute = "budget",
      .memory_budget = 4096,
      .saved = {{"model.layers.0.mlp", "matmul", DType::bf16, {2, 32}},
                {"model.layers.1.mlp", "matmul", DType::bf16, {2, 32}},
                {"model.embed_tokens", "embedding", DType::bf16, {2, 40}}},
      .recomputed = {{"model.layers.0.norm", "rms_norm", 136},
                     {"model.layers.1.norm", "rms_norm", 136},
                     {"model.layers.1.moe", "all_gather", 64, 0, 32},
                     {"model.layers.1.moe", "grouped_matmul", 96, int64_t(3) << 40, 0, true}}};
  plan.targets = {std::move(host)};
  plan.blobs = {{"config.json", "{\"model_type\": \"step3p5\"}"}, {"table", std::string(70, '\7')}};
  plan.config_sha256 = sha256Hex(plan.blobs[0].bytes);
  return plan;
}

/// The same on a mesh of dp 2, tp 2: `up_proj` has three rows a block, two on each rank with one of
/// padding; each rank has half of the rows of input and of the optimizer's state; a coordinate and
/// a collective.
inline plan::Plan meshPlan() {
  plan::Plan plan = samplePlan();
  plan.mesh = {2, 2, 2, 1, {{"dp", 2}, {"tp", 2}}};
  plan::Target &host = plan.targets[0];
  host.buffers[2].shape = {12};
  host.buffers[4].split = {{"dp"}, {}};
  host.buffers.push_back(permanentBuffer("tp.index", plan::BufferClass::scalar,
                                         plan::BufferKind::io, DType::i32, {1}, 960)); // 11
  host.buffers.back().coordinate = {"tp"};
  host.kernels.push_back({"collective_0",
                          "collective",
                          "host",
                          "",
                          {{"exchange", "all_reduce"}, {"axes", {"dp"}}, {"ranks", 2}}});
  host.programs[1].steps.push_back({plan::StepKind::collective, 2, {{6, 0}, {6, 0}}, "loss"});
  plan::Parameter &packed = plan.parameters[0];
  packed.gradient_partial = packed.state_split = {"dp"};
  packed.parts[1].shape = {2, 3, 4};
  packed.parts[1].split = {{}, {"tp"}, {}};
  return plan;
}

/// Length of the header that a plan file's bytes announce.
inline uint64_t announcedLength(std::string_view bytes) {
  uint64_t length = 0;
  for (size_t i = 0; i < 8 && i < bytes.size(); ++i)
    length |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return length;
}

/// Puts the right hash into a plan file's header, whatever else is in it; where there is no place
/// for it, nothing changes.
inline void reseal(std::string &bytes) {
  constexpr size_t digestAt = 8 + 11, digits = 64; // after the length and {"sha256":"
  const uint64_t length = announcedLength(bytes);
  if (bytes.size() < digestAt + digits || length > bytes.size() - 8 ||
      length < digestAt - 8 + digits)
    return;
  bytes.replace(digestAt, digits, std::string(digits, '0'));
  bytes.replace(digestAt, digits, sha256Hex(std::string_view(bytes).substr(8, length)));
}

/// A plan file of any header's text, with the sample's blobs and under a right hash.
inline std::string planFileOf(std::string_view header) {
  static const std::string sample = plan::serialize(samplePlan());
  const auto alignUp = [](size_t size) { return (size + 63) / 64 * 64; };
  std::string bytes;
  for (size_t i = 0; i < 8; ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  bytes += header;
  bytes.resize(alignUp(bytes.size()));
  bytes += sample.substr(alignUp(8 + announcedLength(sample)));
  reseal(bytes);
  return bytes;
}

/// The sample's file with the first `from` in its header replaced by `to`.
inline std::string sampleFileWith(std::string_view from, std::string_view to) {
  const std::string bytes = plan::serialize(samplePlan());
  std::string header = bytes.substr(8, announcedLength(bytes));
  header.replace(header.find(from), from.size(), to);
  return planFileOf(header);
}

} // namespace step37::test
