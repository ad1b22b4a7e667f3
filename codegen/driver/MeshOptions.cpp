#include "codegen/driver/MeshOptions.h"

#include "runtime/base/Error.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <numeric>

namespace step37 {
namespace {

// Values of --dispatch.
constexpr const char *gather = "gather", *allToAll = "all-to-all";

/// The axes whose name is `prefix`, or begins with it and a dot.
std::vector<std::string> axesOf(const plan::Mesh &mesh, const std::string &prefix) {
  std::vector<std::string> names;
  for (const plan::Axis &axis : mesh.axes)
    if (axis.name == prefix || axis.name.starts_with(prefix + "."))
      names.push_back(axis.name);
  return names;
}

/// The axes of `ways` ranks together, behind which (faster) there are `inner` ranks.
std::vector<std::string> axesBetween(const plan::Mesh &mesh, int64_t inner, int64_t ways) {
  std::vector<std::string> names;
  int64_t behind = 1;
  for (size_t i = mesh.axes.size(); i-- > 0;) {
    if (behind >= inner && behind < inner * ways)
      names.insert(names.begin(), mesh.axes[i].name);
    behind *= mesh.axes[i].size;
  }
  return names;
}

std::string joined(const std::string &name, const std::vector<std::string> &axes) {
  std::string text = name + "=";
  for (const std::string &axis : axes)
    text += (text.ends_with("=") ? "" : "+") + axis;
  return text;
}

} // namespace

plan::Mesh meshFor(const MeshOptions &options, const ModelConfig &config, const std::string &origin,
                   int64_t batchTokens) {
  int64_t experts = options.ep * options.etp;
  plan::Mesh mesh = plan::makeMesh(options.dp.value_or(std::lcm(experts, options.tp) / options.tp),
                                   options.tp, options.ep, options.etp);
  auto require = [&](int64_t divisor, int64_t count, const std::string &option,
                     const std::string &what) {
    if (count % divisor != 0)
      throw Error(origin + ": " + option + " " + std::to_string(divisor) + " does not divide the " +
                  std::to_string(count) + " " + what);
  };
  for (const LayerConfig &layer : config.layers) {
    require(mesh.tp, layer.groups, "--tp", "key/value groups");
    require(mesh.tp, layer.heads, "--tp", "query heads");
    if (layer.moe)
      require(mesh.ep, config.experts, "--ep", "experts");
  }
  bool sparse = std::any_of(config.layers.begin(), config.layers.end(),
                            [](const LayerConfig &layer) { return layer.moe; });
  if (experts > 1 && !sparse)
    throw Error(origin + ": --ep and --etp need a model with experts");
  if (options.sequenceParallel)
    require(mesh.tp, batchTokens, "--sequence-parallel with --tp", "tokens of a batch");
  return mesh;
}

plan::ExpertDispatch dispatchFor(const MeshOptions &options, const plan::Mesh &mesh,
                                 const ModelConfig &config, const std::string &origin,
                                 int64_t batchTokens, DType type) {
  plan::ExpertDispatch dispatch;
  if (mesh.ep == 1)
    return dispatch;
  // Without a gather every rank has tokens of its own: also those along tp, if experts are there.
  int64_t parts = 1;
  for (const std::string &name : axesBetween(mesh, mesh.etp, mesh.ep))
    for (const plan::Axis &axis : mesh.axes)
      parts *= axis.name == name && !name.starts_with("dp") ? axis.size : 1;
  const bool divides = batchTokens % parts == 0;
  if (options.dispatch == allToAll && !divides)
    throw Error(origin + ": --dispatch all-to-all: " + std::to_string(parts) +
                " ranks along tp share experts, which does not divide the " +
                std::to_string(batchTokens) + " tokens of a batch");
  const int64_t dpRanks = mesh.ep / parts, groupTokens = batchTokens * dpRanks,
                row = config.hidden * byteSize(type);
  dispatch.gather_bytes = groupTokens * (mesh.ep - 1) / mesh.ep * row;
  dispatch.all_to_all_bytes = groupTokens * config.top_k / mesh.ep * (mesh.ep - 1) / mesh.ep * row;
  if (options.dispatch) {
    dispatch.choice = *options.dispatch;
    dispatch.reason = "asked for";
  } else if (!divides) {
    dispatch.choice = gather;
    dispatch.reason =
        "the tokens of a batch cannot be split over " + std::to_string(parts) + " ranks along tp";
  } else {
    dispatch.choice = dispatch.all_to_all_bytes < dispatch.gather_bytes ? allToAll : gather;
    dispatch.reason = "a rank receives fewer bytes";
    if (dispatch.all_to_all_bytes == dispatch.gather_bytes)
      dispatch.reason = "a rank receives no fewer bytes otherwise";
  }
  return dispatch;
}

void setSharding(LocalPipelineOptions &pipeline, const plan::Mesh &mesh,
                 const plan::ExpertDispatch &dispatch, const MeshOptions &options) {
  std::vector<std::string> dp = axesOf(mesh, "dp"), tp = axesOf(mesh, "tp"),
                           etp = axesBetween(mesh, 1, mesh.etp),
                           ep = axesBetween(mesh, mesh.etp, mesh.ep);
  for (const plan::Axis &axis : mesh.axes)
    pipeline.axes.push_back(axis.name + "=" + std::to_string(axis.size));
  pipeline.dims = {joined("token", dp),      joined("image", dp), joined("vocab", tp),
                   joined("head", tp),       joined("ffn", tp),   joined("expert", ep),
                   joined("expert_ffn", etp)};
  pipeline.tokenAxes = dp;
  if (options.sequenceParallel)
    pipeline.tokenAxes.insert(pipeline.tokenAxes.end(), tp.begin(), tp.end());
  pipeline.splitState = options.splitState;
  pipeline.expertRows = options.expertRows;
  pipeline.exchangeExperts = dispatch.choice == allToAll;
}

} // namespace step37
