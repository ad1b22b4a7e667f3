// Checkpoints: a resumed run is the uninterrupted one, and what is damaged is refused by name.
#include "runtime/base/Sha256.h"
#include "test/runtime/TrainSupport.h"

#include <functional>
#include <set>

namespace step37::test {
namespace {

class Checkpoints : public testing::Test {
protected:
  TrainOptions someOptions() const {
    TrainOptions options;
    options.input.built_in_text = text;
    options.optimizer.warmup = 3;
    options.steps = 10;
    options.grad_accumulation = 2;
    options.save = scratch / "save";
    options.save_every = 2;
    options.keep = 99;
    options.log = scratch / "log.jsonl";
    return options;
  }

  std::string train(const TrainOptions &options) const {
    return trainQuietly(bigramPlan(shape), options);
  }

  /// Hash of all that a checkpoint holds.
  static std::string contentOf(const fs::path &checkpoint) {
    std::string bytes;
    for (const char *name :
         {"config.json", "manifest.json", "model.safetensors", "optimizer.safetensors"})
      bytes += fileText(checkpoint / name);
    return sha256Hex(bytes);
  }

  /// The log without the speed.
  std::string logged() const {
    std::istringstream lines(fileText(scratch / "log.jsonl"));
    std::string result;
    for (std::string line; std::getline(lines, line);)
      result += line.substr(0, line.find("\"tokens_per_s\"")) + "\n";
    return result;
  }

  std::set<std::string> saved() const {
    std::set<std::string> names;
    for (const auto &entry : fs::directory_iterator(scratch / "save"))
      names.insert(entry.path().filename().string());
    return names;
  }

