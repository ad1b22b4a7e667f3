// JSON from files that are not trusted: what nlohmann::json accepts silently (a key that appears
// twice, nesting without end) is an error here, and every error names the file.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace step37 {

/// Nesting deeper than this is refused.
inline constexpr int maxJsonDepth = 64;

/// Parses one JSON document. Throws Error: "<origin>: not valid JSON, at byte N" and the like.
nlohmann::json parseStrictJson(std::string_view text, const std::string &origin);

} // namespace step37
