// What a rank reads: exactly the bytes that are its own, of every tensor. Which those are is said
// here a second time, element by element.
#include "test/bridge/conversion_support.h"

#include <algorithm>

namespace step37::test {

/// Notes what is read of one tensor, and what the disk is asked for.
struct Touched {
  std::vector<bool> read; // of every byte
  int64_t prefetched = 0; // bytes
};

class NotingSource final : public TensorSource {
public:
  NotingSource(std::unique_ptr<TensorSource> source, Touched &touched)
      : source(std::move(source)), touched(touched) {}

  std::string label() const override { return source->label(); }
  DType type() const override { return source->type(); }
  std::string storedType() const override { return source->storedType(); }
  void read(int64_t offset, std::span<std::byte> bytes) const override {
    note(offset, std::ssize(bytes));
    source->read(offset, bytes);
  }
  std::span<const std::byte> mapped(int64_t offset, int64_t count) const override {
    const auto bytes = source->mapped(offset, count);
    note(offset, std::ssize(bytes));
    return bytes;
  }
  void prefetch(int64_t offset, int64_t count) const override { touched.prefetched += count; }

private:
  void note(int64_t offset, int64_t count) const {
    std::fill_n(touched.read.begin() + offset, count, true);
  }

  std::unique_ptr<TensorSource> source;
  Touched &touched;
};

class NotingWeights final : public WeightSource {
public:
  explicit NotingWeights(const fs::path &directory) : weights(directory) {}

  const fs::path &path() const override { return weights.path(); }
  std::unique_ptr<TensorSource> open(const std::string &name,
                                     const std::vector<int64_t> &shape) const override {
    auto source = weights.open(name, shape);
    int64_t bytes = byteSize(source->type());
    for (int64_t extent : shape)
      bytes *= extent;
    touched[name].read.resize(static_cast<size_t>(bytes));
    return std::make_unique<NotingSource>(std::move(source), touched[name]);
  }
  std::vector<ListedTensor> list() const override { return weights.list(); }
  std::unique_ptr<TensorSource> openStored(const ListedTensor &tensor) const override {
    return weights.openStored(tensor);
  }
  std::vector<ListedTensor>
  beside(const std::set<std::string, std::less<>> &published) const override {
    return weights.beside(published);
  }
  fs::path companions() const override { return weights.companions(); }

  mutable std::map<std::string, Touched> touched;

private:
  HfWeights weights;
};

/// Whether tp rank 1 of 2, ep rank 3 of 4 has an element of a tensor.
bool isOwn(const MappedTensor &tensor, int64_t element) {
  const std::vector<int64_t> &shape = tensor.published.shape;
  const int64_t columns = elementCount(tensor.published) / shape.front();
  switch (tensor.sharing) {
  case Sharing::replicated:
    return true;
  case Sharing::column:
  case Sharing::vocabulary:
    return element / columns >= shape[0] / 2;
  case Sharing::row:
    return element % columns >= shape[1] / 2;
  case Sharing::expertColumn:
  case Sharing::expertRow:
    return element / columns >= 6; // the last two of eight
  }
  return false;
}

TEST(Touched, ARankReadsItsSlicesAndNothingElse) {
  const TensorMap map = mapOf(goldenDirectory());
  for (Layout layout : {Layout::plan, Layout::megatron, Layout::megatronExpanded}) {
    const NotingWeights weights(goldenDirectory());
    checkRanks(weights, map, {layout, mesh(2, 4), 3}, {});
    int64_t own = 0, prefetched = 0;
    for (const MappedTensor &tensor : map.tensors()) {
      const Touched &touched = weights.touched.at(tensor.published.name);
      const auto width = std::ssize(touched.read) / elementCount(tensor.published);
      for (int64_t byte = 0; byte < std::ssize(touched.read); ++byte) {
        ASSERT_EQ(touched.read[static_cast<size_t>(byte)], isOwn(tensor, byte / width))
            << tensor.published.name << ", byte " << byte;
        own += touched.read[static_cast<size_t>(byte)];
      }
      prefetched += touched.prefetched;
    }
    // Ranges of which at least half is needed are read ahead.
    EXPECT_GE(prefetched, own / 2);
    EXPECT_LE(prefetched, 2 * own);
  }
}

} // namespace step37::test
