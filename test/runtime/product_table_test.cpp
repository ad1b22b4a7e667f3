// Tables of tuned products: the file and back, what is found, and what is refused by name.
#include "runtime/exec/base/ProductTable.h"
#include "test/runtime/FileTestSupport.h"

#include <gtest/gtest.h>

namespace {

using namespace step37;
using namespace step37::test;

spec::Gemm product(int64_t m) {
  return {m, 64, 32, false, true, 32, 32, 64, DType::bf16, DType::bf16, DType::bf16, false, 1024};
}

ProductTable twoProducts() {
  ProductTable table("NVIDIA H200", "130100");
  table.add({product(128), 64, "00ff"});
  table.add({product(128), 16, "01fe"});
  return table;
}

TEST(ProductTable, RoundTrip) {
  TempDir scratch;
  twoProducts().save(scratch / "table.json");
  const ProductTable table = ProductTable::load(scratch / "table.json");
  EXPECT_EQ(table.size(), 2u);
  ASSERT_TRUE(table.find(product(128), 64));
  EXPECT_EQ(*table.find(product(128), 64), "00ff");
  EXPECT_EQ(*table.find(product(128), 16), "01fe");
  EXPECT_FALSE(table.find(product(128), 32));
  EXPECT_FALSE(table.find(product(256), 64));
  EXPECT_EQ(table.sha256(), twoProducts().sha256());
  EXPECT_NO_THROW(table.requireMadeFor("NVIDIA H200", "130100"));
}

TEST(ProductTable, AnotherChoiceIsAnotherHash) {
  ProductTable other = twoProducts();
  other.add({product(256), 64, "00ff"});
  EXPECT_NE(other.sha256(), twoProducts().sha256());
}

TEST(ProductTable, OtherMachinesAreRefused) {
  auto errorFor = [](const std::string &gpu, const std::string &library) {
    return errorOf([&] { twoProducts().requireMadeFor(gpu, library); });
  };
  EXPECT_EQ(errorFor("NVIDIA H100", "130100"),
            "the table of tuned products was measured on NVIDIA H200, this GPU is NVIDIA H100: "
            "measure again with step37-run tune");
  EXPECT_EQ(errorFor("NVIDIA H200", "130000"),
            "the table of tuned products was measured with cuBLASLt 130100, here is cuBLASLt "
            "130000: measure again with step37-run tune");
}

/// The message for a table in which one piece of text is replaced, after the file's name.
std::string errorAfter(const std::string &from, const std::string &to) {
  TempDir scratch;
  const std::filesystem::path path = scratch / "table.json";
  twoProducts().save(path);
  std::string text = readBytes(path);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  writeBytes(path, text.replace(at, from.size(), to));
  const std::string message = errorOf([&] { ProductTable::load(path); });
  EXPECT_EQ(message.rfind(path.string() + ": ", 0), 0u) << message;
  return message.substr(path.string().size() + 2);
}

TEST(ProductTable, WrongFieldsAreNamed) {
  EXPECT_EQ(errorAfter("\"gpu\"", "\"GPU\""), "gpu: is missing");
  EXPECT_EQ(errorAfter("\"tuned_products\": 1", "\"tuned_products\": 2"),
            "tuned_products: is version 2, this program reads 1");
  EXPECT_EQ(errorAfter("\"130100\"", "130100"), "cublaslt: must be a string");
  EXPECT_EQ(errorAfter("\"alignment\": 64", "\"alignment\": 0"),
            "products[0]: alignment: must be positive");
  EXPECT_EQ(errorAfter("\"alignment\": 64", "\"alignment\": 16"),
            "products[1]: the same product stands further up");
  EXPECT_EQ(errorAfter("01fe", "01f"),
            "products[1]: algorithm: must be bytes as hexadecimal digits");
  EXPECT_EQ(errorAfter("01fe", "01fg"),
            "products[1]: algorithm: must be bytes as hexadecimal digits");
  EXPECT_EQ(errorAfter("\"k\": 32", "\"k\": -32"),
            "products[0]: product: gemm.k: must be positive, is -32");
}

} // namespace
