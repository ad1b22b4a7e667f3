// A PNG file in memory, through libpng. Its C library reports errors by a jump that must not pass
// over C++ destructors: all of that stays in PngFile.cpp.
#pragma once

#include "runtime/data/image/Image.h"
#include "runtime/data/image/Orientation.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace step37 {

class PngFile {
public:
  /// Reads the chunks before the pixels of `bytes`, which outlive this. Throws Error "<origin>: …".
  PngFile(std::span<const std::byte> bytes, std::string origin);
  ~PngFile();

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
