// The table as a JSON file; see ProductTable.h.
#include "runtime/exec/base/ProductTable.h"

#include "codegen/spec/SpecJson.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"
#include "runtime/base/StrictJson.h"

#include <algorithm>

namespace step37 {
namespace {

using nlohmann::json;

constexpr int tableVersion = 1;

/// A table's member, or Error "<where>: <key>: …".
const json &member(const json &object, const char *key, const std::string &where) {
  if (!object.is_object() || !object.contains(key))
    throw Error(where + ": " + key + ": is missing");
  return object[key];
}

std::string stringAt(const json &object, const char *key, const std::string &where) {
  const json &value = member(object, key, where);
  if (!value.is_string())
    throw Error(where + ": " + key + ": must be a string");
  return value;
}

int64_t integerAt(const json &object, const char *key, const std::string &where) {
  const json &value = member(object, key, where);
  if (!value.is_number_integer())
    throw Error(where + ": " + key + ": must be an integer");
  return value;
}

TunedProduct parseProduct(const json &object, const std::string &where) {
  TunedProduct tuned;
  try {
    tuned.product =
        std::get<spec::Gemm>(spec::parseSpec(spec::Gemm::family, member(object, "product", where)));
  } catch (const Error &error) {
    throw Error(where + ": product: " + error.what());
  }
  tuned.alignment = integerAt(object, "alignment", where);
  tuned.algorithm = stringAt(object, "algorithm", where);
  if (tuned.alignment < 1)
    throw Error(where + ": alignment: must be positive");
  if (tuned.algorithm.empty() || tuned.algorithm.size() % 2 != 0 ||
      tuned.algorithm.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error(where + ": algorithm: must be bytes as hexadecimal digits");
  return tuned;
}

json fieldsOf(const spec::Gemm &product) { return json(spec::toJson(spec::KernelSpec(product))); }

} // namespace

ProductTable ProductTable::load(const std::filesystem::path &path) {
  MappedFile file(path);
  const std::string origin = path.string();
  const json root = parseStrictJson(file.text(), origin);
  if (int64_t version = integerAt(root, "tuned_products", origin); version != tableVersion)
    throw Error(origin + ": tuned_products: is version " + std::to_string(version) +
                ", this program reads " + std::to_string(tableVersion));
  ProductTable table(stringAt(root, "gpu", origin), stringAt(root, "cublaslt", origin));
  const json &list = member(root, "products", origin);
  if (!list.is_array())
    throw Error(origin + ": products: must be a list");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string where = origin + ": products[" + std::to_string(i) + "]";
    TunedProduct tuned = parseProduct(list[i], where);
    if (table.find(tuned.product, tuned.alignment))
      throw Error(where + ": the same product stands further up");
    table.add(std::move(tuned));
  }
  return table;
}

void ProductTable::save(const std::filesystem::path &path) const { writeFile(path, text()); }

std::string ProductTable::text() const {
  json list = json::array();
  for (const TunedProduct &tuned : products)
    list.push_back({{"product", fieldsOf(tuned.product)},
                    {"alignment", tuned.alignment},
                    {"algorithm", tuned.algorithm}});
  json root{{"tuned_products", tableVersion}, {"gpu", gpu}, {"cublaslt", lib}, {"products", list}};
  return root.dump(1) + '\n';
}

const std::string *ProductTable::find(const spec::Gemm &product, int64_t alignment) const {
  const json fields = fieldsOf(product);
  auto found = std::ranges::find_if(products, [&](const TunedProduct &tuned) {
    return tuned.alignment == alignment && fieldsOf(tuned.product) == fields;
  });
  return found == products.end() ? nullptr : &found->algorithm;
}

void ProductTable::requireMadeFor(const std::string &gpuName,
                                  const std::string &libraryVersion) const {
  if (gpu != gpuName)
    throw Error("the table of tuned products was measured on " + gpu + ", this GPU is " + gpuName +
                ": measure again with step37-run tune");
  if (lib != libraryVersion)
    throw Error("the table of tuned products was measured with cuBLASLt " + lib +
                ", here is cuBLASLt " + libraryVersion + ": measure again with step37-run tune");
}

std::string ProductTable::sha256() const { return sha256Hex(text()); }

} // namespace step37
