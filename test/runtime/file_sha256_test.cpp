// SHA-256 against published vectors, whole and in pieces.
#include "runtime/base/Sha256.h"

#include <gtest/gtest.h>

using step37::Sha256;

namespace {

std::string hash(std::string_view text) {
  Sha256 sha;
  sha.update(text);
  return sha.hex();
}

TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hash(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesOfAnySizeGiveTheSame) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += static_cast<char>(i * 7 % 251);
  for (size_t length : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 119u, 128u, 1000u})
    for (size_t piece : {1u, 3u, 63u, 64u, 65u, 200u}) {
      Sha256 sha;
      for (size_t at = 0; at < length; at += piece)
        sha.update(std::string_view(text).substr(at, std::min(piece, length - at)));
      EXPECT_EQ(sha.hex(), hash(text.substr(0, length))) << length << " in pieces of " << piece;
    }
}

TEST(Sha256, MoreMayFollowADigest) {
  Sha256 sha;
  sha.update("ab");
  EXPECT_EQ(sha.hex(), hash("ab"));
  sha.update("c");
  EXPECT_EQ(sha.hex(), hash("abc"));
}

TEST(Sha256, InOneCall) {
  EXPECT_EQ(step37::sha256Hex("abc"), hash("abc"));
  EXPECT_EQ(step37::sha256Hex(std::string_view()), hash(""));
}

} // namespace
