// See SpecJson.h. One visitor writes fields, one reads them; both follow the structs' own lists.
#include "codegen/spec/SpecJson.h"

#include "codegen/spec/SpecCheck.h"
#include "runtime/base/Error.h"

#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

namespace step37::spec {
namespace {

using Json = nlohmann::json;

struct Writer {
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();

  template <class Value> void operator()(const char *field, const Value &value) {
    if constexpr (requires { name(value); })
      fields[field] = name(value);
    else
      fields[field] = value;
  }
};

/// Reads the value of one field; returns what was expected if it is something else.
std::string readValue(const Json &json, bool &value) {
  if (!json.is_boolean())
    return "true or false";
  value = json.get<bool>();
  return {};
}

std::string readValue(const Json &json, int64_t &value) {
  bool fits = json.is_number_integer() &&
              (!json.is_number_unsigned() ||
               json.get<uint64_t>() <= uint64_t(std::numeric_limits<int64_t>::max()));
  if (!fits)
    return "an integer";
  value = json.get<int64_t>();
  return {};
}

std::string readValue(const Json &json, double &value) {
  if (!json.is_number())
    return "a number";
  value = json.get<double>();
  return {};
}

std::string readValue(const Json &json, DType &value) {
  auto type = json.is_string() ? parseDType(json.get_ref<const std::string &>()) : std::nullopt;
  if (!type)
    return "an element type";
  value = *type;
  return {};
}

/// One of these values of an enumeration, by their names.
template <class Enum>
std::string readEnum(const Json &json, Enum &value, std::initializer_list<Enum> all) {
  std::string names;
  size_t left = all.size();
  for (Enum candidate : all) {
    if (json.is_string() && json.get_ref<const std::string &>() == name(candidate)) {
      value = candidate;
      return {};
    }
    names += '"' + std::string(name(candidate)) + '"';
    names += --left > 1 ? ", " : left == 1 ? " or " : "";
  }
  return names;
}

std::string readValue(const Json &json, ClampPosition &value) {
  return readEnum(json, value, {ClampPosition::afterSilu, ClampPosition::beforeSilu});
}

std::string readValue(const Json &json, Exchange &value) {
  return readEnum(
      json, value,
      {Exchange::allGather, Exchange::allReduce, Exchange::reduceScatter, Exchange::allToAll});
}

std::string readValue(const Json &json, std::string &value) {
  if (!json.is_string())
    return "a text";
  value = json.get<std::string>();
  return {};
}

template <class Value> std::string readValue(const Json &json, std::vector<Value> &values) {
  if (!json.is_array())
    return "a list";
  values.assign(json.size(), Value());
  for (size_t i = 0; i < values.size(); ++i)
    if (std::string expected = readValue(json[i], values[i]); !expected.empty())
      return expected + " at index " + std::to_string(i);
  return {};
}

struct Reader {
  std::string_view family;
  const Json &fields;
  size_t found = 0;

  template <class Value> void operator()(const char *field, Value &value) {
    auto entry = fields.find(field);
    if (entry == fields.end())
      fail(field, "missing");
    ++found;
    if (std::string expected = readValue(*entry, value); !expected.empty())
      fail(field, "must be " + expected + ", is " + entry->dump());
  }

  [[noreturn]] void fail(std::string_view field, const std::string &what) const {
    throw Error(std::string(family) + "." + std::string(field) + ": " + what);
  }
};

/// The first key of `fields` that Spec does not have.
template <class Spec> std::string unknownField(const Spec &spec, const Json &fields) {
  for (const auto &[key, value] : fields.items()) {
    bool known = false;
    Spec::visit(spec,
                [&, &name = key](const char *field, const auto &) { known |= name == field; });
    if (!known)
      return key;
  }
  return {};
}

template <size_t index = 0> std::optional<KernelSpec> findFamily(std::string_view family) {
  if constexpr (index == std::variant_size_v<KernelSpec>) {
    return std::nullopt;
  } else {
    using Spec = std::variant_alternative_t<index, KernelSpec>;
    if (Spec::family == family)
      return Spec();
    return findFamily<index + 1>(family);
  }
}

} // namespace

std::optional<KernelSpec> defaultSpec(std::string_view family) { return findFamily(family); }

nlohmann::ordered_json toJson(const KernelSpec &spec) {
  Writer writer;
  std::visit([&](const auto &typed) { typed.visit(typed, writer); }, spec);
  return std::move(writer.fields);
}

KernelSpec parseSpec(std::string_view family, const Json &fields) {
  std::optional<KernelSpec> spec = defaultSpec(family);
  if (!spec)
    throw Error("unknown kernel family \"" + std::string(family) + "\"");
  if (!fields.is_object())
    throw Error(std::string(family) + ": the spec must be an object");
  Reader reader{family, fields};
  std::visit(
      [&](auto &typed) {
        typed.visit(typed, reader);
        if (reader.found != fields.size())
          reader.fail(unknownField(typed, fields), "unknown field");
      },
      *spec);
  check(*spec);
  return *std::move(spec);
}

} // namespace step37::spec
