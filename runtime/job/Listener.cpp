// What a thread of each process does while the program runs: it reads all connections all the time,
// so that the end of another rank is heard whatever the program is busy with, and answers what this
// rank is doing. Rank 0's ends the job.
#include "runtime/job/Job.h"
#include "runtime/job/RankList.h"

#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace step37::job {

namespace {

using Clock = std::chrono::steady_clock;

/// How often the listener looks up from its connections.
constexpr int attentionMs = 50;
/// Within it ranks that live say what they were doing.
constexpr std::chrono::milliseconds lastWords{1000};
/// A frame that has begun is there by then.
constexpr std::chrono::seconds frameTime{60};

/// The program may be waiting for a device that will never answer: it is not asked.
[[noreturn]] void leave() {
  std::fflush(nullptr);
  std::_Exit(1);
}

} // namespace

void Job::listen() {
  while (!stopping) {
    readPeers();
    checkWait();
    std::optional<std::string> own;
    {
      std::lock_guard lock(mutex);
      own = failure;
    }
    if (own)
      return endAll("");
  }
}

/// Ends the job where this rank has waited for too long; it leaves when rank 0 says so.
void Job::checkWait() {
  std::string what;
  {
    std::lock_guard lock(mutex);
    if (!waiting || Clock::now() < waiting->first)
      return;
    what = std::move(waiting->second);
    waiting.reset();
  }
  std::fprintf(stderr, "rank %d: %s\n", rank(), what.c_str());
  if (isRoot())
    endAll("");
  else
    send(0, FrameKind::failure, what);
}

/// Waits a moment for frames and deals with those that come.
void Job::readPeers() {
  std::vector<pollfd> entries;
  std::vector<int> ranks;
  forEachPeer([&](int from, const Peer &peer) {
    if (peer.gone)
      return;
    entries.push_back({peer.socket.handle(), POLLIN, 0});
    ranks.push_back(from);
  });
  if (::poll(entries.data(), entries.size(), attentionMs) <= 0)
    return;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].revents == 0)
      continue;
    Frame frame;
    if (receiveFrame(peers[static_cast<size_t>(ranks[i])]->socket, frame, Clock::now() + frameTime))
      handle(ranks[i], std::move(frame));
    else
      lose(ranks[i]);
  }
}

void Job::handle(int from, Frame frame) {
  Peer &peer = *peers[static_cast<size_t>(from)];
  std::unique_lock lock(mutex);
  switch (frame.kind) {
  case FrameKind::data:
    peer.inbox.push_back(std::move(frame));
    break;
  case FrameKind::goodbye:
    peer.saidGoodbye = true;
    break;
  case FrameKind::answer:
    answers[static_cast<size_t>(from)] = std::move(frame.label);
    break;
  case FrameKind::question:
    return send(0, FrameKind::answer, activity());
  case FrameKind::failure:
    lock.unlock();
    return endAll("rank " + std::to_string(from) + " has failed");
  case FrameKind::stop:
    stopping = true;
    if (!over)
      leave();
    break;
  default:
    break; // a greeting at the wrong time
  }
  changed.notify_all();
}

void Job::lose(int from) {
  {
    std::lock_guard lock(mutex);
    Peer &peer = *peers[static_cast<size_t>(from)];
    peer.gone = true;
    if (peer.saidGoodbye || stopping)
      return;
  }
  const std::string who = "rank " + std::to_string(from) + " is gone without a word";
  if (isRoot())
    return endAll(who + ": was it killed?");
  stopping = true;
  if (over)
    return;
  if (rank() == 1) // one of them is enough
    std::fprintf(stderr, "rank 1: %s: was it killed?\n", who.c_str());
  leave();
}

/// What every rank was doing, those that did the same together.
std::string Job::activities() {
  answers.assign(peers.size(), "");
  forEachPeer([&](int to, const Peer &peer) {
    if (!peer.gone)
      send(to, FrameKind::question, "");
  });
  const auto waiting = [&] {
    bool any = false;
    forEachPeer([&](int from, const Peer &peer) {
      any = any || (!peer.gone && answers[static_cast<size_t>(from)].empty());
    });
    return any;
  };
  for (const Deadline deadline = Clock::now() + lastWords; waiting() && Clock::now() < deadline;)
    readPeers();
  {
    std::lock_guard lock(mutex);
    answers[0] = activity();
  }
  std::map<std::string, std::vector<int>> ranksOf;
  for (size_t rank = 0; rank < answers.size(); ++rank)
    ranksOf[answers[rank].empty() ? "silent" : answers[rank]].push_back(static_cast<int>(rank));
  std::string text;
  for (const auto &[doing, ranks] : ranksOf)
    text += (text.empty() ? "" : "; ") + rankList(ranks) + ": " + doing;
  return text;
}

/// Rank 0: ends the job on all ranks. `reason` is empty where this rank has said it.
void Job::endAll(const std::string &reason) {
  if (stopping.exchange(true))
    return; // another rank fails while the job is being ended
  const std::string doing = activities();
  std::fprintf(stderr, "rank 0: %s%sthe job ends. What ranks were doing: %s\n", reason.c_str(),
               reason.empty() ? "" : "; ", doing.c_str());
  forEachPeer([&](int to, const Peer &peer) {
    if (!peer.gone)
      send(to, FrameKind::stop, "");
  });
  if (!over)
    leave();
}

} // namespace step37::job
