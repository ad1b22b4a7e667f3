// The parts of the table as one, and what follows from a declaration; see TensorTable.h.
#include "frontend/config/TensorTable.h"

#include "frontend/config/TextTensors.h"
#include "frontend/config/VisionTensors.h"

#include <cassert>

namespace step37 {

namespace {

const TensorRule &ruleOf(TensorId id) {
  for (TensorOwner owner : tensorOwners)
    for (const TensorRule &rule : rulesOf(owner))
      if (rule.id == id)
        return rule;
  assert(false && "every tensor is declared");
  __builtin_unreachable();
}

std::string enclosing(std::string path) {
  path.resize(path.rfind('.'));
  return path;
}

} // namespace

std::span<const TensorRule> rulesOf(TensorOwner owner) {
  const std::span<const TensorRule> text = textRulesOf(owner);
  return text.empty() ? visionRulesOf(owner) : text;
}

Sharing sharingOf(const TensorRule &rule) {
  const auto isSplit = [&](size_t index) { return rule.shape[index] && rule.shape[index]->split; };
  if (rule.stacksExperts())
    return isSplit(1) ? Sharing::expertColumn : Sharing::expertRow;
  if (rule.shape[0]->dim == "vocab")
    return Sharing::vocabulary;
  if (isSplit(0))
    return Sharing::column;
  return isSplit(1) ? Sharing::row : Sharing::replicated;
}

std::string_view name(Sharing sharing) {
  constexpr std::array<std::string_view, 6> names{"replicated", "column",        "row",
                                                  "vocabulary", "expert column", "expert row"};
  return names[static_cast<size_t>(sharing)];
}

std::string_view name(PackPlace place) {
  constexpr std::array<std::string_view, 7> names{"", "q", "k", "v", "head gate", "gate", "up"};
  return names[static_cast<size_t>(place)];
}

std::string numbered(std::string_view pattern, int64_t index) {
  std::string text(pattern);
  if (const size_t at = text.find('*'); at != std::string::npos)
    text.replace(at, 1, std::to_string(index));
  return text;
}

std::string TensorAt::name() const { return numbered(ruleOf(id).name, index); }

std::string TensorAt::module() const { return enclosing(name()); }

std::string TensorAt::parent() const { return enclosing(module()); }

} // namespace step37
