// The list of what matters; see RunDescription.h.
#include "runtime/train/RunDescription.h"

#include "runtime/train/LearningRate.h"

#include <string>

namespace step37 {

nlohmann::json runDescription(const Model &model, const Dataset &data,
                              const TrainOptions &options) {
  const plan::Plan &plan = model.plan();
  const OptimizerOptions &optimizer = options.optimizer;
  const ConversationOptions &conversations = options.input.conversations;
  nlohmann::json run{{"--seed", options.input.seed},
                     {"--grad-accumulation", options.grad_accumulation},
                     {"--lr", optimizer.lr},
                     {"--min-lr", minimumLearningRate(optimizer)},
                     {"--warmup", optimizer.warmup},
                     {"--schedule", optimizer.schedule == Schedule::cosine ? "cosine" : "constant"},
                     {"--weight-decay", optimizer.weight_decay},
                     {"--clip", optimizer.clip},
                     {"--betas", {optimizer.beta1, optimizer.beta2}},
                     {"--eps", optimizer.eps},
                     {"--data (SHA-256)", data.sha256()},
                     {"--on-bad-sample", name(conversations.on_bad_sample)},
                     {"--pack-length", conversations.pack_length},
                     {"--overlong", conversations.overlong ? name(*conversations.overlong) : ""},
                     {"--max-pixels", conversations.max_pixels},
                     {"--preprocess", name(conversations.preprocess)},
                     {"plan: config (SHA-256)", plan.config_sha256},
                     {"plan: --dtype", std::string(name(plan.type))},
                     {"plan: rows of a micro-batch", model.rows()},
                     {"plan: --seq-len", plan.seq_len}};
  for (const auto &[key, value] : plan.switches)
    run["plan: --set " + key] = value;
  return run;
}

} // namespace step37
