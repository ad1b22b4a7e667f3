// Safetensors files made from a header's text, right or wrong. For the tests of the reader and its
// fuzz target.
#pragma once

#include <string>

namespace step37::test {

/// Length, header and data as one file's bytes.
inline std::string safetensorsBytes(const std::string &header, const std::string &data) {
  std::string bytes;
  for (size_t i = 0; i < 8; ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

/// Two tensors, a 2 by 3 matrix of BF16 and four bytes of a type that is not used, in 16 bytes.
inline std::string sampleSafetensors() {
  return safetensorsBytes(R"({"__metadata__":{"format":"pt"},)"
                          R"("b":{"dtype":"I8","shape":[4],"data_offsets":[12,16]},)"
                          R"("a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}  )",
                          "0123456789abcdef");
}

} // namespace step37::test
