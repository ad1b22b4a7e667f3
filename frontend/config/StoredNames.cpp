// See StoredNames.h.
#include "frontend/config/StoredNames.h"

#include "frontend/config/TensorTable.h"

#include <array>
#include <charconv>
#include <utility>

namespace step37 {

namespace {

constexpr std::string_view expertsModule = "experts.";

/// Where in the name of a tensor that stacks experts the module of one expert would stand: before
/// the last module, "gate_proj.weight". npos for other tensors.
size_t expertPlace(std::string_view stacked) {
  for (const TensorRule &rule : rulesOf(TensorOwner::layer)) {
    const std::string_view inLayer = rule.name.substr(rule.name.find('*') + 1);
    if (!rule.stacksExperts() || !stacked.ends_with(inLayer))
      continue;
    return stacked.rfind('.', stacked.rfind('.') - 1) + 1;
  }
  return std::string_view::npos;
}

} // namespace

std::string publishedTensorName(std::string_view stored) {
  // Longest first: the head is published outside of `model.`.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> prefixes{
      {{"model.language_model.lm_head.", "lm_head."},
       {"model.language_model.", "model."},
       {"model.vision_model.", "vision_model."},
       {"model.vit_large_projector.", "vit_large_projector."}}};
  for (const auto &[packaged, published] : prefixes)
    if (stored.starts_with(packaged))
      return std::string(published) + std::string(stored.substr(packaged.size()));
  return std::string(stored);
}

std::string expertTensorName(std::string_view stacked, int64_t expert) {
  const size_t place = expertPlace(stacked);
  if (place == std::string_view::npos)
    return {};
  std::string name(stacked);
  return name.insert(place, std::string(expertsModule) + std::to_string(expert) + '.');
}

std::optional<SingleExpert> parseExpertName(std::string_view name) {
  const size_t at = name.rfind(expertsModule);
  if (at == std::string_view::npos)
    return std::nullopt;
  const std::string_view number = name.substr(at + expertsModule.size());
  SingleExpert single;
  const char *digits = number.data();
  const auto [end, error] = std::from_chars(digits, digits + number.size(), single.expert);
  const std::string_view rest = number.substr(static_cast<size_t>(end - digits));
  if (error != std::errc() || single.expert < 0 || !rest.starts_with('.'))
    return std::nullopt;
  single.stacked = std::string(name.substr(0, at)) + std::string(rest.substr(1));
  // One spelling of a number only: whatever is accepted here is found by expertTensorName.
  if (expertTensorName(single.stacked, single.expert) != name)
    return std::nullopt;
  return single;
}

} // namespace step37
