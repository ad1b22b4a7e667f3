#include "codegen/report/NamesReport.h"

#include "codegen/report/PathPattern.h"
#include "codegen/report/PublishedReport.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/Safetensors.h"
#include "runtime/base/ShapeText.h"
#include "runtime/base/TextTable.h"

#include <algorithm>

namespace step37::report {

namespace {

/// Tensors that are alike but for numbers in their names, and for their shapes.
struct Kind {
  std::string name, type, sharing, pack, megatron;
  std::vector<std::string> shapes = {};
  int64_t count = 0;

  bool isLike(const Kind &other) const { return name == other.name && megatron == other.megatron; }
};

/// In the order of their first tensors.
std::vector<Kind> kindsOf(const std::vector<MappedTensor> &table) {
  std::vector<Kind> kinds;
  for (const MappedTensor &tensor : table) {
    Kind kind{withoutNumbers(tensor.published.name),
              std::string(safetensors::publishedName(tensor.published.type)),
              std::string(name(tensor.sharing)),
              tensor.place == PackPlace::alone ? "" : withoutNumbers(parameterText(tensor)),
              withoutNumbers(tensor.megatron)};
    auto found = std::find_if(kinds.begin(), kinds.end(),
                              [&](const Kind &other) { return other.isLike(kind); });
    if (found == kinds.end())
      found = kinds.insert(kinds.end(), std::move(kind));
    ++found->count;
    std::string shape = shapeText(tensor.published.shape);
    if (std::find(found->shapes.begin(), found->shapes.end(), shape) == found->shapes.end())
      found->shapes.push_back(std::move(shape));
  }
  return kinds;
}

} // namespace

std::string parameterText(const MappedTensor &tensor) {
  return tensor.place == PackPlace::alone
             ? tensor.parameter
             : tensor.parameter + " (" + std::string(name(tensor.place)) + ')';
}

std::string namesText(const std::vector<MappedTensor> &table, bool megatron) {
  TextTable text("llrlll");
  text.add({"tensor", "type", "shape", "sharing", "parameter", megatron ? "Megatron-Core" : ""});
  PublishedTotal sum;
  for (const MappedTensor &tensor : table) {
    const PublishedTensor &published = tensor.published;
    text.add({published.name, std::string(safetensors::publishedName(published.type)),
              shapeText(published.shape), std::string(name(tensor.sharing)), parameterText(tensor),
              megatron ? tensor.megatron : ""});
    sum.add(published);
  }
  return text.text() + counted(sum.tensors, "tensor") + ", " +
         counted(sum.parameters, "parameter") + ", " + counted(sum.bytes, "byte") + '\n';
}

std::string kindsMarkdown(const std::vector<MappedTensor> &table) {
  std::string text =
      "| published | tensors | type | shape | sharing | packed into | Megatron-Core |\n"
      "|---|---:|---|---|---|---|---|\n";
  for (const Kind &kind : kindsOf(table)) {
    std::string shapes;
    for (const std::string &shape : kind.shapes)
      shapes += (shapes.empty() ? "" : " or ") + shape;
    text += "| `" + kind.name + "` | " + grouped(kind.count) + " | " + kind.type + " | " + shapes +
            " | " + kind.sharing + " | " + (kind.pack.empty() ? "" : '`' + kind.pack + '`') +
            " | `" + kind.megatron + "` |\n";
  }
  return text;
}

} // namespace step37::report
