// The per-layer fields of a text config: types, heads, windows, experts, clamps (docs/model.md,
// A.1). Lists may be padded by the MTP layers; their entries then describe those. RoPE is
// RopeConfig.cpp.
#include "frontend/config/ConfigParts.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace step37::config {

namespace {

constexpr int64_t defaultWindow = 512;
// Without any field about it, transformers' class makes the layers from this one on sparse.
constexpr int64_t defaultFirstMoeLayer = 3;

bool isSliding(const Field &field) {
  return field.oneOf({"full_attention", "sliding_attention"}) == "sliding_attention";
}

bool isSparse(const Field &field) { return field.oneOf({"dense", "sparse"}) == "sparse"; }

/// A list with one entry an MTP layer.
std::vector<Field> mtpList(const Field &field, LayerCounts counts) {
  std::vector<Field> list = field.list();
  if (static_cast<int64_t>(list.size()) != counts.mtp)
    field.fail("has " + std::to_string(list.size()) + " entries; must have " +
               std::to_string(counts.mtp) + " (num_nextn_predict_layers)");
  return list;
}

/// Which layers have a sliding window. MTP layers do unless the config says otherwise.
std::vector<bool> readTypes(const Field &text, LayerCounts counts) {
  const Field field = text.require({"layer_types"});
  if (!field.isList())
    field.list(); // one type for all layers is not published: says so
  auto types = perLayer(field, counts, isSliding);
  if (auto mtp = text.find({"mtp_layer_types"})) {
    std::vector<Field> list = mtpList(*mtp, counts);
    for (int64_t i = 0; i < counts.mtp; ++i) {
      std::optional<bool> &type = types[counts.decoder + i];
      const bool sliding = isSliding(list[i]);
      if (type && *type != sliding)
        list[i].fail("contradicts layer_types[" + std::to_string(counts.decoder + i) + "]");
      type = sliding;
    }
  }
  std::vector<bool> sliding(counts.total());
  for (int64_t layer = 0; layer < counts.total(); ++layer)
    sliding[layer] = types[layer].value_or(true);
  return sliding;
}

/// The layer indices of moe_layers_enum: "3,4,5", [3, 4, 5] or 3.
std::vector<bool> readMoeEnum(const Field &field, LayerCounts counts) {
  std::vector<bool> moe(counts.decoder, false);
  if (!field.isText()) {
    std::vector<Field> entries = field.isList() ? field.list() : std::vector<Field>{field};
    for (const Field &entry : entries)
      moe[entry.integer(0, counts.decoder - 1)] = true;
    return moe;
  }
  const std::string text = field.text();
  const char *at = text.data(), *end = text.data() + text.size();
  auto skipBlanks = [&] { at = std::find_if(at, end, [](char c) { return c != ' '; }); };
  while (skipBlanks(), at != end) {
    int64_t layer = 0;
    auto [next, error] = std::from_chars(at, end, layer);
    if (error != std::errc() || layer < 0 || layer >= counts.decoder)
      field.fail("must list layers from 0 to " + std::to_string(counts.decoder - 1) +
                 ", separated by commas; wrong from \"" +
                 std::string(at, std::min<size_t>(end - at, 20)) + "\" on");
    moe[layer] = true;
    at = next;
    skipBlanks();
    if (at != end && *at++ != ',')
      field.fail("must separate layers by commas; wrong before \"" +
                 std::string(at - 1, std::min<size_t>(end - at + 1, 20)) + '"');
  }
  return moe;
}

/// Which decoder layers are mixtures of experts.
std::vector<bool> readMoeLayers(const Field &text, LayerCounts counts) {
  std::vector<bool> moe(counts.decoder, false);
  auto use = text.find({"use_moe"});
  if (use && !use->flag())
    return moe;

  auto layerEnum = text.find({"moe_layers_enum"});
  if (layerEnum)
    moe = readMoeEnum(*layerEnum, counts);

  if (auto mtpTypes = text.find({"mtp_mlp_layer_types"}))
    for (const Field &entry : mtpList(*mtpTypes, counts))
      if (isSparse(entry))
        entry.fail("\"sparse\" is not supported in an MTP layer; accepted: \"dense\"");
  if (auto types = text.find({"mlp_layer_types"})) {
    if (!types->isList())
      types->list();
    auto sparse = perLayer(types, counts, isSparse);
    for (int64_t layer = 0; layer < counts.total(); ++layer) {
      const bool value = sparse[layer].value_or(false);
      if (layer >= counts.decoder && value)
        types->fail("has \"sparse\" for MTP layer " + std::to_string(layer) +
                    ", which is not supported; accepted: \"dense\"");
      if (layer < counts.decoder && layerEnum && moe[layer] != value)
        types->fail("contradicts moe_layers_enum at layer " + std::to_string(layer));
      if (layer < counts.decoder)
        moe[layer] = value;
    }
    return moe;
  }
  if (layerEnum)
    return moe;

  auto offset = text.find({"moe_layer_offset"}), every = text.find({"moe_every_n_layer"});
  if (!use && !offset && !every && !text.find({"moe_num_experts", "n_routed_experts"}))
    return moe;
  int64_t first = offset || every ? 0 : defaultFirstMoeLayer, step = 1;
  if (offset)
    first = offset->integer(0, maxLayers);
  if (every)
    step = every->integer(1, maxLayers);
  for (int64_t layer = first; layer < counts.decoder; layer += step)
    moe[layer] = true;
  return moe;
}

/// Head counts of a layer.
struct HeadShape {
  int64_t heads = 0, groups = 0, headDim = 0;
};

std::optional<Field> findHeads(const Field &object) { return object.find({"num_attention_heads"}); }

/// The values of `object`, an attention setting, over those of `shape`.
HeadShape overridden(const Field &object, HeadShape shape) {
  if (auto field = findHeads(object))
    shape.heads = field->size();
  if (auto field = object.find({"num_attention_groups", "num_key_value_heads"}))
    shape.groups = field->size();
  if (auto field = object.find({"head_dim", "true_head_dim"}))
    shape.headDim = field->size();
  return shape;
}

void checkShape(const Field &text, const HeadShape &shape, int64_t layer) {
  if (shape.heads % shape.groups != 0)
    text.failAt("num_attention_heads", "layer " + std::to_string(layer) + " has " +
                                           std::to_string(shape.heads) +
                                           " heads, which num_attention_groups (" +
                                           std::to_string(shape.groups) + ") does not divide");
}

/// Head counts of every layer: the base setting, attention_other_setting for the layer type that it
/// names, num_sliding_attention_heads, and per_layer_config for single layers.
std::vector<HeadShape> readHeads(const Field &text, const std::vector<bool> &sliding,
                                 LayerCounts counts) {
  HeadShape base;
  base.heads = text.require({"num_attention_heads"}).size();
  base.groups = text.require({"num_attention_groups", "num_key_value_heads"}).size();
  base.headDim = text.require({"head_dim"}).size();
  HeadShape byType[2] = {base, base};

  std::optional<Field> slidingHeads = text.find({"num_sliding_attention_heads"});
  if (slidingHeads)
    byType[1].heads = slidingHeads->size();
  if (auto other = text.find({"attention_other_setting"})) {
    auto type = other->find({"attention_type"});
    const bool forSliding = !type || isSliding(*type);
    byType[forSliding] = overridden(*other, byType[forSliding]);
    auto heads = findHeads(*other);
    if (forSliding && heads && slidingHeads && heads->size() != slidingHeads->size())
      slidingHeads->fail("contradicts " + heads->path());
    if (forSliding && heads)
      slidingHeads = heads;
  }

  std::vector<HeadShape> shapes;
  for (bool isSlidingLayer : sliding)
    shapes.push_back(byType[isSlidingLayer]);

  if (auto single = text.find({"per_layer_config"}))
    for (const auto &[key, entry] : single->members()) {
      int64_t layer = -1;
      auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), layer);
      if (error != std::errc() || end != key.data() + key.size() || layer < 0 ||
          layer >= counts.total())
        entry.fail("is not a layer; accepted: 0 to " + std::to_string(counts.total() - 1));
      for (const auto &[name, value] : entry.members())
        if (name != "num_attention_heads" && name != "num_key_value_heads" &&
            name != "num_attention_groups" && name != "head_dim")
          value.fail("is not supported for a single layer; accepted: num_attention_heads, "
                     "num_key_value_heads, head_dim");
      auto heads = findHeads(entry);
      if (heads && slidingHeads && sliding[layer] && heads->size() != slidingHeads->size())
        heads->fail("contradicts " + slidingHeads->path());
      shapes[layer] = overridden(entry, shapes[layer]);
    }

  for (int64_t layer = 0; layer < counts.total(); ++layer)
    checkShape(text, shapes[layer], layer);
  return shapes;
}

