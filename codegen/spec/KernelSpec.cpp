// See KernelSpec.h. That a spec's sizes make sense is checked by SpecCheck.
#include "codegen/spec/KernelSpec.h"

#include <array>

namespace step37::spec {

std::string_view name(ClampPosition position) {
  return position == ClampPosition::afterSilu ? "after" : "before";
}

std::string_view family(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return typed.family; }, spec);
}

Arguments arguments(const KernelSpec &spec) {
  return std::visit([](const auto &typed) { return typed.arguments(); }, spec);
}

std::string_view name(Exchange exchange) {
  constexpr std::array<std::string_view, 4> names{"all_gather", "all_reduce", "reduce_scatter",
                                                  "all_to_all"};
  return names[size_t(exchange)];
}

std::optional<RankGroup> rankGroupOf(const KernelSpec &spec) {
  if (const auto *collective = std::get_if<Collective>(&spec))
    return RankGroup{name(collective->exchange), &collective->axes, collective->ranks};
  if (const auto *counted = std::get_if<CountedExchange>(&spec))
    return RankGroup{countedExchange, &counted->axes, counted->ranks};
  return std::nullopt;
}

} // namespace step37::spec
