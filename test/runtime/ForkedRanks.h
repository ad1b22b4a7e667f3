// The ranks of a job as processes that are forked from a test.
#pragma once

#include "runtime/job/RankEnvironment.h"
#include "runtime/job/Socket.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace step37::test {

/// Calls rank(environment) in each of `count` processes; every one must return 0. Not to be called
/// where this process has threads.
template <class Rank> void runForkedRanks(int count, Rank rank) {
  job::RankEnvironment environment;
  environment.world = count;
  environment.address = "127.0.0.1";
  environment.port = job::Socket::listen(0).port();
  std::vector<pid_t> processes;
  for (environment.rank = 0; environment.rank < count; ++environment.rank) {
    const pid_t process = ::fork();
    if (process == 0)
      ::_exit(rank(environment));
    processes.push_back(process);
  }
  for (const pid_t process : processes) {
    int status = 0;
    EXPECT_EQ(::waitpid(process, &status, 0), process);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

} // namespace step37::test
