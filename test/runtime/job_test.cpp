// Jobs of sixteen real processes on this machine: they exchange, and one of them fails in every way
// there is. And what launchers say in the environment.
#include "runtime/base/Error.h"
#include "runtime/job/Job.h"
#include "runtime/job/RankList.h"
#include "test/runtime/ChildProcess.h"
#include "test/runtime/FileTestSupport.h"

#include <chrono>
#include <cstdlib>
#include <map>

namespace step37::test {
namespace {

using Clock = std::chrono::steady_clock;

class Jobs : public testing::Test {
protected:
  struct Outcome {
    int code;
    std::string out, err;
    double seconds;
  };

  Outcome run(const std::vector<std::string> &arguments) const {
    const auto began = Clock::now();
    ChildProcess process(JOB_RANK, arguments, dir / "out");
    const int code = process.wait();
    const std::chrono::duration<double> seconds = Clock::now() - began;
    return {code, process.stdoutText(), process.stderrText(), seconds.count()};
  }
  Outcome launch(const std::vector<std::string> &mode) const {
    std::vector<std::string> arguments{"--ranks", "16"};
    arguments.insert(arguments.end(), mode.begin(), mode.end());
    return run(arguments);
  }

  /// The first line of what was said, which is that of the rank at fault, and a line of rank 0.
  static void expectLines(const Outcome &outcome, const std::string &first,
                          const std::vector<std::string> &rootWords) {
    EXPECT_EQ(outcome.err.substr(0, outcome.err.find('\n')), first);
    const size_t root = outcome.err.find("rank 0: ");
    ASSERT_NE(root, std::string::npos) << outcome.err;
    for (const std::string &words : rootWords)
      EXPECT_NE(outcome.err.find(words, root), std::string::npos) << words << " <> " << outcome.err;
  }

