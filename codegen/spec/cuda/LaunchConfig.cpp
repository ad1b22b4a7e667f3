#include "codegen/spec/cuda/LaunchConfig.h"

#include "runtime/base/Error.h"

#include <limits>
#include <optional>
#include <string>

namespace step37::spec {
namespace {

[[noreturn]] void fail(const std::string &field, const std::string &what) {
  throw Error("launch." + field + ": " + what);
}

struct Reader {
  const nlohmann::json &fields;
  size_t found = 1; // the kind

  void operator()(const char *field, int64_t &value) {
    const auto entry = fields.find(field);
    if (entry == fields.end())
      fail(field, "missing");
    if (!entry->is_number_integer() || *entry < 1 || *entry > std::numeric_limits<int32_t>::max())
      fail(field, "must be a positive integer below 2^31, is " + entry->dump());
    value = entry->get<int64_t>();
    ++found;
  }
};

template <size_t index = 0> std::optional<LaunchConfig> ofKind(std::string_view kind) {
  if constexpr (index == std::variant_size_v<LaunchConfig>) {
    return std::nullopt;
  } else {
    using Config = std::variant_alternative_t<index, LaunchConfig>;
    return Config::kind == kind ? std::optional<LaunchConfig>(Config()) : ofKind<index + 1>(kind);
  }
}

} // namespace

nlohmann::ordered_json toJson(const LaunchConfig &config) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  std::visit(
      [&](const auto &typed) {
        json["kind"] = typed.kind;
        typed.visit(typed, [&](const char *field, int64_t value) { json[field] = value; });
      },
      config);
  return json;
}

LaunchConfig parseLaunch(const nlohmann::json &json) {
  if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string())
    fail("kind", "missing");
  const std::string kind = json["kind"].get<std::string>();
  std::optional<LaunchConfig> config = ofKind(kind);
  if (!config)
    fail("kind", "unknown kind \"" + kind + "\"");
  Reader reader{json};
  std::visit([&](auto &typed) { typed.visit(typed, reader); }, *config);
  if (reader.found != json.size())
    fail(kind, "has an unknown field");
  return *config;
}

} // namespace step37::spec
