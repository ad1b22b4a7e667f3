// fork, exec, wait; see Launcher.h.
#include "runtime/job/Launcher.h"

#include "runtime/base/Error.h"
#include "runtime/job/Socket.h"

#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace step37::job {

namespace {

using Clock = std::chrono::steady_clock;

/// In the child: becomes the rank's program, or ends with 127.
[[noreturn]] void becomeRank(int rank, int count, int port, pid_t parent,
                             const std::vector<char *> &arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127); // it was gone before it could be asked to take us along
  const auto set = [](const char *name, const std::string &value) {
    ::setenv(name, value.c_str(), 1);
  };
  set("RANK", std::to_string(rank));
  set("LOCAL_RANK", std::to_string(rank));
  set("WORLD_SIZE", std::to_string(count));
  set("MASTER_ADDR", "127.0.0.1");
  set("MASTER_PORT", std::to_string(port));
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

int exitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The processes that have been started, and the first failure among them.
class Ranks {
public:
  explicit Ranks(std::chrono::milliseconds grace) : grace(grace) {}

  void add(pid_t process) { processes.push_back(process); }

  int wait() {
    for (; !processes.empty(); std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
      std::erase_if(processes, [&](pid_t process) { return hasEnded(process); });
      if (code != 0 && Clock::now() > deadline)
        killAll();
    }
    return code;
  }

  void killAll() const {
    for (const pid_t process : processes)
      ::kill(process, SIGKILL);
  }

private:
  bool hasEnded(pid_t process) {
    int status = 0;
    if (::waitpid(process, &status, WNOHANG) != process)
      return false;
    if (code == 0 && exitCode(status) != 0) {
      code = exitCode(status);
      deadline = Clock::now() + grace;
    }
    return true;
  }

  std::chrono::milliseconds grace;
  std::vector<pid_t> processes;
  int code = 0;
  Clock::time_point deadline;
};

} // namespace

int launchRanks(int count, const std::vector<std::string> &arguments,
                std::chrono::milliseconds grace) {
  std::vector<char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(const_cast<char *>(argument.c_str()));
  pointers.push_back(nullptr);
  const int port = Socket::listen(0).port(); // free a moment ago, and the system hands out others
  const pid_t parent = ::getpid();
  Ranks ranks(grace);
  for (int rank = 0; rank < count; ++rank) {
    const pid_t process = ::fork();
    if (process == 0)
      becomeRank(rank, count, port, parent, pointers);
    if (process < 0) {
      const std::string why = std::strerror(errno);
      ranks.killAll();
      throw Error("cannot start rank " + std::to_string(rank) + ": " + why);
    }
    ranks.add(process);
  }
  return ranks.wait();
}

} // namespace step37::job