/// Clamp limits; missing, null and 0 are "none", given as 0.
std::vector<double> readLimits(const Field &text, std::string_view name, LayerCounts counts) {
  auto entries = perLayer(text.find({name}), counts, [](const Field &field) {
    return field.isNull() ? 0.0 : field.number(0, 1e30);
  });
  std::vector<double> limits(counts.total());
  for (int64_t layer = 0; layer < counts.total(); ++layer)
    limits[layer] = entries[layer].value_or(0.0);
  return limits;
}

/// use_rope_layers: a flag a layer; missing or empty means all layers.
std::vector<bool> readRopeLayers(const Field &text, LayerCounts counts) {
  std::vector<bool> use(counts.total(), true);
  auto field = text.find({"use_rope_layers"});
  if (!field || field->list().empty())
    return use;
  auto flags = perLayer(field, counts, [](const Field &entry) {
    return entry.isNumber() ? entry.integer(0, 1) == 1 : entry.flag();
  });
  for (int64_t layer = 0; layer < counts.total(); ++layer)
    use[layer] = flags[layer].value_or(true);
  return use;
}

/// int(head_dim · factor). Both must be even where the layer rotates, which it does in pairs.
int64_t rotaryDim(const Field &text, const LayerConfig &layer, double factor, int64_t index) {
  const auto dim = static_cast<int64_t>(static_cast<double>(layer.head_dim) * factor);
  const auto require = [&](std::string_view name, int64_t value, const char *what) {
    if (layer.use_rope && value % 2 != 0)
      text.failAt(name, "layer " + std::to_string(index) + " has " + std::to_string(value) + what +
                            "; RoPE rotates pairs, the number must be even");
  };
  require("head_dim", layer.head_dim, " dimensions a head");
  require("partial_rotary_factors", dim, " dimensions to rotate");
  return dim;
}

} // namespace

