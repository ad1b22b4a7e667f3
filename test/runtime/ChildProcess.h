// A program as a child process of a test: its exit code and what it printed, or its end by SIGKILL.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace step37::test {

class ChildProcess {
public:
  /// Starts the program; stdout and stderr go to files `output` and `output`.err.
  ChildProcess(const std::string &program, std::vector<std::string> arguments,
               const std::filesystem::path &output)
      : output(output) {
    std::vector<char *> argv{const_cast<char *>(program.c_str())};
    for (std::string &argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string out = output.string(), err = out + ".err";
    process = ::fork();
    if (process != 0)
      return;
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  /// Exit code, or 128 + signal.
  int wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void kill() { ::kill(process, SIGKILL); }

  std::string stdoutText() const { return textOf(output); }
  std::string stderrText() const { return textOf(output.string() + ".err"); }

private:
  static void redirect(const std::string &path, int descriptor) {
    ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), descriptor);
  }
  static std::string textOf(const std::filesystem::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path output;
  pid_t process = -1;
};

} // namespace step37::test
