// libjpeg-turbo behind JpegFile.h. Every call of the library that can fail is made by guarded().
#include "runtime/data/image/JpegFile.h"

#include "runtime/base/Error.h"

#include <array>
#include <csetjmp>
#include <cstdio> // jpeglib.h needs it before itself
#include <cstring>
#include <utility>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

namespace step37 {

namespace {

/// What the library is given as its error manager; it sees the first member only.
struct ErrorManager {
  jpeg_error_mgr library{};
  std::jmp_buf resume{};
  std::array<char, JMSG_LENGTH_MAX> message{};
};

[[noreturn]] void stop(j_common_ptr info) {
  auto *errors = reinterpret_cast<ErrorManager *>(info->err);
  errors->library.format_message(info, errors->message.data());
  std::longjmp(errors->resume, 1);
}

/// A warning (level −1) is an error, since the library makes up pixels after most of them; but for
/// those that only say that the writer was sloppy.
void warn(j_common_ptr info, int level) {
  if (level >= 0)
    return;
  switch (info->err->msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR:
  case JWRN_NOT_SEQUENTIAL:
    break;
  default:
    stop(info);
  }
}

/// a·b / 255, rounded.
uint8_t multiply(uint8_t a, uint8_t b) {
  const unsigned product = unsigned{a} * b + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

/// Adobe stores the complement: 255 is no ink. Ink covers what black leaves.
void inkToRgb(const uint8_t *ink, uint8_t *rgb, int64_t pixels) {
  for (int64_t i = 0; i < pixels; ++i, ink += 4, rgb += 3)
    for (int channel = 0; channel < 3; ++channel) {
      const uint8_t light = ink[3]; // 255 − black
      const auto color = static_cast<uint8_t>(255 - ink[channel]);
      rgb[channel] = static_cast<uint8_t>(light - multiply(color, light));
    }
}

void greyToRgb(const uint8_t *grey, uint8_t *rgb, int64_t pixels) {
  for (int64_t i = 0; i < pixels; ++i, rgb += 3)
    std::memset(rgb, grey[i], 3);
}

} // namespace

struct JpegFile::Decoder {
  explicit Decoder(std::string origin) : origin(std::move(origin)) {
    info.err = jpeg_std_error(&errors.library);
    errors.library.error_exit = stop;
    errors.library.emit_message = warn;
  }
  ~Decoder() { jpeg_destroy_decompress(&info); } // does nothing where it was not created
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;

  /// Runs `step`, which calls the library and has no objects with destructors.
  template <class Step> void guarded(const Step &step) {
    if (setjmp(errors.resume) != 0)
      throw Error(origin + ": broken JPEG: " + errors.message.data());
    step();
  }

  std::string origin;
  ErrorManager errors;
  jpeg_decompress_struct info{};
};

JpegFile::JpegFile(std::span<const std::byte> bytes, std::string origin)
    : decoder(std::make_unique<Decoder>(std::move(origin))) {
  jpeg_decompress_struct &info = decoder->info;
  decoder->guarded([&] {
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
    jpeg_save_markers(&info, JPEG_APP0 + 1, 0xffff); // EXIF
    jpeg_read_header(&info, TRUE);
  });
}

JpegFile::~JpegFile() = default;

ImageSize JpegFile::size() const { return {decoder->info.image_width, decoder->info.image_height}; }

Orientation JpegFile::orientation() const {
  constexpr std::array<unsigned char, 6> exif{'E', 'x', 'i', 'f', 0, 0};
  for (auto *marker = decoder->info.marker_list; marker; marker = marker->next)
    if (marker->data_length > exif.size() &&
        std::memcmp(marker->data, exif.data(), exif.size()) == 0)
      return readOrientation(
          std::as_bytes(std::span(marker->data, marker->data_length)).subspan(exif.size()));
  return Orientation::none;
}

Image JpegFile::decode() {
  jpeg_decompress_struct &info = decoder->info;
  const int components = info.num_components;
  if (components != 1 && components != 3 && components != 4)
    throw Error(decoder->origin + ": has " + std::to_string(components) +
                " color components; 1, 3 and 4 are understood");
  info.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  Image image(size());
  std::vector<uint8_t> scanline(static_cast<size_t>(image.size.width * components));
  decoder->guarded([&] {
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      uint8_t *rgb = image.row(info.output_scanline);
      JSAMPROW row = components == 3 ? rgb : scanline.data();
      jpeg_read_scanlines(&info, &row, 1);
      if (components == 1)
        greyToRgb(row, rgb, image.size.width);
      else if (components == 4)
        inkToRgb(row, rgb, image.size.width);
    }
  });
  return image;
}

} // namespace step37
