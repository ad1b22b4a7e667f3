// A fixed head, the label, the bytes; see Frame.h. All machines of a job have the same byte order.
#include "runtime/job/Frame.h"

#include <cstring>

namespace step37::job {

namespace {

constexpr uint32_t magic = 0x37533350; // another program at this port is told from a rank

struct Head {
  uint32_t start = magic;
  uint32_t kind = 0;
  int32_t rank = 0;
  uint32_t labelBytes = 0;
  uint64_t bytes = 0;
};

constexpr uint32_t longestLabel = 1 << 16;
constexpr uint64_t mostBytes = uint64_t{1} << 32;

} // namespace

bool sendFrame(const Socket &socket, const Frame &frame) {
  const std::string label = frame.label.substr(0, longestLabel);
  const Head head{magic, static_cast<uint32_t>(frame.kind), frame.rank,
                  static_cast<uint32_t>(label.size()), frame.bytes.size()};
  Bytes begin(sizeof head + label.size()); // in one packet
  std::memcpy(begin.data(), &head, sizeof head);
  std::memcpy(begin.data() + sizeof head, label.data(), label.size());
  return socket.send(begin) && socket.send(frame.bytes);
}

bool receiveFrame(const Socket &socket, Frame &frame, Deadline deadline) {
  Head head;
  if (!socket.receive(std::as_writable_bytes(std::span(&head, 1)), deadline) ||
      head.start != magic || head.labelBytes > longestLabel || head.bytes > mostBytes)
    return false;
  frame.kind = static_cast<FrameKind>(head.kind);
  frame.rank = head.rank;
  frame.label.resize(head.labelBytes);
  frame.bytes.resize(head.bytes);
  return socket.receive(std::as_writable_bytes(std::span(frame.label)), deadline) &&
         socket.receive(frame.bytes, deadline);
}

} // namespace step37::job
