// For tests that use the programs from outside, as a person would: step37c compiles, step37-run
// trains and probes. STEP37C and STEP37_RUN are the programs. Child processes, scratch directories
// and tensor files come from the tests of the runtime.
#pragma once

#include "test/runtime/ChildProcess.h"
#include "test/runtime/TrainSupport.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace step37::test {

using Arguments = std::vector<std::string>;

/// One line of a JSON log.
struct LoggedStep {
  double loss = 0, gradNorm = 0;
  std::string text; // what must be the same in every run: the line up to the speed
};

inline std::vector<LoggedStep> readLog(const fs::path &path) {
  std::vector<LoggedStep> steps;
  std::istringstream lines(fileText(path));
  for (std::string line; std::getline(lines, line);) {
    auto record = nlohmann::json::parse(line);
    steps.push_back(
        {record["loss"], record["grad_norm"], line.substr(0, line.find("\"tokens_per_s\""))});
  }
  return steps;
}

inline std::vector<std::string> textsOf(const std::vector<LoggedStep> &steps) {
  std::vector<std::string> texts;
  for (const LoggedStep &step : steps)
    texts.push_back(step.text);
  return texts;
}

/// A scratch directory and the two programs.
class Programs : public testing::Test {
protected:
  /// Runs a program to its end; its exit code. `out` and `err` are what it printed.
  int execute(const std::string &program, Arguments arguments) {
    ChildProcess child(program, std::move(arguments), scratch / "printed");
    int code = child.wait();
    out = child.stdoutText();
    err = child.stderrText();
    return code;
  }
  int compiler(Arguments arguments) { return execute(STEP37C, std::move(arguments)); }
  int runner(Arguments arguments) { return execute(STEP37_RUN, std::move(arguments)); }

  /// `step37c compile`, which must succeed; the plan's path.
  std::string compile(const fs::path &config, const std::string &name, Arguments options = {}) {
    const std::string plan = path(name);
    options.insert(options.begin(), {"compile", config.string(), "-o", plan, "--target", "host"});
    EXPECT_EQ(compiler(std::move(options)), 0) << err;
    return plan;
  }

  /// `step37-run --probe`, which must succeed; what it wrote.
  safetensors::File probe(const std::string &plan, const fs::path &weights, const fs::path &input,
                          bool grads = false) {
    Arguments options{plan,        "--probe", input, "-o", path("probed.safetensors"),
                      "--weights", weights};
    if (grads)
      options.push_back("--grads");
    EXPECT_EQ(runner(std::move(options)), 0) << err;
    return safetensors::File(scratch / "probed.safetensors");
  }

  /// `step37-run --train --log`, which must succeed; the log.
  std::vector<LoggedStep> train(const std::string &plan, Arguments options) {
    options.insert(options.begin(), {plan, "--train", "--log", path("log.jsonl")});
    EXPECT_EQ(runner(std::move(options)), 0) << err;
    return readLog(scratch / "log.jsonl");
  }

  std::string path(const std::string &name) const { return (scratch / name).string(); }

  ScratchDirectory scratch;
  std::string out, err;
};

/// The last line of what a run printed: "held-out loss X".
inline double heldOutLoss(const std::string &printed) {
  const std::string label = "held-out loss ";
  size_t last = printed.rfind('\n', printed.size() - 2) + 1;
  EXPECT_EQ(printed.substr(last, label.size()), label) << printed;
  return std::stod(printed.substr(last + label.size()));
}

} // namespace step37::test
