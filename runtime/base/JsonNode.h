// A JSON value and where it stands: typed reads that name the field where something else is there.
// The fields of a plan are in PlanFromJson.cpp.
#pragma once

#include "runtime/base/FieldPath.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

class JsonNode {
public:
  JsonNode(const nlohmann::json &value, const FieldPath &path) : value(value), path(path) {}

  /// An object with exactly these keys.
  void expectKeys(std::initializer_list<std::string_view> keys) const;

  /// Member of an object that expectKeys has accepted.
  JsonNode operator[](std::string_view key) const { return {value.at(key), path.field(key)}; }

  std::string string() const;
  bool boolean() const;
  double number() const;
  int64_t integer() const;
  int smallInteger() const; // fits an int
  std::vector<int64_t> integers() const;
  std::vector<std::string> strings() const;
  const nlohmann::json &object() const;

  /// Calls read(element) for every element of a list and collects the results.
  template <class Read> auto list(Read &&read) const {
    expectList();
    std::vector<decltype(read(*this))> result;
    result.reserve(value.size());
    for (size_t i = 0; i < value.size(); ++i)
      result.push_back(read(JsonNode(value[i], path.element(i))));
    return result;
  }

  /// One of an enumeration's values, by the text that `nameOf` gives them.
  template <class Enum, size_t count, class NameOf> Enum enumeration(NameOf &&nameOf) const {
    const std::string text = string();
    for (size_t i = 0; i < count; ++i)
      if (nameOf(static_cast<Enum>(i)) == text)
        return static_cast<Enum>(i);
    path.fail("unknown value '" + text + "'");
  }

  [[noreturn]] void fail(const std::string &what) const { path.fail(what); }

private:
  void expectList() const;
  [[noreturn]] void failType(const char *expected) const;

  const nlohmann::json &value;
  FieldPath path;
};

} // namespace step37
