// libpng behind PngFile.h. Every call of the library that can fail is made by guarded().
#include "runtime/data/image/PngFile.h"

#include "runtime/base/Error.h"

#include <array>
#include <csetjmp>
#include <cstring>
#include <utility>
#include <vector>

#include <png.h>

namespace step37 {

struct PngFile::Decoder {
  Decoder(std::span<const std::byte> bytes, std::string origin)
      : origin(std::move(origin)), rest(bytes) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, stop, ignore);
    info = png ? png_create_info_struct(png) : nullptr;
    if (!info) {
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw Error(this->origin + ": libpng cannot be set up");
    }
    png_set_read_fn(png, this, read);
  }
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;

  /// Runs `step`, which calls the library and has no objects with destructors.
  template <class Step> void guarded(const Step &step) {
    if (setjmp(png_jmpbuf(png)) != 0)
      throw Error(origin + ": broken PNG: " + message.data());
    step();
  }

  [[noreturn]] static void stop(png_structp png, png_const_charp text) {
    auto *self = static_cast<Decoder *>(png_get_error_ptr(png));
    std::strncpy(self->message.data(), text, self->message.size() - 1);
    png_longjmp(png, 1);
  }
  static void ignore(png_structp, png_const_charp) {}

  static void read(png_structp png, png_bytep to, size_t count) {
    auto *self = static_cast<Decoder *>(png_get_io_ptr(png));
    if (count > self->rest.size())
      png_error(png, "the file is cut short");
    std::memcpy(to, self->rest.data(), count);
    self->rest = self->rest.subspan(count);
  }

  std::string origin;
  std::span<const std::byte> rest; // not read yet
  std::array<char, 256> message{};
  png_structp png = nullptr;
  png_infop info = nullptr;
};

PngFile::PngFile(std::span<const std::byte> bytes, std::string origin)
    : decoder(std::make_unique<Decoder>(bytes, std::move(origin))) {
  decoder->guarded([&] { png_read_info(decoder->png, decoder->info); });
}

PngFile::~PngFile() = default;

ImageSize PngFile::size() const {
  return {png_get_image_width(decoder->png, decoder->info),
          png_get_image_height(decoder->png, decoder->info)};
}

Orientation PngFile::orientation() const {
  png_uint_32 length = 0;
  png_bytep exif = nullptr;
  if (!png_get_eXIf_1(decoder->png, decoder->info, &length, &exif))
    return Orientation::none;
  return readOrientation(std::as_bytes(std::span(exif, length)));
}

Image PngFile::decode() {
  Image image(size());
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < image.size.height; ++y)
    rows.push_back(image.row(y));
  png_structp png = decoder->png;
  png_infop info = decoder->info;
  decoder->guarded([&] {
    png_set_strip_16(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_palette_to_rgb(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != static_cast<size_t>(image.size.width * Image::channels))
      png_error(png, "an unknown kind of pixels");
    png_read_image(png, rows.data());
  });
  return image;
}

} // namespace step37
