// Exchange between ranks, and this rank's own end; see Job.h. How ranks meet is Rendezvous.cpp, how
// the end of another one is heard Listener.cpp.
#include "runtime/job/Job.h"

#include "runtime/base/Error.h"
#include "runtime/job/RankList.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace step37::job {

namespace {

using Clock = std::chrono::steady_clock;

/// So much longer than rank 0, which knows who is missing, do other ranks wait.
constexpr std::chrono::seconds patience{5};

/// Several ranks' bytes as one: each behind its size.
Bytes packed(const std::vector<Bytes> &parts) {
  Bytes whole;
  for (const Bytes &part : parts) {
    const uint64_t size = part.size();
    const auto *head = reinterpret_cast<const std::byte *>(&size);
    whole.insert(whole.end(), head, head + sizeof size);
    whole.insert(whole.end(), part.begin(), part.end());
  }
  return whole;
}

std::vector<Bytes> unpacked(const Bytes &whole) {
  std::vector<Bytes> parts;
  for (size_t at = 0; at < whole.size();) {
    uint64_t size = 0;
    std::memcpy(&size, whole.data() + at, sizeof size);
    const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(at + sizeof size);
    parts.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    at += sizeof size + size;
  }
  return parts;
}

std::string secondsText(std::chrono::milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(time.count()) / 1000);
  return text;
}

} // namespace

Job::Job(JobOptions jobOptions) : options(std::move(jobOptions)) {
  setActivity("starting");
  if (world() == 1)
    return;
  peers.resize(static_cast<size_t>(world()));
  answers.resize(peers.size());
  if (isRoot())
    welcomeAll();
  else
    visitRoot();
  listener = std::thread([this] { listen(); });
}

Job::~Job() {
  stopping = true;
  if (listener.joinable())
    listener.join();
}

void Job::setActivity(std::string text) {
  setActivity([text = std::move(text)] { return text; });
}

void Job::setActivity(std::function<std::string()> text) {
  std::lock_guard lock(mutex);
  activity = std::move(text);
}

Job::Wait::Wait(Job &job, std::string what) : job(job) {
  std::lock_guard lock(job.mutex);
  const auto longest = job.options.timeout + (job.isRoot() ? patience.zero() : patience);
  job.waiting.emplace(Clock::now() + longest,
                      "waited " + secondsText(longest) + " for " + std::move(what));
}

Job::Wait::~Wait() {
  std::lock_guard lock(job.mutex);
  job.waiting.reset();
}

void Job::send(int to, FrameKind kind, const std::string &label, Bytes bytes) {
  Peer &peer = *peers[static_cast<size_t>(to)];
  std::lock_guard lock(peer.sending);
  sendFrame(peer.socket,
            {kind, rank(), label, std::move(bytes)}); // the listener misses who is gone
}

/// The first frame of a rank's inbox, which is not empty; `mutex` is held.
Bytes Job::take(int from, const std::string &what) {
  std::deque<Frame> &inbox = peers[static_cast<size_t>(from)]->inbox;
  Frame frame = std::move(inbox.front());
  inbox.pop_front();
  if (frame.label != what)
    throw Error("rank " + std::to_string(from) + " is at '" + frame.label + "', rank " +
                std::to_string(rank()) + " at '" + what + "'");
  return std::move(frame.bytes);
}

/// Rank 0: everybody's bytes.
std::vector<Bytes> Job::collect(const std::string &what, Bytes own) {
  std::vector<int> late;
  const auto everybodyCame = [&] {
    late.clear();
    forEachPeer([&](int from, const Peer &peer) {
      if (peer.inbox.empty())
        late.push_back(from);
    });
    return late.empty();
  };
  std::unique_lock lock(mutex);
  if (!changed.wait_until(lock, Clock::now() + options.timeout, everybodyCame))
    throw Error("waited " + secondsText(options.timeout) + " at '" + what + "' for " +
                rankList(late));
  std::vector<Bytes> parts(peers.size());
  parts[0] = std::move(own);
  for (int from = 1; from < world(); ++from)
    parts[static_cast<size_t>(from)] = take(from, what);
  return parts;
}

/// Other ranks: what rank 0 says when it has everybody's bytes.
Bytes Job::answerOfRoot(const std::string &what) {
  std::unique_lock lock(mutex);
  if (!changed.wait_until(lock, Clock::now() + options.timeout + patience,
                          [&] { return !peers[0]->inbox.empty(); }))
    throw Error("waited " + secondsText(options.timeout + patience) + " at '" + what +
                "' for rank 0");
  return take(0, what);
}

std::vector<Bytes> Job::gather(const std::string &what, Bytes bytes) {
  if (world() == 1)
    return {std::move(bytes)};
  if (!isRoot()) {
    send(0, FrameKind::data, what, std::move(bytes));
    answerOfRoot(what);
    return {};
  }
  std::vector<Bytes> parts = collect(what, std::move(bytes));
  forEachPeer([&](int to, Peer &) { send(to, FrameKind::data, what); });
  return parts;
}

std::vector<Bytes> Job::exchange(const std::string &what, Bytes bytes) {
  if (world() == 1)
    return {std::move(bytes)};
  if (!isRoot()) {
    send(0, FrameKind::data, what, std::move(bytes));
    return unpacked(answerOfRoot(what));
  }
  std::vector<Bytes> parts = collect(what, std::move(bytes));
  const Bytes whole = packed(parts);
  forEachPeer([&](int to, Peer &) { send(to, FrameKind::data, what, whole); });
  return parts;
}

void Job::fail(const std::string &message) {
  std::fprintf(stderr, "rank %d: %s\n", rank(), message.c_str());
  if (world() > 1 && !over.exchange(true)) {
    if (isRoot()) {
      std::lock_guard lock(mutex);
      failure = message;
    } else {
      send(0, FrameKind::failure, message);
    }
    listener.join(); // which ends with the job
  }
  std::fflush(nullptr);
  std::_Exit(1);
}

void Job::finish() {
  if (world() == 1)
    return;
  const auto allSaidGoodbye = [&] {
    bool all = true;
    forEachPeer([&](int, const Peer &peer) { all = all && peer.saidGoodbye; });
    return all;
  };
  setActivity("done");
  if (!isRoot())
    send(0, FrameKind::goodbye, "");
  {
    std::unique_lock lock(mutex);
    if (!changed.wait_until(lock, Clock::now() + options.timeout, allSaidGoodbye))
      throw Error("waited " + secondsText(options.timeout) + " for other ranks to end");
    over = true;
  }
  if (isRoot())
    forEachPeer([&](int to, Peer &) { send(to, FrameKind::goodbye, ""); });
}

} // namespace step37::job
