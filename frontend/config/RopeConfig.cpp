// Which rotary embedding each layer has (docs/model.md, A.1 and "The spelling that transformers
// writes"). The published spelling is three fields (rope_theta, partial_rotary_factors,
// rope_scaling with yarn_only_types); the other is rope_parameters, one object, or one a layer
// type. What the values do to frequencies is the frontend's.
#include "frontend/config/ConfigParts.h"

#include <array>

namespace step37::config {

namespace {

constexpr double defaultTheta = 10000, defaultPartialFactor = 1;
constexpr std::array<std::string_view, 2> typeNames{"full_attention", "sliding_attention"};

/// A value together with the field that gave it.
template <typename T> struct Given {
  T value;
  Field field;
};

/// What one or more fields say about a layer's rotary embedding; empty where they say nothing.
struct RopeChoice {
  std::optional<Given<double>> theta, partialFactor;
  std::optional<Given<std::optional<RopeScaling>>> scaling;
};

template <typename T>
void merge(std::optional<Given<T>> &into, const std::optional<Given<T>> &from) {
  if (into && from && !(into->value == from->value))
    from->field.fail("contradicts " + into->field.path() + "; give one, or both alike");
  if (!into && from)
    into = from;
}

void merge(RopeChoice &into, const RopeChoice &from) {
  merge(into.theta, from.theta);
  merge(into.partialFactor, from.partialFactor);
  merge(into.scaling, from.scaling);
}

double theta(const Field &field) { return field.positive(); }
double partialFactor(const Field &field) { return field.number(0, 1); }

std::optional<RopeScaling> scaling(const Field &object, const Field &type) {
  if (type.oneOf({"llama3", "default"}) == "default")
    return std::nullopt;
  RopeScaling result;
  result.factor = object.require({"factor"}).positive();
  result.low_freq_factor = object.require({"low_freq_factor"}).positive();
  result.high_freq_factor = object.require({"high_freq_factor"}).positive();
  if (result.high_freq_factor <= result.low_freq_factor)
    object.failAt("high_freq_factor", "must be above low_freq_factor");
  result.original_max_position_embeddings =
      object.require({"original_max_position_embeddings"}).size();
  return result;
}

RopeChoice readObject(const Field &object) {
  RopeChoice choice;
  if (auto field = object.find({"rope_theta"}))
    choice.theta = {theta(*field), *field};
  if (auto field = object.find({"partial_rotary_factor"}))
    choice.partialFactor = {partialFactor(*field), *field};
  if (auto type = object.find({"rope_type", "type"}))
    choice.scaling = {scaling(object, *type), *type};
  else if (object.find({"factor"}))
    object.failAt("rope_type", "is missing; accepted: \"llama3\", \"default\"");
  return choice;
}

/// Layer types that an object without types scales: yarn_only_types, by default full attention.
std::array<bool, 2> scaledTypes(const Field &text) {
  std::array<bool, 2> scaled{true, false};
  auto field = text.find({"yarn_only_types"});
  if (!field || field->list().empty())
    return scaled;
  scaled = {false, false};
  for (const Field &entry : field->list())
    scaled[entry.oneOf({typeNames[0], typeNames[1]}) == typeNames[1]] = true;
  return scaled;
}

/// Adds what `object` says to the choice of each layer type that occurs among the decoder layers
/// or that it names.
void readByType(const Field &object, const std::array<bool, 2> &scaled,
                const std::array<bool, 2> &occurs, std::array<RopeChoice, 2> &types) {
  const std::array<std::optional<Field>, 2> entries{object.find({typeNames[0]}),
                                                    object.find({typeNames[1]})};
  if (entries[0] || entries[1]) {
    for (size_t type = 0; type < 2; ++type)
      if (entries[type])
        merge(types[type], readObject(*entries[type]));
      else if (occurs[type])
        object.failAt(typeNames[type], "is missing, but layer_types has layers of this type");
    return;
  }
  const RopeChoice choice = readObject(object);
  for (size_t type = 0; type < 2; ++type) {
    RopeChoice forType = choice;
    if (forType.scaling && !scaled[type])
      forType.scaling->value = std::nullopt;
    merge(types[type], forType);
  }
}

} // namespace

std::vector<LayerRope> readRope(const Field &root, const Field &text,
                                const std::vector<bool> &sliding, LayerCounts counts) {
  std::array<bool, 2> occurs{false, false};
  for (int64_t layer = 0; layer < counts.decoder; ++layer)
    occurs[sliding[layer]] = true;

  const std::array<bool, 2> scaled = scaledTypes(text);
  std::array<RopeChoice, 2> types;
  for (std::string_view name : {"rope_scaling", "rope_parameters"}) {
    // For step3p5 both are the same object, and agree with themselves.
    if (auto object = text.find({name}))
      readByType(*object, scaled, occurs, types);
    if (auto object = root.find({name}))
      readByType(*object, scaled, occurs, types);
  }

  auto thetas = perLayer(text.find({"rope_theta"}), counts,
                         [](const Field &field) { return Given<double>{theta(field), field}; });
  auto factors =
      perLayer(text.find({"partial_rotary_factors", "partial_rotary_factor"}), counts,
               [](const Field &field) { return Given<double>{partialFactor(field), field}; });

  std::vector<LayerRope> result(counts.total());
  for (int64_t layer = 0; layer < counts.total(); ++layer) {
    RopeChoice choice{thetas[layer], factors[layer], std::nullopt};
    merge(choice, types[sliding[layer]]);
    result[layer].theta = choice.theta ? choice.theta->value : defaultTheta;
    result[layer].partial_factor =
        choice.partialFactor ? choice.partialFactor->value : defaultPartialFactor;
    if (choice.scaling)
      result[layer].scaling = choice.scaling->value;
  }
  return result;
}

} // namespace step37::config
