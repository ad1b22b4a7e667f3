// What a run is asked to do, as plain values: the seam between the command line (tools/step37-run)
// and the library. Ranges are checked where the values are parsed.
#pragma once

#include "runtime/data/ConversationOptions.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace step37 {

/// A seed of no meaning, the same everywhere.
inline constexpr uint64_t defaultSeed = 1234;

enum class Schedule : uint8_t { cosine, constant };

/// What the optimizer does at each step: all of it changes results, none of it changes the plan.
struct OptimizerOptions {
  double lr = 2e-3;
  std::optional<double> min_lr = std::nullopt; // where the cosine ends; default: a tenth of lr
  int64_t warmup = 10;                         // steps of linear warm-up
  Schedule schedule = Schedule::cosine;
  double weight_decay = 0.1; // on tensors of rank ≥ 2
  double clip = 1.0;         // global norm; 0: no clipping
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
};

/// Where weights and tokens come from. Empty paths: random initialisation, built-in text.
struct InputOptions {
  std::filesystem::path weights, data;
  std::string_view built_in_text; // outlives the run
  uint64_t seed = defaultSeed;
  int64_t eval_rows = 1024;          // at most so many held-out rows are evaluated
  ConversationOptions conversations; // how data of that kind is used
};

struct TrainOptions {
  InputOptions input;
  OptimizerOptions optimizer;
  int64_t steps = 400;
  int64_t grad_accumulation = 1; // micro-batches a step
  int64_t eval_every = 0;        // steps between held-out losses; 0: before and after only
  std::filesystem::path log;     // JSONL; empty: none
  std::filesystem::path save;    // directory of checkpoints; empty: none
  int64_t save_every = 0;        // steps between checkpoints; 0: the last step only
  int64_t keep = 2;              // complete checkpoints that stay
  std::filesystem::path resume;  // checkpoint, or directory of checkpoints
  bool ignore_tune = false;      // resume though the checkpoint's products were tuned otherwise
};

struct ProbeOptions {
  std::filesystem::path weights, input, output;
  uint64_t seed = defaultSeed;
  bool grads = false;
};

} // namespace step37
