// Specs to and from JSON: an object with every field by name. The plan file stores it, the compiler
// prints it. What a valid spec is, beyond the types of its fields, is SpecCheck.h.
#pragma once

#include "codegen/spec/KernelSpec.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace step37::spec {

/// A spec of this family with all fields at their defaults; empty for an unknown family.
std::optional<KernelSpec> defaultSpec(std::string_view family);

/// Every field by name, enumerations by their names.
nlohmann::ordered_json toJson(const KernelSpec &spec);

/// Inverse of toJson, checked (SpecCheck.h). Throws Error "<family>.<field>: what is wrong" where a
/// field is missing, unknown, of another type or out of range.
KernelSpec parseSpec(std::string_view family, const nlohmann::json &fields);

} // namespace step37::spec
