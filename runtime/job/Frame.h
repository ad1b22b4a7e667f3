// What the processes of a job send each other: frames of a kind, a label and bytes. How they travel
// is Socket.h, what they mean Job.h.
#pragma once

#include "runtime/job/Socket.h"

#include <cstdint>
#include <string>
#include <vector>

namespace step37::job {

using Bytes = std::vector<std::byte>;

enum class FrameKind : uint8_t {
  hello,    // a rank to rank 0: label is who it is
  refusal,  // rank 0's answer where it does not fit: why
  welcome,  // rank 0's answer when everybody is there
  data,     // a rank's part of an exchange, or the whole of it
  failure,  // a rank to rank 0: what went wrong
  question, // rank 0 to all: what are you doing?
  answer,   // a rank to rank 0
  stop,     // rank 0 to all: the job is over before its end
  goodbye,  // nothing more comes from here, and all is well
};

struct Frame {
  FrameKind kind = FrameKind::data;
  int32_t rank = 0; // who sends it
  std::string label;
  Bytes bytes;
};

/// False where the other side is gone (or, receiving, silent past the deadline).
bool sendFrame(const Socket &socket, const Frame &frame);
bool receiveFrame(const Socket &socket, Frame &frame, Deadline deadline);

} // namespace step37::job
