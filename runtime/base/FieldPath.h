// Where a value stands in a plan: "targets[0].buffers[12].offset". A chain of links to the parent,
// so that text is made only for an error.
#pragma once

#include "runtime/base/Error.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace step37 {

/// A link; must not outlive its parent, nor the strings it was made from.
class FieldPath {
public:
  /// The root: the plan as a whole, named by its file.
  explicit FieldPath(const std::string &origin) : origin(&origin) {}

  FieldPath field(std::string_view name) const & { return {*this, name, 0}; }
  FieldPath element(size_t index) const & { return {*this, {}, index}; }
  FieldPath field(std::string_view name) const && = delete; // its parent would be gone
  FieldPath element(size_t index) const && = delete;

  /// "targets[0].buffers[12].offset"; empty for the root.
  std::string text() const {
    if (!parent)
      return {};
    const std::string before = parent->text();
    if (name.empty())
      return before + "[" + std::to_string(index) + "]";
    return before.empty() ? std::string(name) : before + "." + std::string(name);
  }

  /// Throws Error: "<origin>: <path>: <what>".
  [[noreturn]] void fail(const std::string &what) const {
    const std::string path = text();
    throw Error(*origin + ": " + (path.empty() ? "" : path + ": ") + what);
  }

private:
  FieldPath(const FieldPath &parent, std::string_view name, size_t index)
      : origin(parent.origin), parent(&parent), name(name), index(index) {}

  const std::string *origin;
  const FieldPath *parent = nullptr;
  std::string_view name; // empty: an element
  size_t index = 0;
};

} // namespace step37
