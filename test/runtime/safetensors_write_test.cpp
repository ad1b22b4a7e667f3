// Writing safetensors: the same bytes as the reference library, in pieces, and never half a file.
#include "runtime/base/Safetensors.h"
#include "test/runtime/FileTestSupport.h"

#include <sys/resource.h>

using namespace step37;
using namespace step37::test;
using safetensors::Order;
using safetensors::TensorSpec;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(SafetensorsWrite, SameBytesAsTheReferenceLibrary) {
  const TempDir dir;
  for (const char *name : {"text_case.safetensors", "model.safetensors"}) {
    const std::filesystem::path golden =
        std::filesystem::path(STEP37_TEST_DATA) / "step37-tiny" / name;
    const safetensors::File original(golden);
    std::vector<TensorSpec> specs;
    for (const safetensors::Tensor &tensor : original.tensors())
      specs.insert(specs.begin(), {tensor.name, original.type(tensor), tensor.shape});
    safetensors::Writer writer(dir / name, specs, Order::sorted, original.metadata());
    for (const TensorSpec &spec : writer.tensors())
      writer.write(spec.name, original.bytes(original.at(spec.name)));
    writer.commit();
    EXPECT_TRUE(readBytes(dir / name) == readBytes(golden)) << name;
  }
}

TEST(SafetensorsWrite, GivenOrderInPieces) {
  const TempDir dir;
  safetensors::Writer writer(dir / "f",
                             {{"z", DType::u8, {3}},
                              {"none", DType::f32, {0, 7}},
                              {"a", DType::i64, {}},
                              {"end", DType::bf16, {0}}},
                             Order::given, {{"step", "12"}}, Hashing::on);
  writer.write("z", bytesOf("xy"));
  writer.write("z", bytesOf("z"));
  writer.write("none", {});
  writer.write("a", bytesOf("12345678"));
  EXPECT_TRUE(!std::filesystem::exists(dir / "f"));
  writer.commit();
  EXPECT_EQ(writer.sha256(), sha256Hex(readBytes(dir / "f")));

  const safetensors::File file(dir / "f");
  EXPECT_EQ(file.metadata().at("step"), "12");
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.tensors().front().name, "z");
  EXPECT_EQ(file.at("z").offset % 8, 0);
  EXPECT_EQ(file.at("none").bytes, 0);
  const auto a = file.bytes(file.at("a"));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(a.data()), a.size()), "12345678");
}

TEST(SafetensorsWrite, FullDiskLeavesNothing) {
  const TempDir dir;
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = errorOf([&] {
    safetensors::Writer writer(dir / "f", {{"a", DType::u8, {4'000'000}}});
    writer.write("a", bytesOf(std::string(4'000'000, 'x')));
    writer.commit();
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(message, (dir / "f").string() + ": cannot write: File too large");
  EXPECT_TRUE(dir.names().empty());
}

} // namespace
