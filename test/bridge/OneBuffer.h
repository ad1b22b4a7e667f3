// A rank's buffer of one parameter in memory, for tests of what moves elements into it and out.
#pragma once

#include "bridge/PartMover.h"
#include "bridge/RandomInit.h"

#include <cstring>

namespace step37::test {

class OneBuffer : public RankStore {
public:
  OneBuffer(std::span<std::byte> bytes, int rank = 0) : bytes(bytes), rank(rank) {}

  bool isHere(int index) const override { return index == rank; }
  bool isRoot() const override { return true; }
  void write(int, int, int64_t offset, std::span<const std::byte> from) override {
    std::memcpy(bytes.data() + offset, from.data(), from.size());
  }
  void collect(const std::string &,
               const std::function<void(const Read &)> &traverse) const override {
    traverse([&](int, int, int64_t offset, std::span<std::byte> to) {
      std::memcpy(to.data(), bytes.data() + offset, to.size());
    });
  }

private:
  std::span<std::byte> bytes;
  int rank;
};

inline PartPlace placeIn(std::span<const std::byte> bytes, DType type,
                         const plan::Parameter &parameter, const plan::Part &part) {
  plan::Buffer buffer;
  buffer.type = type;
  buffer.shape = {static_cast<int64_t>(bytes.size()) / byteSize(type)};
  return placeOf(parameter, part, 0, buffer, {});
}

/// Fills a parameter's buffer from a source of weights.
inline void readParameter(const WeightSource &source, const plan::Parameter &parameter, DType type,
                          std::span<std::byte> bytes) {
  OneBuffer ranks(bytes);
  for (const plan::Part &part : parameter.parts) {
    const PartPlace place = placeIn(bytes, type, parameter, part);
    writePart(ranks, {}, {&place, 1}, storedValues(*source.open(part.name, part.shape)));
  }
}

/// Fills it with random values.
inline void initializeParameter(const plan::Parameter &parameter, uint64_t seed, DType type,
                                std::span<std::byte> bytes) {
  OneBuffer ranks(bytes);
  for (const plan::Part &part : parameter.parts) {
    const PartPlace place = placeIn(bytes, type, parameter, part);
    writePart(ranks, {}, {&place, 1}, initialValues(part, seed));
  }
}

/// A published tensor out of it.
inline std::vector<std::byte> extractTensor(const plan::Parameter &parameter,
                                            const plan::Part &part, DType type,
                                            std::span<std::byte> bytes, DType tensorType) {
  std::vector<std::byte> tensor;
  readPart(OneBuffer(bytes), {}, placeIn(bytes, type, parameter, part), tensorType,
           [&](std::span<const std::byte> piece) {
             tensor.insert(tensor.end(), piece.begin(), piece.end());
           });
  return tensor;
}

} // namespace step37::test
