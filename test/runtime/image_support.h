// What the tests of runtime/data/image share: the golden pictures of test/data/images.
#pragma once

#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Safetensors.h"
#include "runtime/data/image/Image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace step37::test {

inline std::filesystem::path imageData(const std::string &name) {
  return std::filesystem::path(STEP37_TEST_DATA) / "images" / name;
}

inline const safetensors::File &goldenImages() {
  static const safetensors::File file(imageData("golden.safetensors"));
  return file;
}

/// A golden tensor's elements.
template <class T> std::vector<T> goldenValues(const std::string &name) {
  std::span<const std::byte> bytes = goldenImages().bytes(goldenImages().at(name));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty())
    std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// The size of a golden tensor [height, width, 3].
inline ImageSize goldenSize(const std::string &name) {
  const std::vector<int64_t> &shape = goldenImages().at(name).shape;
  return {shape[1], shape[0]};
}

inline Image goldenImage(const std::string &name) {
  Image image;
  image.size = goldenSize(name);
  image.rgb = goldenValues<uint8_t>(name);
  return image;
}

/// Largest difference of two equally long lists.
template <class A, class B> double largestDifference(const A &a, const B &b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

} // namespace step37::test