  BigramShape shape;
  std::string text = someText(2000, shape.vocab);
  ScratchDirectory scratch;
};

class ResumedRun : public Checkpoints,
                   public testing::WithParamInterface<std::pair<DType, DType>> {};

/// The type of the plan, and that of the published tensors.
TEST_P(ResumedRun, equalsTheUninterruptedOne) {
  shape.type = GetParam().first;
  plan::Plan plan = bigramPlan(shape);
  for (plan::Parameter &parameter : plan.parameters)
    parameter.parts[0].type = GetParam().second;
  TrainOptions options = someOptions();
  std::string printed = trainQuietly(plan, options);
  std::string result = contentOf(options.save / "step-000010"), lines = logged();

  for (const char *lost : {"step-000006", "step-000008", "step-000010"})
    fs::remove_all(options.save / lost);
  options.resume = options.save;
  std::string resumed = trainQuietly(plan, options);
  EXPECT_NE(resumed.find("after step 4\nstep 5/10"), std::string::npos) << resumed;
  EXPECT_EQ(contentOf(options.save / "step-000010"), result);
  EXPECT_EQ(logged(), lines);
  EXPECT_EQ(resumed.substr(resumed.rfind("held-out")), printed.substr(printed.rfind("held-out")));
}

INSTANTIATE_TEST_SUITE_P(Types, ResumedRun,
                         testing::Values(std::pair(DType::f32, DType::f32),
                                         std::pair(DType::bf16, DType::bf16),
                                         std::pair(DType::f32, DType::bf16)));

TEST_F(Checkpoints, frozenParametersKeepTheirExactValues) {
  shape.trainEmbedding = false;
  plan::Plan plan = bigramPlan(shape);
  plan.parameters[0].parts[0].type = DType::bf16;
  TrainOptions options = someOptions();
  trainQuietly(plan, options);
  std::string result = contentOf(options.save / "step-000010");
  fs::remove_all(options.save / "step-000010");
  options.resume = options.save / "step-000004";
  options.save = scratch / "other";
  trainQuietly(plan, options);
  EXPECT_EQ(contentOf(options.save / "step-000010"), result);
}

TEST_F(Checkpoints, theLastOnesStayAndLatestPointsToTheNewest) {
  TrainOptions options = someOptions();
  options.keep = 2;
  options.save_every = 3;
  train(options);
  EXPECT_EQ(saved(), (std::set<std::string>{"latest", "step-000009", "step-000010"}));
  EXPECT_EQ(fs::read_symlink(options.save / "latest"), "step-000010");
}

TEST_F(Checkpoints, areHuggingFaceDirectories) {
  TrainOptions options = someOptions();
  std::string printed = train(options);
  EXPECT_EQ(fileText(options.save / "latest" / "config.json"),
            bigramPlan(shape).findBlob("config.json")->bytes);
  std::ostringstream out;
  RunLog log(out, RunLog::Style::quiet);
  InputOptions input = options.input;
  input.weights = options.save / "latest";
  runEvaluation(bigramPlan(shape), {}, input, log);
  EXPECT_EQ(out.str(), printed.substr(printed.rfind("held-out")));
}

TEST_F(Checkpoints, unfinishedOnesAreSkippedAndRemoved) {
  TrainOptions options = someOptions();
  train(options);
  fs::remove_all(options.save / "step-000010");
  fs::create_directory(options.save / "step-000099.tmp-999999999"); // no process has this id
  options.resume = options.save;
  std::string printed = train(options);
  EXPECT_NE(printed.find("after step 8"), std::string::npos) << printed;
  EXPECT_FALSE(saved().contains("step-000099.tmp-999999999"));
}

TEST_F(Checkpoints, resumingWhereNothingIsYet) {
  TrainOptions options = someOptions();
  options.resume = scratch / "nothing";
  EXPECT_NE(errorOf([&] { train(options); }).find("nothing: holds no complete checkpoint"),
            std::string::npos);
  fs::create_directories(options.resume / "step-000002.tmp-1");
  EXPECT_NE(errorOf([&] { train(options); }).find("nothing: holds no complete checkpoint"),
            std::string::npos);
  options.resume = options.save / "";
  EXPECT_NE(train(options).find("step 1/10"), std::string::npos);
}

TEST_F(Checkpoints, laterCheckpointsOfAnotherRunAreNotMixedIn) {
  TrainOptions options = someOptions();
  train(options);
  std::string message = errorOf([&] { train(options); });
  EXPECT_NE(message.find("step-000010: is there already"), std::string::npos) << message;
  options.resume = options.save / "step-000004";
  message = errorOf([&] { train(options); });
  EXPECT_NE(message.find("step-000010: is there already"), std::string::npos) << message;
}

TEST_F(Checkpoints, finishedRunsOnlyReport) {
  TrainOptions options = someOptions();
  std::string printed = train(options);
  options.resume = options.save;
  std::string again = train(options);
  EXPECT_EQ(again.find("step 10/10"), std::string::npos);
  EXPECT_EQ(again.substr(again.rfind("held-out")), printed.substr(printed.rfind("held-out")));
}

struct Damage {
  const char *name;
  std::function<void(const fs::path &checkpoint)> inflict;
  const char *message;
};

void flipByte(const fs::path &path, size_t position) {
  std::string bytes = fileText(path);
  bytes[position] = static_cast<char>(bytes[position] ^ 1);
  writeText(path, bytes);
}

class DamagedCheckpoint : public Checkpoints, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedCheckpoint, isRefusedByName) {
  TrainOptions options = someOptions();
  train(options);
  std::string before = logged();
  GetParam().inflict(options.save / "step-000010");
  options.resume = options.save;
  options.steps = 20;
  std::string message = errorOf([&] { train(options); });
  EXPECT_NE(message.find(std::string("step-000010") + GetParam().message), std::string::npos)
      << message;
  EXPECT_EQ(logged(), before) << "a refused run touches nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedCheckpoint,
    testing::Values(
        Damage{"flippedWeight",
               [](const fs::path &path) {
                 flipByte(path / "model.safetensors",
                          fs::file_size(path / "model.safetensors") - 5);
               },
               "/model.safetensors: its SHA-256"},
        Damage{"flippedMoment",
               [](const fs::path &path) { flipByte(path / "optimizer.safetensors", 900); },
               "/optimizer.safetensors: its SHA-256"},
        Damage{"truncated",
               [](const fs::path &path) { fs::resize_file(path / "optimizer.safetensors", 1000); },
               "/optimizer.safetensors: has 1000 bytes"},
        Damage{"missingFile", [](const fs::path &path) { fs::remove(path / "model.safetensors"); },
               "/model.safetensors"},
        Damage{"missingManifest", [](const fs::path &path) { fs::remove(path / "manifest.json"); },
               ": manifest.json is missing"},
        Damage{"editedManifest",
               [](const fs::path &path) {
                 std::string text = fileText(path / "manifest.json");
                 text.replace(text.find("\"step\": 10"), 10, "\"step\": 11");
                 writeText(path / "manifest.json", text);
               },
               "/manifest.json: sha256: does not match"},
        Damage{"emptiedManifest",
               [](const fs::path &path) { writeText(path / "manifest.json", "{}"); },
               "/manifest.json: sha256: is missing"},
        Damage{"tornManifest",
               [](const fs::path &path) { fs::resize_file(path / "manifest.json", 100); },
               "/manifest.json"}),
    [](const auto &test) { return std::string(test.param.name); });

struct Change {
  const char *name;
  std::function<void(TrainOptions &)> apply;
  const char *message; // empty: legal
};

class ChangedRun : public Checkpoints, public testing::WithParamInterface<Change> {};

TEST_P(ChangedRun, isRefusedIfResultsWouldChange) {
  TrainOptions options = someOptions();
  train(options);
  options.resume = options.save;
  options.steps = 12;
  GetParam().apply(options);
  if (!*GetParam().message) {
    EXPECT_NE(train(options).find("step 12/12"), std::string::npos);
    return;
  }
  std::string message = errorOf([&] { train(options); });
  EXPECT_NE(message.find(std::string("step-000010: ") + GetParam().message), std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(
    Options, ChangedRun,
    testing::Values(
        Change{"steps", [](TrainOptions &) {}, ""},
        Change{"saving", [](TrainOptions &options) { options.save_every = 1; }, ""},
        Change{"logging", [](TrainOptions &options) { options.log.clear(); }, ""},
        Change{"seed", [](TrainOptions &options) { options.input.seed = 5; },
               "--seed: the checkpoint was written with 1234, this run has 5"},
        Change{"accumulation", [](TrainOptions &options) { options.grad_accumulation = 3; },
               "--grad-accumulation"},
        Change{"lr", [](TrainOptions &options) { options.optimizer.lr = 1; }, "--lr"},
        Change{"betas", [](TrainOptions &options) { options.optimizer.beta2 = 0.5; }, "--betas"},
        Change{"schedule",
               [](TrainOptions &options) { options.optimizer.schedule = Schedule::constant; },
               "--schedule"},
        Change{"data",
               [](TrainOptions &options) {
                 options.input.built_in_text = options.input.built_in_text.substr(1);
               },
               "--data (SHA-256)"}),
    [](const auto &test) { return std::string(test.param.name); });

/// A run with a table of tuned products, or without one.
class TunedRun : public Checkpoints {
protected:
  std::string trainWith(const ProductTable *table, const TrainOptions &options) const {
    std::ostringstream out;
    RunLog log(out, RunLog::Style::plain);
    runTraining(bigramPlan(shape), {.device = "host", .threads = 1, .tunedProducts = table},
                options, log);
    return out.str();
  }

  static ProductTable table(const std::string &algorithm) {
    ProductTable made("a GPU", "1");
    made.add({spec::Gemm{1, 1, 1, false, false, 1, 1, 1}, 64, algorithm});
    return made;
  }
};

TEST_F(TunedRun, resumesUnderTheSameTableOnly) {
  const ProductTable first = table("00"), same = table("00"), other = table("01");
  TrainOptions options = someOptions();
  trainWith(&first, options);
  options.resume = options.save;
  options.steps = 12;
  for (const ProductTable *wrong : {&other, static_cast<const ProductTable *>(nullptr)}) {
    const std::string message = errorOf([&] { trainWith(wrong, options); });
    EXPECT_NE(message.find("step-000010: --tune (SHA-256): the checkpoint was written with \"" +
                           first.sha256() + "\", this run has "),
              std::string::npos)
        << message;
  }
  EXPECT_NE(trainWith(&same, options).find("step 12/12"), std::string::npos);
}

TEST_F(TunedRun, resumesUnderAnotherTableIfAskedTo) {
  const ProductTable first = table("00"), other = table("01");
  TrainOptions options = someOptions();
  trainWith(&first, options);
  options.resume = options.save;
  options.steps = 12;
  options.ignore_tune = true;
  EXPECT_NE(trainWith(&other, options).find("step 12/12"), std::string::npos);
  // From then on the other table is the one.
  options.steps = 14;
  options.ignore_tune = false;
  EXPECT_NE(errorOf([&] { trainWith(&first, options); }).find("--tune"), std::string::npos);
  EXPECT_NE(trainWith(&other, options).find("step 14/14"), std::string::npos);
}

} // namespace
} // namespace step37::test
