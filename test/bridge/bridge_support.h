// What the bridge's tests share: a scratch directory, safetensors files in it, and messages of
// errors.
#pragma once

#include "runtime/base/Error.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/base/Safetensors.h"
#include "runtime/plan/Plan.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

namespace step37::test {

/// A directory that is empty at first and gone at the end.
class Scratch {
public:
  Scratch() {
    const auto *info = ::testing::UnitTest::GetInstance()->current_test_info();
    root = std::filesystem::temp_directory_path() /
           (std::string("step37-") + info->test_suite_name() + "-" + info->name() + "-" +
            std::to_string(::getpid()));
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root);
  }
  ~Scratch() { std::filesystem::remove_all(root); }

  const std::filesystem::path &path() const { return root; }
  operator std::filesystem::path() const { return root; }

private:
  std::filesystem::path root;
};

/// A tensor with its values; they are stored in `type`.
struct Values {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
  DType type = DType::f32;
};

/// A tensor of the numbers start, start + 1, … .
inline Values counting(std::string name, std::vector<int64_t> shape, float start = 0,
                       DType type = DType::f32) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  std::vector<float> values(static_cast<size_t>(elements));
  std::iota(values.begin(), values.end(), start);
  return {std::move(name), std::move(shape), std::move(values), type};
}

inline std::vector<std::byte> toBytes(const std::vector<float> &values, DType type) {
  std::vector<std::byte> bytes(values.size() * static_cast<size_t>(byteSize(type)));
  convertFloats(values, type, bytes);
  return bytes;
}

inline std::vector<float> toFloats(std::span<const std::byte> bytes, DType type) {
  std::vector<float> values(bytes.size() / static_cast<size_t>(byteSize(type)));
  convertFloats(type, bytes, values);
  return values;
}

inline void writeShard(const std::filesystem::path &path, const std::vector<Values> &tensors) {
  std::vector<safetensors::TensorSpec> specs;
  for (const Values &tensor : tensors)
    specs.push_back({tensor.name, tensor.type, tensor.shape});
  safetensors::Writer writer(path, specs);
  for (const Values &tensor : tensors) {
    if (isFloat(tensor.type))
      writer.write(tensor.name, toBytes(tensor.values, tensor.type));
    else
      writer.write(tensor.name, std::vector<std::byte>(tensor.values.size() *
                                                       static_cast<size_t>(byteSize(tensor.type))));
  }
  writer.commit();
}

/// Runs `action`, which must throw an Error whose message has all of `parts`.
inline void expectError(const std::function<void()> &action,
                        const std::vector<std::string> &parts) {
  try {
    action();
  } catch (const Error &error) {
    const std::string message = error.what();
    for (const std::string &part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << part << " <> " << message;
    return;
  }
  ADD_FAILURE() << "no error";
}

} // namespace step37::test
