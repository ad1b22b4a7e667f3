// Reading safetensors: files of the reference library, and every way in which a file can lie.
#include "runtime/base/Safetensors.h"
#include "test/runtime/FileTestSupport.h"
#include "test/runtime/SafetensorsSamples.h"

using namespace step37;
using namespace step37::test;

namespace {

std::string errorFor(const std::string &bytes) {
  return errorOf([&] { safetensors::parse(bytes, "f"); });
}

/// The error for a file of one tensor "t" with this entry and `dataBytes` of data.
std::string errorForEntry(const std::string &entry, size_t dataBytes = 8) {
  return errorFor(safetensorsBytes("{\"t\":" + entry + "}", std::string(dataBytes, 'x')));
}

TEST(SafetensorsRead, ListsTensorsInTheOrderOfTheirBytes) {
  const TempDir dir;
  writeBytes(dir / "f", sampleSafetensors());
  const safetensors::File file(dir / "f");
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[0].dtype, "BF16");
  EXPECT_EQ(file.tensors()[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.tensors()[0].elements(), 6);
  EXPECT_EQ(file.tensors()[1].name, "b");
  EXPECT_EQ(file.metadata(), (safetensors::Metadata{{"format", "pt"}}));
  const auto bytes = file.bytes(file.at("a"));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size()),
            "0123456789ab");
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST(SafetensorsRead, NamesWhatIsAskedForInVain) {
  const TempDir dir;
  writeBytes(dir / "f", sampleSafetensors());
  const safetensors::File file(dir / "f");
  const std::string path = (dir / "f").string();
  EXPECT_EQ(errorOf([&] { file.at("c"); }), path + ": c: no such tensor in this file");
  EXPECT_EQ(file.type(file.at("a")), DType::bf16);
  EXPECT_EQ(errorOf([&] { file.type(file.at("b")); }),
            path + ": b: element type I8 is not supported");
}

TEST(SafetensorsRead, EveryPublishedTypeHasItsSize) {
  const std::pair<const char *, int> bytesOfEight[] = {
      {"F32", 32},    {"BF16", 16},   {"F16", 16},        {"F64", 64},        {"I32", 32},
      {"I64", 64},    {"U8", 8},      {"F8_E4M3", 8},     {"BOOL", 8},        {"I8", 8},
      {"I16", 16},    {"U16", 16},    {"U32", 32},        {"U64", 64},        {"C64", 64},
      {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6},
      {"F6_E3M2", 6}, {"F4", 4}};
  for (const auto &[type, bits] : bytesOfEight) {
    const auto entry = [&](int end) {
      return std::string("{\"dtype\":\"") + type + "\",\"shape\":[8],\"data_offsets\":[0," +
             std::to_string(end) + "]}";
    };
    EXPECT_EQ(errorForEntry(entry(bits), static_cast<size_t>(bits)), "") << type;
    EXPECT_TRUE(contains(errorForEntry(entry(bits - 1), static_cast<size_t>(bits) - 1),
                         "shape and dtype need " + std::to_string(bits)))
        << type;
  }
  for (const DType type : {DType::f32, DType::bf16, DType::f16, DType::f64, DType::i32, DType::i64,
                           DType::u8, DType::f8e4m3})
    EXPECT_FALSE(safetensors::publishedName(type).empty());
}

TEST(SafetensorsRead, TensorsMayBeEmptyOrScalar) {
  EXPECT_EQ(errorFor(safetensorsBytes("{}", "")), "");
  EXPECT_EQ(errorFor(safetensorsBytes(
                R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                R"("z":{"dtype":"F32","shape":[9223372036854775807,0,5],"data_offsets":[4,4]}})",
                "1234")),
            "");
}

TEST(SafetensorsRead, RefusesWrongLengths) {
  EXPECT_EQ(errorFor(""), "f: 0 bytes are too few for a safetensors file");
  EXPECT_EQ(errorFor("1234567"), "f: 7 bytes are too few for a safetensors file");
  std::string bytes = safetensorsBytes("{}", "");
  bytes[0] = 3;
  EXPECT_EQ(errorFor(bytes),
            "f: the header is 3 bytes long, the file has 2 after its length (is it truncated?)");
  bytes.replace(0, 8, std::string("\x01\xe1\xf5\x05\0\0\0\0", 8));
  EXPECT_EQ(errorFor(bytes), "f: not a safetensors file: its header would be 100000001 bytes long");
  bytes.replace(0, 8, std::string(8, '\xff'));
  EXPECT_EQ(errorFor(bytes),
            "f: not a safetensors file: its header would be 18446744073709551615 bytes long");
}

TEST(SafetensorsRead, EveryTruncationIsRefused) {
  const std::string good = sampleSafetensors();
  ASSERT_EQ(errorFor(good), "");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_TRUE(errorFor(good.substr(0, length)).starts_with("f: ")) << length << " bytes";
  EXPECT_EQ(errorFor(good + "x"), "f: 1 bytes at the end belong to no tensor");
}

