#include "codegen/report/MemoryReport.h"

#include "codegen/report/PathPattern.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace step37::report {

using plan::Buffer;
using plan::BufferClass;
using plan::BufferKind;
using plan::Target;

namespace {

int64_t &of(BytesByKind &bytes, BufferKind kind) { return bytes[static_cast<size_t>(kind)]; }

int64_t sum(const BytesByKind &bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t(0));
}

bool livesAt(const Buffer &buffer, int program, int step) {
  return buffer.cls == BufferClass::temporary && buffer.program == program &&
         buffer.first_step <= step && step <= buffer.last_step;
}

ProgramPeak programPeak(const Target &target, int program) {
  // Bytes that begin, less those that have ended, at each step.
  std::vector<int64_t> change(target.programs[static_cast<size_t>(program)].steps.size() + 1);
  ProgramPeak peak;
  for (const Buffer &buffer : target.buffers) {
    if (buffer.cls != BufferClass::temporary || buffer.program != program)
      continue;
    change[static_cast<size_t>(buffer.first_step)] += buffer.bytes();
    change[static_cast<size_t>(buffer.last_step) + 1] -= buffer.bytes();
    peak.end = std::max(peak.end, buffer.offset + buffer.bytes());
  }
  int64_t live = 0;
  for (size_t step = 0; step + 1 < change.size(); ++step) {
    live += change[step];
    if (live > peak.live_bytes) {
      peak.live_bytes = live;
      peak.step = static_cast<int>(step);
    }
  }
  return peak;
}

} // namespace

int64_t MemoryReport::lastingBytes() const { return sum(lasting); }

int64_t MemoryReport::bytes(BufferKind kind) const {
  return lasting[static_cast<size_t>(kind)] + temporary[static_cast<size_t>(kind)];
}

MemoryReport memoryReport(const Target &target) {
  MemoryReport report;
  for (const Buffer &buffer : target.buffers)
    if (buffer.cls != BufferClass::temporary)
      of(report.lasting, buffer.kind) += buffer.bytes();

  for (int program = 0; program < static_cast<int>(target.programs.size()); ++program) {
    const ProgramPeak &peak = report.programs.emplace_back(programPeak(target, program));
    const int64_t farthest =
        report.peak_program < 0 ? 0 : report.programs[static_cast<size_t>(report.peak_program)].end;
    if (peak.end > farthest)
      report.peak_program = program;
  }
  if (report.peak_program >= 0) {
    const int step = report.programs[static_cast<size_t>(report.peak_program)].step;
    for (const Buffer &buffer : target.buffers)
      if (livesAt(buffer, report.peak_program, step))
        of(report.temporary, buffer.kind) += buffer.bytes();
  }
  report.gaps = target.arena_bytes - sum(report.lasting) - sum(report.temporary);
  return report;
}

std::vector<int> liveTemporaries(const Target &target, int program, int step) {
  std::vector<int> live;
  for (int index = 0; index < static_cast<int>(target.buffers.size()); ++index)
    if (livesAt(target.buffers[static_cast<size_t>(index)], program, step))
      live.push_back(index);
  std::sort(live.begin(), live.end(), [&](int a, int b) {
    const int64_t first = target.buffers[static_cast<size_t>(a)].bytes(),
                  second = target.buffers[static_cast<size_t>(b)].bytes();
    return first != second ? first > second : a < b;
  });
  return live;
}

const plan::Step &writer(const Target &target, const Buffer &temporary) {
  return target.programs[static_cast<size_t>(temporary.program)]
      .steps[static_cast<size_t>(temporary.first_step)];
}

std::vector<BufferGroup> groupedTemporaries(const Target &target,
                                            const std::vector<int> &temporaries) {
  using Key = std::tuple<BufferKind, DType, std::vector<int64_t>, std::string, std::string>;
  std::map<Key, BufferGroup> groups;
  for (const int index : temporaries) {
    const Buffer &buffer = target.buffers[static_cast<size_t>(index)];
    const plan::Step &step = writer(target, buffer);
    const std::string origin = withoutNumbers(step.origin);
    const std::string &family = target.kernels[static_cast<size_t>(step.kernel)].family;
    BufferGroup &group =
        groups
            .try_emplace({buffer.kind, buffer.type, buffer.shape, origin, family},
                         BufferGroup{buffer.kind, buffer.type, buffer.shape, origin, family})
            .first->second;
    group.count += 1;
    group.bytes += buffer.bytes();
  }
  std::vector<BufferGroup> result;
  for (auto &[key, group] : groups)
    result.push_back(std::move(group));
  std::sort(result.begin(), result.end(), [](const BufferGroup &a, const BufferGroup &b) {
    return std::tie(b.bytes, a.origin, a.family, a.kind, a.type, a.shape) <
           std::tie(a.bytes, b.origin, b.family, b.kind, b.type, b.shape);
  });
  return result;
}

std::vector<LastingGroup> lastingGroups(const Target &target) {
  std::map<std::tuple<BufferKind, BufferClass, DType>, LastingGroup> groups;
  for (const Buffer &buffer : target.buffers) {
    if (buffer.cls == BufferClass::temporary)
      continue;
    LastingGroup &group = groups
                              .try_emplace({buffer.kind, buffer.cls, buffer.type},
                                           LastingGroup{buffer.kind, buffer.cls, buffer.type})
                              .first->second;
    group.count += 1;
    group.bytes += buffer.bytes();
  }
  std::vector<LastingGroup> result;
  for (const auto &[key, group] : groups)
    result.push_back(group);
  return result;
}

} // namespace step37::report
