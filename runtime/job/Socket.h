// Stream sockets between the processes of a job: connecting with patience, whole frames, and errors
// that name the other side. What is said over them is Job.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace step37::job {

using Deadline = std::chrono::steady_clock::time_point;

/// A connection, or a place to wait for some. Moves, and closes what it holds.
class Socket {
public:
  Socket() = default;
  ~Socket();
  Socket(Socket &&other) noexcept;
  Socket &operator=(Socket &&other) noexcept;

  /// Waits for connections at a port of every address of this machine; port 0 takes a free one.
  /// Throws Error "port N is in use …".
  static Socket listen(int port);
  /// The port of a listening socket.
  int port() const;
  /// The next connection; empty at the deadline.
  std::optional<Socket> accept(Deadline deadline) const;

  /// Connects to HOST:PORT, again and again while nobody is there yet. Throws Error at the
  /// deadline, and at once where there is no such host.
  static Socket connect(const std::string &host, int port, Deadline deadline);

  /// Sends everything; false where the other side is gone. Does not wait longer than a minute for
  /// the other side to take it.
  bool send(std::span<const std::byte> bytes) const;
  /// Fills `bytes`; false where the other side is gone or silent past the deadline.
  bool receive(std::span<std::byte> bytes, Deadline deadline) const;

  bool isOpen() const { return descriptor >= 0; }
  void close();
  int handle() const { return descriptor; }

private:
  explicit Socket(int descriptor) : descriptor(descriptor) {}

  int descriptor = -1;
};

} // namespace step37::job
