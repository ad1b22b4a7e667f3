// What the tests of runtime/train share: a scratch directory, bigram weights on disk, and runs
// whose output is text.
#pragma once

#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/train/Options.h"
#include "runtime/train/Run.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/BigramPlan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace step37::test {

namespace fs = std::filesystem;

/// A directory of its own that goes with the test.
class ScratchDirectory {
public:
  ScratchDirectory() {
    std::string pattern = (fs::temp_directory_path() / "step37-train-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  ScratchDirectory(const ScratchDirectory &) = delete;
  ScratchDirectory &operator=(const ScratchDirectory &) = delete;

  fs::path operator/(const std::string &name) const { return directory / name; }

private:
  fs::path directory;
};

/// The message of the Error that `call` throws.
template <class Call> std::string errorOf(Call call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

inline std::string fileText(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void writeText(const fs::path &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A safetensors file written in one go.
class TensorFile {
public:
  template <class T>
  TensorFile &add(const std::string &name, DType type, std::vector<int64_t> shape,
                  const std::vector<T> &values) {
    specs.push_back({name, type, std::move(shape)});
    const auto *bytes = reinterpret_cast<const std::byte *>(values.data());
    contents.emplace_back(bytes, bytes + values.size() * sizeof(T));
    return *this;
  }
  void write(const fs::path &path) const {
    safetensors::Writer writer(path, specs);
    for (size_t i = 0; i < specs.size(); ++i)
      writer.write(specs[i].name, contents[i]);
    writer.commit();
  }

private:
  std::vector<safetensors::TensorSpec> specs;
  std::vector<std::vector<std::byte>> contents;
};

inline std::vector<float> floatsOf(const safetensors::File &file, const std::string &name) {
  std::span<const std::byte> bytes = file.bytes(file.at(name));
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// |a − b| / |b|.
inline double relativeError(const std::vector<float> &a, const std::vector<double> &b) {
  double difference = 0, size = 0;
  EXPECT_EQ(a.size(), b.size());
  for (size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

/// A bigram model with values in [-1, 1) that f32 and its files hold exactly.
inline BigramModel someBigramModel(const BigramShape &shape) {
  BigramModel model{shape.vocab, shape.width, {}, {}};
  uint32_t state = 7;
  auto next = [&] {
    state = state * 1664525 + 1013904223;
    return static_cast<double>(state >> 12) / (1 << 19) - 1;
  };
  for (int64_t i = 0; i < shape.vocab * shape.width; ++i)
    model.embed.push_back(next());
  for (int64_t i = 0; i < shape.vocab * shape.width; ++i)
    model.head.push_back(next());
  return model;
}

/// Writes the model as a Hugging Face directory of F32 tensors.
inline void writeWeights(const BigramModel &model, const fs::path &directory) {
  fs::create_directories(directory);
  std::vector<float> embed(model.embed.begin(), model.embed.end());
  std::vector<float> head(model.head.begin(), model.head.end());
  TensorFile()
      .add("model.embed_tokens.weight", DType::f32, {model.vocab, model.width}, embed)
      .add("lm_head.weight", DType::f32, {model.vocab, model.width}, head)
      .write(directory / "model.safetensors");
}

/// Token ids below `vocab`, with some structure to learn.
inline std::vector<int32_t> someIds(int64_t count, int64_t vocab) {
  std::vector<int32_t> ids;
  uint32_t state = 3;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    ids.push_back(static_cast<int32_t>((state >> 16) % 3 == 0 ? (i * 5) % vocab : i % 7));
  }
  return ids;
}

/// A text of bytes below the bigram plan's vocabulary.
inline std::string someText(int64_t length, int64_t vocab) {
  std::string text;
  for (int32_t id : someIds(length, vocab))
    text.push_back(static_cast<char>(id));
  return text;
}

/// Runs the training and returns what it printed.
inline std::string trainQuietly(const plan::Plan &plan, const TrainOptions &options,
                                int threads = 1) {
  std::ostringstream out;
  RunLog log(out, RunLog::Style::plain);
  runTraining(plan, {.device = "host", .threads = threads}, options, log);
  return out.str();
}

} // namespace step37::test
