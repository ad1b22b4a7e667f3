// A plan's fields as the JSON header of its file, and back. Reading checks types, keys and the
// values of enumerations; whether the numbers fit together is PlanCheck.h, the bytes around the
// header are PlanFile.cpp. Not for other rooms.
#pragma once

#include "runtime/plan/Plan.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace step37::plan {

/// A blob as the header lists it.
struct BlobEntry {
  std::string name;
  int64_t offset = 0; // from the first blob's start
  int64_t bytes = 0;
  std::string sha256;
};

/// The header, starting with `sha256` as given.
nlohmann::ordered_json headerJson(const Plan &plan, const std::vector<BlobEntry> &blobs,
                                  const std::string &sha256);

struct ParsedHeader {
  Plan plan; // without the blobs' bytes
  std::vector<BlobEntry> blobs;
};

/// Throws Error where the header is of another version than formatVersion.
void checkVersion(const nlohmann::json &header, const std::string &origin);

/// Inverse of headerJson. Throws Error: "<origin>: <field path>: what is wrong".
ParsedHeader parseHeader(const nlohmann::json &header, const std::string &origin);

} // namespace step37::plan
