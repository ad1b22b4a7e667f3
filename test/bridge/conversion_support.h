// What the tests of import and export share: the golden checkpoint, conversions of it, and files of
// ranks as floats.
#pragma once

#include "bridge/Compare.h"
#include "bridge/Conversion.h"
#include "bridge/HfWeights.h"
#include "bridge/RankManifest.h"
#include "bridge/RankWeights.h"
#include "runtime/base/AtomicFile.h"
#include "test/bridge/bridge_support.h"

#include <fstream>
#include <iterator>
#include <map>

namespace step37::test {

namespace fs = std::filesystem;

inline fs::path goldenDirectory() { return fs::path(STEP37_TEST_DATA) / "step37-tiny"; }

inline TensorMap mapOf(const fs::path &directory) {
  return TensorMap(loadModelConfig(directory).config);
}

inline std::string textOf(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline plan::Mesh mesh(int64_t tp, int64_t ep = 1, int64_t etp = 1) {
  return {.tp = tp, .ep = ep, .etp = etp};
}

/// Import or export between directories, with the config that the source has.
inline ConversionSummary toRanks(const fs::path &from, const fs::path &to, RankSelection selection,
                                 ConversionOptions options = {.threads = 2}) {
  const auto source = openWeights(from);
  return writeRanks(*source, mapOf(source->companions()), selection, to, options);
}
inline ConversionSummary toPublished(const fs::path &from, const fs::path &to,
                                     int64_t shardBytes = defaultShardBytes,
                                     ConversionOptions options = {.threads = 2}) {
  const auto source = openWeights(from);
  return exportPublished(*source, mapOf(source->companions()), shardBytes, to, options);
}

/// The lines of `step37c verify`.
inline std::vector<std::string> differences(const fs::path &a, const fs::path &b) {
  return compareWeights(*openWeights(a), *openWeights(b), {.threads = 2}).differences;
}

/// A scratch directory, and golden checkpoints with changes in it.
class ConversionTest : public ::testing::Test {
protected:
  fs::path path(const char *name) const { return scratch.path() / name; }

  /// The golden checkpoint with some tensors changed, as one file with its config.
  fs::path changedGolden(const std::function<void(std::map<std::string, Values> &)> &change) {
    const safetensors::File golden(goldenDirectory() / "model.safetensors");
    std::map<std::string, Values> tensors;
    for (const safetensors::Tensor &tensor : golden.tensors())
      tensors[tensor.name] = {tensor.name, tensor.shape,
                              toFloats(golden.bytes(tensor), golden.type(tensor)),
                              golden.type(tensor)};
    change(tensors);
    std::vector<Values> list;
    for (auto &[name, tensor] : tensors)
      list.push_back(std::move(tensor));
    fs::remove_all(path("changed"));
    fs::create_directory(path("changed"));
    fs::copy_file(goldenDirectory() / "config.json", path("changed") / "config.json");
    writeShard(path("changed") / "model.safetensors", list);
    return path("changed");
  }

  Scratch scratch;
};

/// A matrix [rows, columns] or a stack of them, row-major.
struct Matrix {
  std::vector<int64_t> shape;
  std::vector<float> values;

  int64_t columns() const { return shape.back(); }
  int64_t rows() const { return static_cast<int64_t>(values.size()) / columns(); }
  Matrix slice(int64_t first, int64_t count) const {
    const auto begin = values.begin() + first * columns();
    return {{count, columns()}, {begin, begin + count * columns()}};
  }
};

inline Matrix readMatrix(const safetensors::File &file, const std::string &name) {
  const safetensors::Tensor &tensor = file.at(name);
  return {tensor.shape, toFloats(file.bytes(tensor), file.type(tensor))};
}

/// w·x.
inline std::vector<float> product(const Matrix &w, const std::vector<float> &x) {
  std::vector<float> y(static_cast<size_t>(w.rows()));
  for (size_t row = 0; row < y.size(); ++row) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i)
      sum += double(w.values[row * x.size() + i]) * double(x[i]);
    y[row] = static_cast<float>(sum);
  }
  return y;
}

inline void expectNear(const std::vector<float> &a, const std::vector<float> &b,
                       const std::string &what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], 1e-5) << what << ", element " << i;
}

} // namespace step37::test
