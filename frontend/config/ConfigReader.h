// Typed access to the fields of a config.json, with messages that name the file and the field's
// path. Knows JSON, spellings and ranges; which fields exist and what they mean is in the files
// that use it (ModelConfig.cpp and its parts).
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace step37::config {

/// The spellings of one field, the published one first.
using Names = std::initializer_list<std::string_view>;

/// Upper bounds that no real model meets; they keep a hostile file from making us allocate.
inline constexpr int64_t maxLayers = 4096;
inline constexpr int64_t maxSize = INT32_MAX;

/// A value in the document and the path to it. Every accessor throws Error
/// "<origin>: <path>: what is wrong and what is accepted". Lives as long as its Document.
class Field {
public:
  Field(const nlohmann::json &value, const std::string &origin, std::string path);

  const std::string &path() const { return fieldPath; }
  bool isNull() const { return value->is_null(); }
  bool isList() const { return value->is_array(); }
  bool isText() const { return value->is_string(); }
  bool isNumber() const { return value->is_number(); }

  /// An integer, or a float of integral value, in [min, max].
  int64_t integer(int64_t min, int64_t max) const;
  /// A size: an integer in [1, maxSize].
  int64_t size() const { return integer(1, maxSize); }
  /// A finite number in [min, max].
  double number(double min, double max) const;
  /// A finite number above 0.
  double positive() const;
  bool flag() const;
  std::string text() const;
  /// A text that is one of `accepted`.
  std::string oneOf(Names accepted) const;
  /// The elements of an array.
  std::vector<Field> list() const;
  /// The members of an object, sorted by name.
  std::vector<std::pair<std::string, Field>> members() const;

  /// The object's field under whichever spelling it has; empty if it is missing or null. Given
  /// under several spellings with different values it is an error.
  std::optional<Field> find(Names names) const;
  /// The same for a field that must be there.
  Field require(Names names) const;

  [[noreturn]] void fail(const std::string &what) const;
  /// Fails as if for the member `name` of this object.
  [[noreturn]] void failAt(std::string_view name, const std::string &what) const;

private:
  Field member(std::string_view name) const;

  const nlohmann::json *value;
  const std::string *origin;
  std::string fieldPath; // empty for the document itself
};

/// A parsed config file. Throws Error for text that is no JSON object or that parseStrictJson
/// refuses.
class Document {
public:
  Document(std::string_view text, std::string origin);
  Document(const Document &) = delete;

  Field root() const { return Field(json, origin, ""); }

private:
  nlohmann::json json;
  std::string origin;
};

/// Lengths of per-layer lists: the decoder layers, then the multi-token-prediction layers.
struct LayerCounts {
  int64_t decoder = 0, mtp = 0;
  int64_t total() const { return decoder + mtp; }
};

/// A per-layer field, one entry a decoder layer and MTP layer: empty where the field says nothing
/// (it is missing, or its list ends with the decoder layers). A value that is no list holds for
/// every layer. `convert` turns a Field into the entry.
template <typename Convert>
auto perLayer(const std::optional<Field> &field, LayerCounts counts, Convert convert) {
  using Entry = std::invoke_result_t<Convert, const Field &>;
  std::vector<std::optional<Entry>> entries(counts.total());
  if (!field)
    return entries;
  if (!field->isList()) {
    entries.assign(counts.total(), convert(*field));
    return entries;
  }
  std::vector<Field> list = field->list();
  const auto length = static_cast<int64_t>(list.size());
  if (length != counts.decoder && length != counts.total())
    field->fail("has " + std::to_string(length) + " entries; must have " +
                std::to_string(counts.decoder) + " (num_hidden_layers) or " +
                std::to_string(counts.total()) + " (and num_nextn_predict_layers)");
  for (int64_t i = 0; i < length; ++i)
    entries[i] = convert(list[i]);
  return entries;
}

} // namespace step37::config
