// Decoding: the pixels that PIL gives, and what is refused.
#include "runtime/data/image/ImageFile.h"
#include "runtime/data/image/Orientation.h"
#include "test/runtime/image_support.h"

namespace step37::test {
namespace {

std::string imageBytes(const std::string &name) {
  return std::string(MappedFile(imageData(name)).text());
}

Image decode(const std::string &bytes, int64_t maxPixels = defaultMaxPixels) {
  return decodeImage(std::as_bytes(std::span(bytes)), "x", maxPixels);
}

/// The message with which both reading the size and decoding, or decoding only, refuse the bytes.
std::string refusal(const std::string &bytes, int64_t maxPixels = defaultMaxPixels) {
  try {
    decode(bytes, maxPixels);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

class DecodedImage : public testing::TestWithParam<const char *> {};

TEST_P(DecodedImage, hasThePixelsOfPil) {
  const std::string bytes = imageBytes(GetParam());
  const std::string golden = std::string("decoded.") + GetParam();
  const Image image = decode(bytes);
  EXPECT_EQ(image.size, goldenSize(golden));
  EXPECT_EQ(readImageSize(std::as_bytes(std::span(bytes)), "x", defaultMaxPixels), image.size);
  // The same library: JPEG's rounding may differ between versions of it.
  EXPECT_LE(largestDifference(image.rgb, goldenValues<uint8_t>(golden)), bytes[1] == 'P' ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Golden, DecodedImage,
                         testing::Values("plain.jpg", "full-chroma.jpg", "progressive.jpg",
                                         "grey.jpg", "cmyk.jpg", "plain.png", "alpha.png",
                                         "grey.png", "grey-alpha.png", "palette.png",
                                         "palette-transparent.png", "bits.png", "deep.png",
                                         "deep-alpha.png", "interlaced.png", "turned-2.jpg",
                                         "turned-3.jpg", "turned-4.jpg", "turned-5.jpg",
                                         "turned-6.jpg", "turned-7.jpg", "turned-8.jpg",
                                         "turned-6.png"));

TEST(ImageFile, everyShorterFileIsRefused) {
  for (const char *name : {"plain.jpg", "progressive.jpg", "plain.png", "interlaced.png"}) {
    const std::string bytes = imageBytes(name);
    // A PNG's last chunk, twelve bytes, holds no pixels.
    const size_t needed = bytes[1] == 'P' ? bytes.size() - 12 : bytes.size() - 2;
    for (size_t length = 0; length < needed; ++length)
      ASSERT_NE(refusal(bytes.substr(0, length)), "") << name << ": " << length << " bytes";
  }
}

TEST(ImageFile, damagedPixelsAreRefused) {
  std::string png = imageBytes("plain.png");
  png[png.size() / 2] ^= 1;
  EXPECT_NE(refusal(png).find("x: broken PNG: "), std::string::npos) << refusal(png);
  std::string jpeg = imageBytes("plain.jpg");
  const size_t middle = jpeg.size() - 100;
  jpeg.replace(middle, 2, "\xff\xd9"); // ends early
  EXPECT_NE(refusal(jpeg).find("x: broken JPEG: "), std::string::npos) << refusal(jpeg);
}

TEST(ImageFile, otherFilesAreRefused) {
  EXPECT_EQ(refusal(""), "x: is neither a JPEG nor a PNG file");
  EXPECT_EQ(refusal("GIF89a and more"), "x: is neither a JPEG nor a PNG file");
  EXPECT_NE(refusal("\xff\xd8\xff").find("broken JPEG"), std::string::npos);
}

/// A PNG that promises 20000 x 20000 pixels, and whose pixels nobody must ask for.
TEST(ImageFile, largePicturesAreRefusedByTheirHeader) {
  const std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\2\0\0\0"
                          "\x6c\x12\xd1\x6e\0\0\0\0IDAT\x35\xaf\x06\x1e",
                          45);
  EXPECT_EQ(refusal(bytes), "x: has 20000 x 20000 pixels, --max-pixels allows 89478485");
  EXPECT_EQ(refusal(imageBytes("plain.jpg"), 21 * 13), "");
  EXPECT_EQ(refusal(imageBytes("plain.jpg"), 21 * 13 - 1),
            "x: has 21 x 13 pixels, --max-pixels allows 272");
}

TEST(Orientation, brokenExifIsNoOrientation) {
  auto orientation = [](const std::string &tiff) {
    return readOrientation(std::as_bytes(std::span(tiff)));
  };
  const std::string tiff("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22);
  EXPECT_EQ(orientation(tiff), Orientation::turnRight);
  for (size_t length = 0; length < 20; ++length)
    EXPECT_EQ(orientation(tiff.substr(0, length)), Orientation::none) << length;
  std::string far = tiff;
  far.replace(4, 4, "\xff\xff\xff\xff"); // the directory lies behind the end
  EXPECT_EQ(orientation(far), Orientation::none);
  std::string unknown = tiff;
  unknown[18] = 9;
  EXPECT_EQ(orientation(unknown), Orientation::none);
}

} // namespace
} // namespace step37::test
