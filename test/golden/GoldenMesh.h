// What a probe writes, by name, and that a mesh gives what one rank gives.
#pragma once

#include "test/golden/Golden.h"

#include <map>

namespace step37::test {

using Probed = std::map<std::string, std::vector<float>>;

inline Probed probedValues(const safetensors::File &file) {
  Probed values;
  for (const safetensors::Tensor &tensor : file.tensors())
    values[tensor.name] = floatsOf(file, tensor.name);
  return values;
}

/// The mesh may have worked on the same rows several times.
inline void expectSame(Probed mesh, const Probed &one) {
  ASSERT_EQ(mesh.size(), one.size());
  for (const auto &[name, expected] : one) {
    ASSERT_EQ(mesh.count(name), 1u) << name;
    std::vector<float> repeated;
    while (repeated.size() < mesh[name].size())
      repeated.insert(repeated.end(), expected.begin(), expected.end());
    EXPECT_LE(distance(mesh[name], repeated), name.starts_with("grad.") ? 2e-5 : 1e-5) << name;
  }
}

} // namespace step37::test
