// Every option with its range and default, group by group; see RunOptions.h.
#include "tools/RunOptions.h"

#include "tools/ExampleText.h"
#include "tools/Program.h"

#include <CLI/CLI.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace step37 {

namespace {

/// Exit code of wrong usage.
constexpr int usageError = 2;

/// A finite number that f32 can hold, in [lowest, highest]; `below` excludes the upper end.
/// (CLI::Range lets NaN pass.)
CLI::Validator number(double lowest, double highest = std::numeric_limits<float>::max(),
                      bool below = false) {
  auto check = [=](std::string &text) -> std::string {
    double value = 0;
    if (!CLI::detail::lexical_cast(text, value))
      return "'" + text + "' is no number";
    if (std::isfinite(value) && value >= lowest && (below ? value < highest : value <= highest))
      return {};
    std::string upper;
    if (highest < std::numeric_limits<float>::max())
      upper =
          std::string(below ? " and below " : " and at most ") + CLI::detail::to_string(highest);
    return text + " is out of range: at least " + CLI::detail::to_string(lowest) + upper;
  };
  return CLI::Validator(check, "", "number");
}

/// The flat list of what can be given; sorted into the option structs afterwards.
struct Arguments {
  RunOptions run;
  TrainOptions train;
  std::string probe, output;
  std::vector<double> betas{OptimizerOptions().beta1, OptimizerOptions().beta2};
  double minLr = 0;
  bool doTrain = false, doEval = false, grads = false;
};

void addModes(CLI::App &app, Arguments &arguments) {
  CLI::Option_group *modes = app.add_option_group("What to do (exactly one)");
  modes->add_flag("--train", arguments.doTrain, "Train, then report the held-out loss");
  modes->add_flag("--eval", arguments.doEval, "Report the held-out loss");
  CLI::Option *probe = modes->add_option(
      "--probe", arguments.probe,
      "Compute logits and loss of one batch: a safetensors file with input_ids [rows, seq-len] "
      "and optionally loss_mask and document_start");
  probe->type_name("IN.safetensors");
  modes->require_option(1);
  CLI::Option *output =
      app.add_option("-o,--output", arguments.output, "Safetensors file that --probe writes")
          ->type_name("OUT.safetensors")
          ->needs(probe)
          ->group("Probing");
  app.add_flag("--grads", arguments.grads, "Write the gradient of every trained tensor as well")
      ->needs(probe)
      ->group("Probing");
  probe->needs(output);
}

void addInputs(CLI::App &app, Arguments &arguments) {
  const char *group = "Inputs";
  InputOptions &input = arguments.train.input;
  app.add_option("--weights", input.weights,
                 "Directory with model.safetensors or model.safetensors.index.json; without it "
                 "weights are random")
      ->type_name("DIR")
      ->group(group);
  app.add_option("--data", input.data,
                 "A text (bytes are tokens), or NAME.safetensors with input_ids [rows, seq-len] or "
                 "with conversations (tools/pack_conversations.py); without it a built-in text")
      ->type_name("PATH")
      ->group(group);
  app.add_option("--seed", input.seed, "Of random weights and of the order of data")
      ->capture_default_str()
      ->group(group);
  app.add_option("--eval-rows", input.eval_rows,
                 "Evaluate at most so many held-out rows, evenly spread")
      ->capture_default_str()
      ->check(number(1))
      ->group(group);
}

/// Values by their names, for an option that takes one of them.
template <class Value> CLI::CheckedTransformer oneOf(std::initializer_list<Value> values) {
  std::map<std::string, Value> byName;
  for (Value value : values)
    byName.emplace(name(value), value);
  CLI::CheckedTransformer transformer(byName);
  transformer.description("");
  return transformer;
}

void addConversations(CLI::App &app, Arguments &arguments) {
  const char *group = "Conversations (see tools/pack_conversations.py)";
  ConversationOptions &options = arguments.train.input.conversations;
  app.add_option("--on-bad-sample", options.on_bad_sample,
                 "A picture is missing, broken or too large, or the text is too long: stop, or "
                 "leave the sample out, say so and go on")
      ->transform(oneOf({OnBadSample::stop, OnBadSample::skip}))
      ->type_name("stop|skip")
      ->default_str("stop")
      ->group(group);
  app.add_option("--pack-length", options.pack_length,
                 "Tokens of the samples that share a row, at most; 0: the row's length")
      ->capture_default_str()
      ->check(number(0))
      ->group(group);
  app.add_option("--overlong", options.overlong,
                 "A sample longer than that is dropped, or gets a row of its own if it fits; "
                 "without this it is a bad sample")
      ->transform(oneOf({Overlong::drop, Overlong::extend}))
      ->type_name("drop|extend")
      ->group(group);
  app.add_option("--max-pixels", options.max_pixels, "Larger pictures are refused")
      ->capture_default_str()
      ->check(number(1))
      ->group(group);
  app.add_option("--preprocess", options.preprocess,
                 "Pictures are normalised and then resized (Hugging Face), or the other way round")
      ->transform(oneOf({PreprocessOrder::normalizeFirst, PreprocessOrder::resizeFirst}))
      ->type_name("normalize-first|resize-first")
      ->default_str("normalize-first")
      ->group(group);
}

void addTraining(CLI::App &app, Arguments &arguments) {
  const char *group = "Training";
  TrainOptions &train = arguments.train;
  app.add_option("--steps", train.steps, "Optimizer steps")
      ->capture_default_str()
      ->check(number(1))
      ->group(group);
  app.add_option("--grad-accumulation", train.grad_accumulation, "Micro-batches a step")
      ->capture_default_str()
      ->check(number(1))
      ->group(group);
  app.add_option("--eval-every", train.eval_every,
                 "Steps between held-out losses; 0: before and after training only")
      ->capture_default_str()
      ->check(number(0))
      ->group(group);
}

void addOptimizer(CLI::App &app, Arguments &arguments) {
  const char *group = "Optimizer (AdamW)";
  OptimizerOptions &optimizer = arguments.train.optimizer;
  static const std::map<std::string, Schedule> schedules{{"cosine", Schedule::cosine},
                                                         {"constant", Schedule::constant}};
  auto add = [&](const char *flag, double &value, const char *text, const CLI::Validator &range) {
    app.add_option(flag, value, text)->capture_default_str()->check(range)->group(group);
  };
  add("--lr", optimizer.lr, "Learning rate after the warm-up", number(0));
  app.add_option("--min-lr", arguments.minLr, "Learning rate at the end of the cosine")
      ->default_str("a tenth of --lr")
      ->check(number(0))
      ->group(group);
  app.add_option("--warmup", optimizer.warmup, "Steps of linear warm-up")
      ->capture_default_str()
      ->check(number(0))
      ->group(group);
  app.add_option("--schedule", optimizer.schedule, "After the warm-up")
      ->transform(CLI::CheckedTransformer(schedules).description(""))
      ->type_name("cosine|constant")
      ->default_str("cosine")
      ->group(group);
  add("--weight-decay", optimizer.weight_decay, "On tensors of rank 2 and more", number(0));
  add("--clip", optimizer.clip, "Largest global norm of the gradients; 0: no clipping", number(0));
  app.add_option("--betas", arguments.betas, "Decay of the two moments, as A,B")
      ->delimiter(',')
      ->expected(2)
      ->default_str("0.9,0.95")
      ->check(number(0, 1, /*below=*/true))
      ->group(group);
  add("--eps", optimizer.eps, "Added to the root of the second moment", number(1e-30));
}

void addFiles(CLI::App &app, Arguments &arguments) {
  const char *group = "Checkpoints and logs";
  TrainOptions &train = arguments.train;
  CLI::Option *save = app.add_option("--save", train.save,
                                     "Directory for checkpoints; the last step is always saved")
                          ->type_name("DIR")
                          ->group(group);
  app.add_option("--save-every", train.save_every,
                 "Steps between checkpoints; 0: the last step only")
      ->capture_default_str()
      ->check(number(0))
      ->needs(save)
      ->group(group);
  app.add_option("--keep", train.keep, "Checkpoints that stay, the newest ones")
      ->capture_default_str()
      ->check(number(1))
      ->needs(save)
      ->group(group);
  app.add_option(
         "--resume", train.resume,
         "Go on from the newest checkpoint of a directory, or from one checkpoint. The same "
         "directory as --save may be empty yet")
      ->type_name("DIR")
      ->group(group);
  app.add_flag("--ignore-tune", train.ignore_tune,
               "Resume though the checkpoint was written with another table of --tune")
      ->group(group);
  app.add_option("--log", train.log,
                 "JSON lines with step, loss, grad_norm, lr and tokens_per_s of every step")
      ->type_name("FILE.jsonl")
      ->group(group);
  app.add_flag("--quiet", arguments.run.quiet, "Print the held-out loss only")->group(group);
}

void addMachine(CLI::App &app, Arguments &arguments) {
  const char *group = "Machine";
  ExecutorOptions &executor = arguments.run.executor;
  app.add_option(
         "--device", executor.device,
         "What runs the plan: host or cuda; cuda by default where there is a GPU and the plan "
         "has kernels for it")
      ->check(CLI::IsMember({"host", "cuda"}))
      ->group(group);
  app.add_flag("!--no-graph", executor.graph,
               "GPU: launch step by step instead of replaying graphs")
      ->group(group);
  app.add_flag("--check", executor.check,
               "Look at the results of every step and name the first that fails or writes NaN or "
               "infinity")
      ->group(group);
  app.add_flag("--profile", executor.profile,
               "Time every step and print a table by kernel family at the end")
      ->group(group);
  app.add_option("--trace", executor.trace, "Time every step and write a Chrome trace")
      ->type_name("FILE.json")
      ->group(group);
  app.add_option("--tune", arguments.run.tune,
                 "GPU: algorithms of products as `step37-run tune` measured them")
      ->type_name("FILE.json")
      ->group(group);
  app.add_option("--ranks", arguments.run.ranks,
                 "GPUs of this machine to run on, a process each: as many as the plan has ranks. "
                 "Under torchrun, srun or mpirun it is not needed")
      ->check(number(1, 1024))
      ->group(group);
  app.add_option("--timeout", arguments.run.timeout,
                 "Seconds that a rank waits for others before the job ends")
      ->capture_default_str()
      ->check(number(1))
      ->group(group);
  app.add_option("--threads", executor.threads,
                 "Host threads, 0: one a core; results do not depend on it")
      ->capture_default_str()
      ->check(number(0, 4096))
      ->group(group);
}

RunOptions sorted(Arguments arguments, bool minLrGiven) {
  TrainOptions &train = arguments.train;
  train.input.built_in_text = exampleText;
  train.optimizer.beta1 = arguments.betas[0];
  train.optimizer.beta2 = arguments.betas[1];
  if (minLrGiven)
    train.optimizer.min_lr = arguments.minLr;
  RunOptions run = std::move(arguments.run);
  if (arguments.doTrain)
    run.work = std::move(train);
  else if (arguments.doEval)
    run.work = std::move(train.input);
  else
    run.work = ProbeOptions{train.input.weights, arguments.probe, arguments.output,
                            train.input.seed, arguments.grads};
  return run;
}

void addPlan(CLI::App &app, RunOptions &run) {
  app.add_option("PLAN", run.plan, "Plan file of step37c compile")->type_name("FILE")->required();
}

/// Exits with what is printed for --help, --version and wrong usage.
[[noreturn]] void exitOf(const CLI::App &app, const CLI::ParseError &error) {
  throw Exit{app.exit(error) == 0 ? 0 : usageError};
}

RunOptions parseTuneOptions(int argc, char **argv) {
  CLI::App app("Measures which algorithm of cuBLASLt is fastest for each dense product of a plan.",
               "step37-run tune");
  RunOptions run;
  TuneOptions tune;
  run.executor.device = "cuda";
  addPlan(app, run);
  app.add_option("-o,--output", tune.output, "The table, for --tune")
      ->type_name("FILE.json")
      ->required();
  app.add_flag("--quiet", run.quiet, "Print nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    exitOf(app, error);
  }
  run.work = tune;
  return run;
}

} // namespace

RunOptions parseRunOptions(int argc, char **argv) {
  if (argc > 1 && std::string_view(argv[1]) == "tune")
    return parseTuneOptions(argc - 1, argv + 1);
  CLI::App app(
      "Runs a plan: trains, evaluates or probes the model in it. `step37-run tune --help`: "
      "measures products.",
      "step37-run");
  Arguments arguments;
  addPlan(app, arguments.run);
  addModes(app, arguments);
  addInputs(app, arguments);
  addConversations(app, arguments);
  addTraining(app, arguments);
  addOptimizer(app, arguments);
  addFiles(app, arguments);
  addMachine(app, arguments);
  app.set_version_flag("--version", versionOf("step37-run"));
  try {
    app.parse(argc, argv);
    if (arguments.minLr > arguments.train.optimizer.lr)
      throw CLI::ValidationError("--min-lr", "is above --lr");
  } catch (const CLI::ParseError &error) {
    exitOf(app, error);
  }
  return sorted(std::move(arguments), app.count("--min-lr") > 0);
}

} // namespace step37
