// The typed reads.
#include "runtime/base/JsonNode.h"

#include <algorithm>
#include <limits>

namespace step37 {

void JsonNode::failType(const char *expected) const {
  path.fail(std::string("expected ") + expected + ", found " + value.type_name());
}

void JsonNode::expectKeys(std::initializer_list<std::string_view> keys) const {
  object();
  for (const std::string_view key : keys)
    if (!value.contains(key))
      path.field(key).fail("missing");
  if (value.size() == keys.size())
    return;
  for (const auto &[key, ignored] : value.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      path.field(key).fail("unknown key");
}

void JsonNode::expectList() const {
  if (!value.is_array())
    failType("a list");
}

const nlohmann::json &JsonNode::object() const {
  if (!value.is_object())
    failType("an object");
  return value;
}

std::string JsonNode::string() const {
  if (!value.is_string())
    failType("a string");
  return value.get<std::string>();
}

bool JsonNode::boolean() const {
  if (!value.is_boolean())
    failType("true or false");
  return value.get<bool>();
}

double JsonNode::number() const {
  if (!value.is_number())
    failType("a number");
  return value.get<double>();
}

int64_t JsonNode::integer() const {
  if (!value.is_number_integer())
    failType("an integer");
  if (value.is_number_unsigned() && value.get<uint64_t>() > std::numeric_limits<int64_t>::max())
    path.fail(value.dump() + " is beyond 64 bits");
  return value.get<int64_t>();
}

int JsonNode::smallInteger() const {
  const int64_t wide = integer();
  if (wide != static_cast<int>(wide))
    path.fail(std::to_string(wide) + " is beyond 32 bits");
  return static_cast<int>(wide);
}

std::vector<int64_t> JsonNode::integers() const {
  return list([](const JsonNode &element) { return element.integer(); });
}

std::vector<std::string> JsonNode::strings() const {
  return list([](const JsonNode &element) { return element.string(); });
}

} // namespace step37
