#include "codegen/report/MemoryReport.h"

#include "codegen/report/PathPattern.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace step37::report {

using plan::Buffer;
using plan::BufferClass;
using plan::BufferKind;
using plan::Target;

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