  TempDir dir;
};

TEST_F(Jobs, SixteenRanksExchange) {
  const Outcome outcome = launch({"work"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "16 ranks worked\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Jobs, OneRankNeedsNobody) {
  const Outcome outcome = run({"--ranks", "1", "work"});
  EXPECT_EQ(outcome.out, "1 ranks worked\n") << outcome.err;
}

TEST_F(Jobs, ARankThatThrowsEndsTheJobWithItsMessageFirst) {
  for (const char *rank : {"5", "0"}) {
    const Outcome outcome = launch({"throw", rank});
    EXPECT_EQ(outcome.code, 1);
    expectLines(outcome, std::string("rank ") + rank + ": model.layers.3: no such tensor",
                {"the job ends. What ranks were doing: ", ": after round 2"});
    EXPECT_EQ(outcome.out, "");
    EXPECT_LT(outcome.seconds, 15);
  }
}

TEST_F(Jobs, AKilledRankIsMissed) {
  const Outcome outcome = launch({"kill", "7"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(outcome.err.starts_with("rank 0: rank 7 is gone without a word: was it killed?; the "
                                      "job ends. What ranks were doing: "))
      << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "rank 7: silent")) << outcome.err;
  EXPECT_LT(outcome.seconds, 15);
}

TEST_F(Jobs, AKilledRankZeroIsMissed) {
  const Outcome outcome = launch({"kill", "0"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_EQ(outcome.err, "rank 1: rank 0 is gone without a word: was it killed?\n");
  EXPECT_LT(outcome.seconds, 15);
}

TEST_F(Jobs, AHangEndsWithWhatRanksWereDoing) {
  const Outcome outcome = launch({"hang", "3"});
  EXPECT_EQ(outcome.code, 1);
  expectLines(outcome, "rank 0: waited 2 s at 'round 3' for rank 3",
              {"rank 3: all_reduce over tp of model.layers.3", "ranks 0-2, 4-15: after round 2"});
  EXPECT_LT(outcome.seconds, 20);
}

/// All but one wait for their device, which waits for the one that is not there.
TEST_F(Jobs, AWaitThatNeverReturnsEnds) {
  const Outcome outcome = launch({"device", "3"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "rank 0: waited 2 s for the GPU\n"
                         "rank 0: the job ends. What ranks were doing: ranks 0-2, 4-15: all_reduce "
                         "3; rank 3: lost\n");
  EXPECT_LT(outcome.seconds, 20);
}

TEST_F(Jobs, RanksAtDifferentPlacesAreNamed) {
  const Outcome outcome = launch({"elsewhere", "2"});
  EXPECT_EQ(outcome.code, 1);
  expectLines(outcome, "rank 0: rank 2 is at 'another place', rank 0 at 'round 3'", {});
}

TEST_F(Jobs, AnotherPlanIsRefused) {
  const Outcome outcome = launch({"stranger", "4"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "job_rank: rank 4 runs another plan than rank 0\n");
}

/// The variables that a launcher sets for processes started from here.
void setRank(int rank, int world, int port) {
  ::setenv("RANK", std::to_string(rank).c_str(), 1);
  ::setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
  ::setenv("WORLD_SIZE", std::to_string(world).c_str(), 1);
  ::setenv("MASTER_ADDR", "localhost", 1);
  ::setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
}

TEST_F(Jobs, RanksThatNeverArriveAreNamed) {
  const int port = job::Socket::listen(0).port();
  std::vector<ChildProcess> ranks;
  for (const int rank : {0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15}) {
    setRank(rank, 16, port);
    ranks.emplace_back(JOB_RANK, std::vector<std::string>{"absent"},
                       dir / ("out" + std::to_string(rank)));
  }
  for (ChildProcess &rank : ranks)
    EXPECT_EQ(rank.wait(), 1);
  EXPECT_EQ(ranks[0].stderrText(), "job_rank: ranks 3, 7 did not come to port " +
                                       std::to_string(port) + " of rank 0 in time\n");
  for (size_t i = 1; i < ranks.size(); ++i)
    EXPECT_EQ(ranks[i].stderrText(), "");
}

TEST_F(Jobs, RankZeroThatNeverArrivesIsNamed) {
  const int port = job::Socket::listen(0).port();
  setRank(3, 16, port);
  const Outcome outcome = run({"absent"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "job_rank: cannot reach rank 0 at localhost:" + std::to_string(port) +
                             ": Connection refused\n");
}

TEST_F(Jobs, APortInUseIsNamed) {
  const job::Socket taken = job::Socket::listen(0);
  setRank(0, 16, taken.port());
  const Outcome outcome = run({"work"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "job_rank: port " + std::to_string(taken.port()) +
                             " is in use: another job runs here, or choose another port\n");
}

/// Something that is no rank comes to rank 0's port; the job does not mind.
TEST_F(Jobs, StrangersAtThePortAreSentAway) {
  const int port = job::Socket::listen(0).port();
  setRank(0, 2, port);
  ChildProcess root(JOB_RANK, {"work"}, dir / "root");
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  job::Socket stranger = job::Socket::connect("localhost", port, deadline);
  const std::string text =
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n, and more than a frame's head";
  stranger.send(std::as_bytes(std::span(text)));
  setRank(1, 2, port);
  ChildProcess other(JOB_RANK, {"work"}, dir / "other");
  EXPECT_EQ(root.wait(), 0) << root.stderrText();
  EXPECT_EQ(other.wait(), 0) << other.stderrText();
  EXPECT_EQ(root.stdoutText(), "2 ranks worked\n");
}

TEST(RankList, JoinsNeighbours) {
  EXPECT_EQ(job::rankList({3}), "rank 3");
  EXPECT_EQ(job::rankList({0, 1, 2, 5}), "ranks 0-2, 5");
  EXPECT_EQ(job::rankList({1, 3, 4}), "ranks 1, 3-4");
}

using Environment = std::map<std::string, std::string>;

std::optional<job::RankEnvironment> ranksIn(const Environment &environment) {
  return job::rankEnvironment([&](const char *name) -> const char * {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

void expectRanks(const Environment &environment, int rank, int world, int local,
                 const std::string &address, const char *launcher) {
  const auto ranks = ranksIn(environment);
  ASSERT_TRUE(ranks.has_value());
  EXPECT_EQ(ranks->rank, rank);
  EXPECT_EQ(ranks->world, world);
  EXPECT_EQ(ranks->localRank, local);
  EXPECT_EQ(ranks->address, address);
  EXPECT_STREQ(ranks->launcher, launcher);
}

const Environment torchrun{{"RANK", "9"},
                           {"WORLD_SIZE", "16"},
                           {"LOCAL_RANK", "1"},
                           {"MASTER_ADDR", "node7"},
                           {"MASTER_PORT", "29500"}};
const Environment slurm{{"SLURM_PROCID", "9"},
                        {"SLURM_NTASKS", "16"},
                        {"SLURM_LOCALID", "1"},
                        {"SLURM_STEP_NODELIST", "gpu[03-05,9]"},
                        {"SLURM_JOB_ID", "4711"}};
const Environment openMpi{{"OMPI_COMM_WORLD_RANK", "3"},
                          {"OMPI_COMM_WORLD_SIZE", "8"},
                          {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                          {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"},
                          {"PMIX_NAMESPACE", "prterun-1"}};

Environment with(Environment environment, const std::string &name, const std::string &value) {
  environment[name] = value;
  return environment;
}

TEST(RankEnvironment, Launchers) {
  EXPECT_FALSE(ranksIn({}).has_value());
  EXPECT_FALSE(ranksIn({{"SLURM_PROCID", "0"}}).has_value()); // a batch script, not a step
  expectRanks(torchrun, 9, 16, 1, "node7", "torchrun");
  EXPECT_EQ(ranksIn(torchrun)->port, 29500);
  expectRanks(slurm, 9, 16, 1, "gpu03", "srun");
  expectRanks(with(slurm, "MASTER_ADDR", "node7"), 9, 16, 1, "node7", "srun");
  expectRanks(openMpi, 3, 8, 3, "127.0.0.1", "mpirun");
  const Environment spread = with(openMpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "4");
  expectRanks(with(spread, "MASTER_ADDR", "node7"), 3, 8, 3, "node7", "mpirun");
  // The port follows from the job: the same on all its ranks, another one for another job.
  EXPECT_EQ(ranksIn(slurm)->port, ranksIn(with(slurm, "SLURM_PROCID", "2"))->port);
  EXPECT_NE(ranksIn(slurm)->port, ranksIn(with(slurm, "SLURM_JOB_ID", "4712"))->port);
  EXPECT_EQ(ranksIn(with(slurm, "MASTER_PORT", "1234"))->port, 1234);
}

TEST(RankEnvironment, WhatIsMissingOrMakesNoSense) {
  const auto errorWith = [](const Environment &environment) {
    return errorOf([&] { ranksIn(environment); });
  };
  const std::string start = "torchrun has started this process, but its variable ";
  EXPECT_EQ(errorWith({{"RANK", "1"}}), start + "WORLD_SIZE is not set");
  EXPECT_EQ(errorWith(with(torchrun, "RANK", "16")),
            start + "RANK is '16', expected a number from 0 to 15");
  EXPECT_EQ(errorWith(with(torchrun, "MASTER_PORT", "29500x")),
            start + "MASTER_PORT is '29500x', expected a number from 1 to 65535");
  EXPECT_TRUE(contains(errorWith(with(openMpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "4")),
                       "give the address of rank 0 with -x MASTER_ADDR=HOST"));
}

TEST(RankEnvironment, FirstHostOfANodeList) {
  EXPECT_EQ(job::firstHost("node7"), "node7");
  EXPECT_EQ(job::firstHost("node7,node8"), "node7");
  EXPECT_EQ(job::firstHost("gpu[03-05,9],node1"), "gpu03");
  EXPECT_EQ(job::firstHost("gpu[12,14]-ib.local,node1"), "gpu12-ib.local");
  EXPECT_EQ(errorOf([] { job::firstHost("gpu[12"); }), "'gpu[12' is no list of nodes");
}

} // namespace
} // namespace step37::test
