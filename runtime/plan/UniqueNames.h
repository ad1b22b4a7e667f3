// Names of one kind in a plan: none empty, none twice.
#pragma once

#include "runtime/base/FieldPath.h"

#include <string>
#include <string_view>
#include <unordered_set>

namespace step37::plan {

class UniqueNames {
public:
  /// Adds the name that stands in field `name` of `owner`; the string must outlive this.
  void add(const std::string &name, const FieldPath &owner) {
    if (name.empty())
      owner.field("name").fail("is empty");
    if (!names.insert(name).second)
      owner.field("name").fail("'" + name + "' is there already");
  }

private:
  std::unordered_set<std::string_view> names;
};

} // namespace step37::plan
