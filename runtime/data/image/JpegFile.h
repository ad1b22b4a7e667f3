// A JPEG file in memory, through libjpeg-turbo. Its C library reports errors by a jump that must
// not pass over C++ destructors: all of that stays in JpegFile.cpp.
#pragma once

#include "runtime/data/image/Image.h"
#include "runtime/data/image/Orientation.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace step37 {

class JpegFile {
public:
  /// Reads the header of `bytes`, which outlive this. Throws Error "<origin>: …".
  JpegFile(std::span<const std::byte> bytes, std::string origin);
  ~JpegFile();

  /// As stored.
  ImageSize size() const;
  Orientation orientation() const;

  /// The pixels, once. Throws Error where they are cut short or damaged.
  Image decode();

private:
  struct Decoder;
  std::unique_ptr<Decoder> decoder;
};

} // namespace step37
