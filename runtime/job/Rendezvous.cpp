// How the ranks of a job meet: all others come to rank 0 and say who they are; when everybody is
// there rank 0 welcomes them, and where one does not fit it refuses all.
#include "runtime/base/Error.h"
#include "runtime/job/Job.h"
#include "runtime/job/RankList.h"

namespace step37::job {

namespace {

using Clock = std::chrono::steady_clock;

/// A visitor says who it is at once; anything else is no rank.
constexpr std::chrono::seconds greeting{5};

} // namespace

void Job::refuseAll(const std::string &why) {
  forEachPeer([&](int to, Peer &) { send(to, FrameKind::refusal, why); });
  throw Error(why);
}

/// Takes a visitor in; one that is no rank of any job is sent away without a word.
void Job::admit(Socket socket, Deadline deadline) {
  Frame hello;
  if (!receiveFrame(socket, hello, std::min(deadline, Clock::now() + greeting)) ||
      hello.kind != FrameKind::hello)
    return;
  const std::string who = "rank " + std::to_string(hello.rank);
  if (hello.rank <= 0 || hello.rank >= world())
    refuseAll(who + " has come, but this job has ranks 0 to " + std::to_string(world() - 1));
  std::unique_ptr<Peer> &peer = peers[static_cast<size_t>(hello.rank)];
  if (peer)
    refuseAll(who + " has come twice: another job may be using port " +
              std::to_string(options.ranks.port));
  peer = std::make_unique<Peer>();
  peer->socket = std::move(socket);
  if (hello.label != options.identity)
    refuseAll(who + " runs another plan than rank 0");
}

void Job::welcomeAll() {
  const Socket door = Socket::listen(options.ranks.port);
  const Deadline deadline = Clock::now() + options.timeout;
  for (;;) {
    std::vector<int> absent;
    for (int rank = 1; rank < world(); ++rank)
      if (!peers[static_cast<size_t>(rank)])
        absent.push_back(rank);
    if (absent.empty())
      break;
    std::optional<Socket> visitor = door.accept(deadline);
    if (!visitor)
      refuseAll(rankList(absent) + " did not come to port " + std::to_string(door.port()) +
                " of rank 0 in time");
    admit(std::move(*visitor), deadline);
  }
  forEachPeer([&](int to, Peer &) { send(to, FrameKind::welcome, ""); });
}

void Job::visitRoot() {
  const Deadline deadline = Clock::now() + options.timeout;
  peers[0] = std::make_unique<Peer>();
  Socket &socket = peers[0]->socket;
  socket = Socket::connect(options.ranks.address, options.ranks.port, deadline);
  send(0, FrameKind::hello, options.identity);
  Frame answer;
  if (!receiveFrame(socket, answer, deadline + greeting) || answer.kind != FrameKind::welcome)
    throw Ended(); // rank 0 says why, or its launcher that it died
}

} // namespace step37::job