void readLayers(const Field &root, const Field &text, ModelConfig &config) {
  LayerCounts counts;
  counts.decoder = text.require({"num_hidden_layers"}).integer(1, maxLayers);
  if (auto field = text.find({"num_nextn_predict_layers", "num_mtp_layers"}))
    counts.mtp = field->integer(0, maxLayers);

  const std::vector<bool> sliding = readTypes(text, counts);
  const std::vector<bool> moe = readMoeLayers(text, counts);
  const std::vector<HeadShape> heads = readHeads(text, sliding, counts);
  const std::vector<LayerRope> rope = readRope(root, text, sliding, counts);
  const std::vector<bool> useRope = readRopeLayers(text, counts);
  const std::vector<double> limits = readLimits(text, "swiglu_limits", counts);
  const std::vector<double> sharedLimits = readLimits(text, "swiglu_limits_shared", counts);
  const auto windowField = text.find({"sliding_window"});
  const int64_t window = windowField ? windowField->size() : defaultWindow;

  for (int64_t i = 0; i < counts.total(); ++i) {
    LayerConfig layer;
    layer.sliding = sliding[i];
    layer.heads = heads[i].heads;
    layer.groups = heads[i].groups;
    layer.head_dim = heads[i].headDim;
    layer.window = sliding[i] ? window : 0;
    layer.use_rope = useRope[i];
    layer.rotary_dim = rotaryDim(text, layer, rope[i].partial_factor, i);
    layer.rope_theta = rope[i].theta;
    layer.rope_scaling = rope[i].scaling;
    layer.moe = i < counts.decoder && moe[i];
    layer.swiglu_limit = limits[i];
    layer.swiglu_limit_shared = sharedLimits[i];
    (i < counts.decoder ? config.layers : config.mtp_layers).push_back(layer);
  }
  config.has_moe = std::find(moe.begin(), moe.end(), true) != moe.end();
}

} // namespace step37::config
