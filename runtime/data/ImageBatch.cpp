// Checked reading of a batch's images; see ImageBatch.h.
#include "runtime/data/ImageBatch.h"

#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/plan/Names.h"

#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string>

namespace step37 {

namespace {

std::string shapeText(std::span<const int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "[" : ", ") + std::to_string(size);
  return text + "]";
}

/// Tensors of one file, with messages that name it.
class Tensors {
public:
  explicit Tensors(const std::filesystem::path &path) : file(path) {}

  bool has(std::string_view name) const { return file.find(name); }

  /// F32 [count, channels, side, side]; their count is the tensor's first size.
  std::vector<float> pixels(std::string_view name, int64_t channels, int64_t side,
                            int64_t &count) const {
    const safetensors::Tensor &tensor = file.at(name);
    const std::array<int64_t, 3> image{channels, side, side};
    const bool fits = tensor.shape.size() == 4 &&
                      std::equal(image.begin(), image.end(), tensor.shape.begin() + 1);
    if (!fits)
      fail(name, "is " + shapeText(tensor.shape) + ", the plan's are [n, " +
                     std::to_string(channels) + ", " + std::to_string(side) + ", " +
                     std::to_string(side) + "]");
    count = tensor.shape[0];
    std::vector<float> values = valuesOf<float>(tensor, "F32");
    for (float value : values)
      if (!std::isfinite(value))
        fail(name, "has a value that is not finite");
    return values;
  }

  /// How many crops each of `images` images has: `crops` together.
  std::vector<int64_t> cropCounts(int64_t images, int64_t crops) const {
    const char *name = "num_local_patches";
    std::vector<int64_t> counts(static_cast<size_t>(images), 0);
    if (has(name)) {
      const safetensors::Tensor &tensor = file.at(name);
      if (tensor.shape != std::vector<int64_t>{images})
        fail(name, "is " + shapeText(tensor.shape) + ", there are " + std::to_string(images) +
                       " images in pixel_values");
      if (tensor.dtype == "I32") {
        const std::vector<int32_t> narrow = valuesOf<int32_t>(tensor, "I32");
        counts.assign(narrow.begin(), narrow.end());
      } else {
        counts = valuesOf<int64_t>(tensor, "I64");
      }
    }
    int64_t left = crops;
    for (int64_t count : counts) {
      if (count < 0 || count > left)
        fail(name, "does not count the " + std::to_string(crops) + " crops in pixel_values_local");
      left -= count;
    }
    if (left != 0)
      fail(name, "counts " + std::to_string(crops - left) + " of the " + std::to_string(crops) +
                     " crops in pixel_values_local");
    return counts;
  }

  [[noreturn]] void fail(std::string_view name, const std::string &what) const {
    throw Error(file.path().string() + ": " + std::string(name) + ": " + what);
  }

private:
  template <class T>
  std::vector<T> valuesOf(const safetensors::Tensor &tensor, std::string_view dtype) const {
    if (tensor.dtype != dtype)
      fail(tensor.name, "is " + tensor.dtype + ", " + std::string(dtype) + " is needed");
    std::vector<T> values(static_cast<size_t>(tensor.elements()));
    if (!values.empty())
      std::memcpy(values.data(), file.bytes(tensor).data(), values.size() * sizeof(T));
    return values;
  }

  safetensors::File file;
};

} // namespace

ImageBatch readImageBatch(const std::filesystem::path &path, const plan::ImageInputs &inputs) {
  const Tensors tensors(path);
  ImageBatch batch;
  int64_t images = 0, crops = 0;
  if (tensors.has(plan::names::pixelValues))
    batch.pixels =
        tensors.pixels(plan::names::pixelValues, inputs.channels, inputs.image_size, images);
  if (tensors.has(plan::names::pixelValuesLocal))
    batch.cropPixels =
        tensors.pixels(plan::names::pixelValuesLocal, inputs.channels, inputs.crop_size, crops);
  batch.crops = tensors.cropCounts(images, crops);
  return batch;
}

} // namespace step37
