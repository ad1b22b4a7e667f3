// The processes of a job, a rank each, seen from one of them: who this is, exchange of small things
// through rank 0, and an end of all where one fails. A rank that fails says so with its own message
// and takes the others down; one that is killed is missed within a moment; a wait that is too long
// ends with who is missing and what every rank was doing. Bulk data between GPUs is not sent here.
// How a process learns its rank is RankEnvironment.h, who starts the processes Launcher.h.
#pragma once

#include "runtime/job/Frame.h"
#include "runtime/job/RankEnvironment.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace step37::job {

struct JobOptions {
  RankEnvironment ranks;
  std::chrono::milliseconds timeout{600'000}; // of every wait for other ranks
  std::string identity;                       // what all ranks must have alike: the plan's hash
};

/// Thrown where rank 0 has ended the job and said why: nothing is left to be said here.
struct Ended {};

class Job {
public:
  /// Meets the others: rank 0 listens at its port, the others come there. Throws Error at the
  /// timeout, naming the ranks that have not come, and where a rank comes twice or has another
  /// identity; Ended on the other ranks. A world of one meets nobody.
  explicit Job(JobOptions options);

  /// Without `finish` or `fail` before it this rank is missed by the others.
  ~Job();

  int rank() const { return options.ranks.rank; }
  int world() const { return options.ranks.world; }
  int localRank() const { return options.ranks.localRank; }
  bool isRoot() const { return rank() == 0; }

  /// The bytes of all ranks, by rank, on every rank. All ranks call it, with the same `what`: the
  /// name that messages have for it. Throws Error at the timeout, and where ranks are at different
  /// places.
  std::vector<Bytes> exchange(const std::string &what, Bytes bytes);

  /// The same on rank 0; empty elsewhere. Returns when rank 0 has them all.
  std::vector<Bytes> gather(const std::string &what, Bytes bytes);

  /// Returns when all ranks have called it.
  void barrier(const std::string &what) { gather(what, {}); }

  /// What this rank does from now on, for the message that ends a job: "all_reduce over tp of
  /// model.layers.3.mlp". A function is asked when the job ends, by another thread.
  void setActivity(std::string text);
  void setActivity(std::function<std::string()> text);

  /// While it lives this rank waits for something that other ranks have a part in; longer than the
  /// timeout ends the job, even if the wait itself never returns.
  class Wait {
  public:
    Wait(Job &job, std::string what);
    ~Wait();
    Wait(const Wait &) = delete;
    Wait &operator=(const Wait &) = delete;

  private:
    Job &job;
  };

  /// Prints why this rank failed, ends the job on all ranks, and this process with 1. Nothing is
  /// torn down: a device that waits for another rank would never let go.
  [[noreturn]] void fail(const std::string &message);

  /// All is done. Waits for the others, so that none misses one that has ended.
  void finish();

private:
  struct Peer {
    Socket socket;
    std::mutex sending; // frames of two threads do not mix
    std::deque<Frame> inbox;
    bool gone = false, saidGoodbye = false;
  };

  // Rendezvous.cpp
  void welcomeAll();
  void visitRoot();
  void admit(Socket socket, Deadline deadline);
  [[noreturn]] void refuseAll(const std::string &why);

  // Listener.cpp: what a thread does that reads all connections all the time.
  void listen();
  void checkWait();
  void readPeers();
  void handle(int from, Frame frame);
  void lose(int from);
  void endAll(const std::string &reason);
  std::string activities();

  void send(int to, FrameKind kind, const std::string &label, Bytes bytes = {});
  std::vector<Bytes> collect(const std::string &what, Bytes own);
  Bytes answerOfRoot(const std::string &what);
  Bytes take(int from, const std::string &what);
  template <class Visit> void forEachPeer(Visit visit) {
    for (size_t rank = 0; rank < peers.size(); ++rank)
      if (peers[rank])
        visit(static_cast<int>(rank), *peers[rank]);
  }

  const JobOptions options;
  std::vector<std::unique_ptr<Peer>> peers; // by rank; rank 0 has all others, others have rank 0
  std::mutex mutex;                         // of inboxes, flags, activity and answers
  std::condition_variable changed;
  std::function<std::string()> activity;
  std::optional<std::pair<Deadline, std::string>> waiting; // until when, for what
  std::vector<std::string> answers;                        // by rank, while the job is being ended
  std::optional<std::string> failure;                      // of this rank 0, for its listener
  std::atomic<bool> over = false;     // finished, or failed and said so: others may go
  std::atomic<bool> stopping = false; // the listener is to end
  std::thread listener;
};

/// Does `work`; where that throws, `job`, unless it is null, fails before what the caller holds is
/// torn down.
template <class Work> void failingJob(Job *job, Work work) {
  try {
    work();
  } catch (const std::exception &error) {
    if (job)
      job->fail(error.what());
    throw;
  }
}

} // namespace step37::job
