// Measured choices for dense products: which of a library's algorithms is fastest for which shape
// on which GPU. A table changes the order of sums, so that runs say by its hash which one they
// used. Who measures and uses it is runtime/exec/cuda; reading and checking it needs no GPU.
#pragma once

#include "codegen/spec/KernelSpec.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// The algorithm of one product: its spec, the alignment in bytes that all of its operands have,
/// and the library's own description of the algorithm as hexadecimal digits.
struct TunedProduct {
  spec::Gemm product;
  int64_t alignment = 0;
  std::string algorithm;
};

class ProductTable {
public:
  ProductTable(std::string gpu, std::string library)
      : gpu(std::move(gpu)), lib(std::move(library)) {}

  /// Reads and checks a table. Throws Error naming file and field.
  static ProductTable load(const std::filesystem::path &path);

  /// Writes it; the file appears complete or not at all.
  void save(const std::filesystem::path &path) const;

  void add(TunedProduct product) { products.push_back(std::move(product)); }

  /// The algorithm for a product; null where the table has none.
  const std::string *find(const spec::Gemm &product, int64_t alignment) const;

  /// Throws Error unless the table was measured on this GPU with this version of the library.
  void requireMadeFor(const std::string &gpuName, const std::string &libraryVersion) const;

  size_t size() const { return products.size(); }

  /// SHA-256 of what `save` writes.
  std::string sha256() const;

private:
  std::string text() const;

  std::string gpu, lib; // the GPU's name, the library's version
  std::vector<TunedProduct> products;
};

} // namespace step37
