// A program that is a rank of a job, for job_test: it exchanges, and ends in the way that it is
// told. job_rank [--ranks N] MODE [RANK]
#include "runtime/base/Error.h"
#include "runtime/job/Job.h"
#include "runtime/job/Launcher.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>

using namespace step37;

namespace {

struct Part {
  std::string mode; // what happens …
  int rank = -1;    // … at this rank
  bool isMine(const job::Job &job, const char *name) const {
    return mode == name && rank == job.rank();
  }
};

/// What a rank sends in a round: more of it, and other bytes, the higher both are.
job::Bytes bytesOf(int rank, int round) {
  return job::Bytes(static_cast<size_t>(rank * 1000 + round * 10'000),
                    static_cast<std::byte>(rank * 16 + round));
}

void expectAll(const std::vector<job::Bytes> &all, int world, int round) {
  if (static_cast<int>(all.size()) != world)
    throw Error("wrong number of parts");
  for (int rank = 0; rank < world; ++rank)
    if (all[static_cast<size_t>(rank)] != bytesOf(rank, round))
      throw Error("wrong bytes of rank " + std::to_string(rank));
}

void work(job::Job &job, const Part &part) {
  constexpr int rounds = 8, fatal = 3;
  for (int round = 0; round < rounds; ++round) {
    const std::string name = "round " + std::to_string(round);
    if (round == fatal) {
      if (part.isMine(job, "throw"))
        throw Error("model.layers.3: no such tensor");
      if (part.isMine(job, "kill"))
        std::raise(SIGKILL);
      if (part.isMine(job, "hang")) {
        job.setActivity("all_reduce over tp of model.layers.3");
        std::this_thread::sleep_for(std::chrono::hours(1));
      }
      if (part.mode == "device" && part.rank != job.rank()) { // a GPU that never answers
        job.setActivity([&] { return "all_reduce " + std::to_string(round); });
        job::Job::Wait wait(job, "the GPU");
        std::this_thread::sleep_for(std::chrono::hours(1));
      }
      if (part.mode == "device") {
        job.setActivity("lost");
        std::this_thread::sleep_for(std::chrono::hours(1));
      }
      if (part.isMine(job, "elsewhere"))
        job.barrier("another place");
    }
    expectAll(job.exchange(name, bytesOf(job.rank(), round)), job.world(), round);
    const std::vector<job::Bytes> gathered = job.gather(name, bytesOf(job.rank(), round));
    if (job.isRoot())
      expectAll(gathered, job.world(), round);
    job.setActivity("after " + name);
  }
  job.finish();
  if (job.isRoot())
    std::cout << job.world() << " ranks worked\n";
}

int runRank(const Part &part) {
  const auto ranks = job::rankEnvironment([](const char *name) { return std::getenv(name); });
  job::JobOptions options{
      ranks.value(), std::chrono::seconds(part.mode == "hang" || part.mode == "device" ? 2 : 20),
      "plan"};
  if (part.mode == "absent")
    options.timeout = std::chrono::seconds(2);
  if (part.mode == "stranger" && part.rank == ranks->rank)
    options.identity = "other plan";
  job::Job job(options);
  job::failingJob(&job, [&] { work(job, part); });
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  try {
    if (arguments.at(1) == "--ranks") {
      const int count = std::stoi(arguments.at(2));
      arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
      return job::launchRanks(count, arguments, std::chrono::seconds(5));
    }
    return runRank({arguments.at(1), arguments.size() > 2 ? std::stoi(arguments[2]) : -1});
  } catch (const job::Ended &) {
    return 1;
  } catch (const std::exception &error) {
    std::cerr << "job_rank: " << error.what() << std::endl;
    return 1;
  }
}
