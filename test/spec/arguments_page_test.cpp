// codegen/spec/ARGUMENTS.md, the page of what every kernel family takes, is what the specs declare.
#include "codegen/spec/KernelSpec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace step37;

/// The parts of a list between its commas that are in no parentheses, trimmed.
std::vector<std::string> partsOf(std::string_view list) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : list) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else if (c != ' ' || !parts.back().empty())
      parts.back() += c;
  }
  return parts;
}

std::string code(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text.empty() ? text : "`" + text + "`";
}

/// A row of the page from "(read, x, type, shape(rows, cols), when(…))".
std::string rowOf(std::string_view declaration) {
  std::vector<std::string> parts = partsOf(declaration.substr(1, declaration.size() - 2));
  auto take = [&]() -> std::string {
    if (parts.empty())
      return {};
    std::string first = parts.front();
    parts.erase(parts.begin());
    return first;
  };
  const std::string kind = take(), name = take();
  static const std::map<std::string, std::string> accesses{{"read", "read"},
                                                           {"write", "written"},
                                                           {"readWrite", "read and written"},
                                                           {"each", "read, a list"},
                                                           {"slot", "read"}};
  const std::string access = kind == "access" ? code(take()) : accesses.at(kind);
  const bool isSlot = kind == "slot";
  const std::string type = isSlot ? "DType::f32" : take(), extent = isSlot ? "1" : take();
  std::string rest;
  for (const std::string &part : parts)
    rest += (rest.empty() ? "" : ", ") + code(part);
  return "| `" + name + "` | " + access + " | " + code(type) + " | " + code(extent) + " | " + rest +
         " |\n";
}

template <class Spec> std::string sectionOf() {
  std::string section = "\n## " + std::string(Spec::family) +
                        "\n\n| name | access | type | elements | else |\n|---|---|---|---|---|\n";
  for (const std::string &declaration : partsOf(Spec::argumentsText))
    section += rowOf(declaration);
  return section;
}

std::string page() {
  std::string text = R"(# What kernels take

The buffers of every kernel family in launch order, from the declarations in `codegen/spec`. The
words in them are fields of the spec; `codegen/spec/Argument.h` says what `shape`, `strided`, `when`,
`inPlaceOf` and `partly` mean. What a kernel computes stands at its spec. A test compares this page
with the declarations, and says how to write it again.
)";
#define STEP37_SECTION(Family) text += sectionOf<spec::Family>();
  STEP37_FAMILIES(STEP37_SECTION)
#undef STEP37_SECTION
  return text;
}

TEST(ArgumentsPage, IsWhatTheSpecsDeclare) {
  std::ifstream file(ARGUMENTS_PAGE);
  const std::string found{std::istreambuf_iterator<char>(file), {}};
  const std::string expected = page();
  if (found == expected)
    return;
  std::ofstream("ARGUMENTS.md") << expected;
  ADD_FAILURE() << ARGUMENTS_PAGE << " differs: copy ARGUMENTS.md from this folder over it";
}

/// Every name of the page is one that the spec declares.
} // namespace
