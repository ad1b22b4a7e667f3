// TCP through the sockets of POSIX; see Socket.h.
#include "runtime/job/Socket.h"

#include "runtime/base/Error.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace step37::job {

namespace {

using Clock = std::chrono::steady_clock;

/// Milliseconds for poll until the deadline, at least 0.
int remaining(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1'000'000));
}

/// True when the socket is ready for `events`, false at the deadline.
bool waitFor(int descriptor, short events, Deadline deadline) {
  for (;;) {
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, remaining(deadline));
    if (ready > 0)
      return true;
    if (ready == 0 || errno != EINTR)
      return false;
  }
}

/// Children must not hold connections open.
int openSocket(int family) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    throw Error(std::string("cannot make a socket: ") + std::strerror(errno));
  return descriptor;
}

void sendAtOnce(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct FreeAddresses {
  void operator()(addrinfo *list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolve(const std::string &host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo *list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (status != 0)
    throw Error("there is no host " + host + ": " + ::gai_strerror(status));
  return Addresses(list);
}

} // namespace

Socket::~Socket() { close(); }

Socket::Socket(Socket &&other) noexcept : descriptor(std::exchange(other.descriptor, -1)) {}

Socket &Socket::operator=(Socket &&other) noexcept {
  std::swap(descriptor, other.descriptor);
  return *this;
}

void Socket::close() {
  if (descriptor >= 0)
    ::close(std::exchange(descriptor, -1));
}

Socket Socket::listen(int port) {
  Socket socket(openSocket(AF_INET6));
  const int on = 1, off = 0;
  ::setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket.descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  if (::bind(socket.descriptor, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
      ::listen(socket.descriptor, SOMAXCONN) != 0)
    throw Error("port " + std::to_string(port) +
                (errno == EADDRINUSE ? " is in use: another job runs here, or choose another port"
                                     : std::string(" cannot be opened: ") + std::strerror(errno)));
  return socket;
}

int Socket::port() const {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr *>(&address), &size);
  return ntohs(address.sin6_port);
}

std::optional<Socket> Socket::accept(Deadline deadline) const {
  while (waitFor(descriptor, POLLIN, deadline)) {
    const int connection = ::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0)
      continue; // gone before it was taken
    sendAtOnce(connection);
    return Socket(connection);
  }
  return std::nullopt;
}

Socket Socket::connect(const std::string &host, int port, Deadline deadline) {
  const Addresses addresses = resolve(host, port);
  int failure = ETIMEDOUT;
  do {
    for (const addrinfo *at = addresses.get(); at; at = at->ai_next) {
      Socket socket(openSocket(at->ai_family));
      if (::connect(socket.descriptor, at->ai_addr, at->ai_addrlen) == 0) {
        sendAtOnce(socket.descriptor);
        return socket;
      }
      failure = errno;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  } while (Clock::now() < deadline);
  throw Error("cannot reach rank 0 at " + host + ":" + std::to_string(port) + ": " +
              std::strerror(failure));
}

bool Socket::send(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    if (!waitFor(descriptor, POLLOUT, Clock::now() + std::chrono::minutes(1)))
      return false;
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR && errno != EAGAIN)
      return false;
    bytes = bytes.subspan(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  }
  return true;
}

bool Socket::receive(std::span<std::byte> bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    if (!waitFor(descriptor, POLLIN, deadline))
      return false;
    const ssize_t got = ::recv(descriptor, bytes.data(), bytes.size(), 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
      return false;
    bytes = bytes.subspan(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }
  return true;
}

} // namespace step37::job