TEST(SafetensorsRead, RefusesHeadersThatAreNoObject) {
  EXPECT_EQ(errorFor(safetensorsBytes("[]", "")),
            "f: not a safetensors file: its header is not a JSON object");
  EXPECT_EQ(errorFor(safetensorsBytes(" {}", "")),
            "f: not a safetensors file: its header is not a JSON object");
  EXPECT_EQ(errorFor(safetensorsBytes("{\"a\"", "")), "f: header: not valid JSON, at byte 5");
  EXPECT_EQ(errorFor(safetensorsBytes("{\"\xff\":1}", "")), "f: header: not valid JSON, at byte 3");
  EXPECT_EQ(errorFor(safetensorsBytes("{}{}", "")), "f: header: not valid JSON, at byte 3");
  EXPECT_EQ(errorFor(safetensorsBytes("{\"a\":1e999}", "")),
            "f: header: holds a number that is too large, at byte 10");
  EXPECT_EQ(errorFor(safetensorsBytes("{\"a\":" + std::string(1'000'000, '['), "")),
            "f: header: JSON nested deeper than 64");
  EXPECT_EQ(errorFor(safetensorsBytes("{\"a\":1,\"a\":2}", "")),
            "f: header: a: appears twice in the same JSON object");
}

TEST(SafetensorsRead, RefusesWrongMetadata) {
  EXPECT_EQ(errorFor(safetensorsBytes(R"({"__metadata__":[]})", "")),
            "f: __metadata__: is not an object");
  EXPECT_EQ(errorFor(safetensorsBytes(R"({"__metadata__":{"step":3}})", "")),
            "f: __metadata__: the value of 'step' is not a string");
}

TEST(SafetensorsRead, RefusesWrongEntries) {
  const std::pair<const char *, const char *> cases[] = {
      {R"(7)", "its entry is not an object"},
      {R"({"dtype":"F32","shape":[2]})", "data_offsets is missing"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1})",
       "its entry has keys beside dtype, shape and data_offsets"},
      {R"({"dtype":32,"shape":[2],"data_offsets":[0,8]})", "dtype is not a string"},
      {R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})", "unknown dtype 'F31'"},
      {R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})", "shape is not a list"},
      {R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})",
       "shape holds -2, which is no size or offset"},
      {R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})",
       "shape holds 2.0, which is no size or offset"},
      {R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]})",
       "shape holds 9223372036854775808, which is no size or offset"},
      {R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})",
       "the size of its shape is beyond 64 bits"},
      {R"({"dtype":"F4","shape":[3],"data_offsets":[0,1]})",
       "its elements do not fill whole bytes"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[8]})", "data_offsets is not a pair"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", "data_offsets end before they begin"},
      {R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})",
       "data_offsets end at 12, the file's data at 8 (is the file truncated?)"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})",
       "data_offsets span 8 bytes, shape and dtype need 4"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})",
       "4 bytes before it belong to no tensor"},
  };
  for (const auto &[entry, message] : cases)
    EXPECT_EQ(errorForEntry(entry), std::string("f: t: ") + message);
}

TEST(SafetensorsRead, RefusesSharedBytes) {
  const auto entry = [](const char *name, int begin, int end) {
    return std::string("\"") + name + "\":{\"dtype\":\"U8\",\"shape\":[" +
           std::to_string(end - begin) + "],\"data_offsets\":[" + std::to_string(begin) + "," +
           std::to_string(end) + "]}";
  };
  const auto errorForBoth = [&](const std::string &a, const std::string &b) {
    return errorFor(safetensorsBytes("{" + a + "," + b + "}", "12345678"));
  };
  EXPECT_EQ(errorForBoth(entry("a", 0, 4), entry("b", 4, 8)), "");
  EXPECT_EQ(errorForBoth(entry("a", 0, 5), entry("b", 4, 8)),
            "f: b: its bytes overlap those of another tensor");
  EXPECT_EQ(errorForBoth(entry("a", 0, 8), entry("b", 0, 8)),
            "f: b: its bytes overlap those of another tensor");
  EXPECT_EQ(errorForBoth(entry("a", 0, 8), entry("b", 4, 4)), // empty, but inside another
            "f: b: its bytes overlap those of another tensor");
  EXPECT_EQ(errorForBoth(entry("a", 0, 3), entry("b", 4, 8)),
            "f: b: 1 bytes before it belong to no tensor");
}

TEST(SafetensorsRead, ReportsMissingFiles) {
  const TempDir dir;
  EXPECT_EQ(errorOf([&] { safetensors::File file(dir / "none"); }),
            (dir / "none").string() + ": no such file");
}

} // namespace
