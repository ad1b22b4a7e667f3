// JSON to plan: every key is known, none is missing, each value has its type. PlanToJson.cpp is the
// inverse.
#include "runtime/base/JsonNode.h"
#include "runtime/plan/PlanJson.h"

namespace step37::plan {

namespace {

DType readDType(const JsonNode &node) {
  const std::optional<DType> type = parseDType(node.string());
  if (!type)
    node.fail("unknown element type '" + node.string() + "'");
  return *type;
}

template <class Enum, size_t count> Enum readEnum(const JsonNode &node) {
  return node.enumeration<Enum, count>([](Enum value) { return name(value); });
}

Split readSplit(const JsonNode &node) {
  return node.list([](const JsonNode &axes) { return axes.strings(); });
}

Part readPart(const JsonNode &node) {
  node.expectKeys({"name", "dtype", "shape", "blocks", "block", "begin", "stride", "init_std",
                   "init_mean", "split"});
  Part part;
  part.name = node["name"].string();
  part.type = readDType(node["dtype"]);
  part.shape = node["shape"].integers();
  part.blocks = node["blocks"].integer();
  part.block = node["block"].integer();
  part.begin = node["begin"].integer();
  part.stride = node["stride"].integer();
  part.init_std = node["init_std"].number();
  part.init_mean = node["init_mean"].number();
  part.split = readSplit(node["split"]);
  return part;
}

ParameterState readState(const JsonNode &node) {
  node.expectKeys({"role", "buffer"});
  return {node["role"].string(), node["buffer"].string()};
}

Parameter readParameter(const JsonNode &node) {
  node.expectKeys({"name", "buffer", "gradient", "states", "trained", "parts", "gradient_partial",
                   "state_split"});
  Parameter parameter;
  parameter.name = node["name"].string();
  parameter.buffer = node["buffer"].string();
  parameter.gradient = node["gradient"].string();
  parameter.states = node["states"].list(readState);
  parameter.trained = node["trained"].boolean();
  parameter.parts = node["parts"].list(readPart);
  parameter.gradient_partial = node["gradient_partial"].strings();
  parameter.state_split = node["state_split"].strings();
  return parameter;
}

CarriedTensor readCarried(const JsonNode &node) {
  node.expectKeys({"name", "dtype", "shape"});
  return {node["name"].string(), readDType(node["dtype"]), node["shape"].integers()};
}

SavedActivation readSaved(const JsonNode &node) {
  node.expectKeys({"origin", "operation", "dtype", "shape"});
  return {node["origin"].string(), node["operation"].string(), readDType(node["dtype"]),
          node["shape"].integers()};
}

RecomputedActivation readRecomputed(const JsonNode &node) {
  node.expectKeys({"origin", "operation", "bytes", "flops", "sent_bytes", "overflow"});
  return {node["origin"].string(), node["operation"].string(),   node["bytes"].integer(),
          node["flops"].integer(), node["sent_bytes"].integer(), node["overflow"].boolean()};
}

Activations readActivations(const JsonNode &node) {
  node.expectKeys({"recompute", "memory_budget", "saved", "recomputed"});
  return {node["recompute"].string(), node["memory_budget"].integer(),
          node["saved"].list(readSaved), node["recomputed"].list(readRecomputed)};
}

Buffer readBuffer(const JsonNode &node) {
  node.expectKeys({"name", "class", "kind", "dtype", "shape", "offset", "program", "first_step",
                   "last_step", "split", "coordinate"});
  Buffer buffer;
  buffer.name = node["name"].string();
  buffer.cls = readEnum<BufferClass, bufferClassCount>(node["class"]);
  buffer.kind = readEnum<BufferKind, bufferKindCount>(node["kind"]);
  buffer.type = readDType(node["dtype"]);
  buffer.shape = node["shape"].integers();
  buffer.offset = node["offset"].integer();
  buffer.program = node["program"].smallInteger();
  buffer.first_step = node["first_step"].smallInteger();
  buffer.last_step = node["last_step"].smallInteger();
  buffer.split = readSplit(node["split"]);
  buffer.coordinate = node["coordinate"].strings();
  return buffer;
}

KernelStage readStage(const JsonNode &node) {
  node.expectKeys({"entry", "grid", "block", "shared_bytes", "registers", "spill_bytes"});
  return {node["entry"].string(),      node["grid"].integers(),
          node["block"].integer(),     node["shared_bytes"].integer(),
          node["registers"].integer(), node["spill_bytes"].integer()};
}

Kernel readKernel(const JsonNode &node) {
  node.expectKeys(
      {"name", "family", "variant", "reason", "spec", "launch", "image", "source", "stages"});
  return {node["name"].string(),   node["family"].string(), node["variant"].string(),
          node["reason"].string(), node["spec"].object(),   node["launch"].object(),
          node["image"].string(),  node["source"].string(), node["stages"].list(readStage)};
}

Argument readArgument(const JsonNode &node) {
  const std::vector<int64_t> pair = node.integers();
  if (pair.size() != 2)
    node.fail("expected a buffer's index and a byte offset in it");
  if (pair[0] != static_cast<int>(pair[0]))
    node.fail("buffer " + std::to_string(pair[0]) + " is beyond 32 bits");
  return {static_cast<int>(pair[0]), pair[1]};
}

Step readStep(const JsonNode &node) {
  node.expectKeys({"kind", "kernel", "arguments", "origin", "stream", "after", "rows_of"});
  Step step;
  step.kind = readEnum<StepKind, stepKindCount>(node["kind"]);
  step.kernel = node["kernel"].smallInteger();
  step.arguments = node["arguments"].list(readArgument);
  step.origin = node["origin"].string();
  step.stream = node["stream"].smallInteger();
  step.after = node["after"].list([](const JsonNode &number) { return number.smallInteger(); });
  step.rows_of = node["rows_of"].smallInteger();
  return step;
}

Program readProgram(const JsonNode &node) {
  node.expectKeys({"name", "role", "steps"});
  return {node["name"].string(), readEnum<ProgramRole, programRoleCount>(node["role"]),
          node["steps"].list(readStep)};
}

Target readTarget(const JsonNode &node) {
  node.expectKeys({"name", "arch", "compiler", "arena_bytes", "buffers", "kernels", "programs"});
  Target target;
  target.name = node["name"].string();
  target.arch = node["arch"].string();
  target.compiler = node["compiler"].string();
  target.arena_bytes = node["arena_bytes"].integer();
  target.buffers = node["buffers"].list(readBuffer);
  target.kernels = node["kernels"].list(readKernel);
  target.programs = node["programs"].list(readProgram);
  return target;
}

Axis readAxis(const JsonNode &node) {
  node.expectKeys({"name", "size"});
  return {node["name"].string(), node["size"].integer()};
}

Mesh readMesh(const JsonNode &node) {
  node.expectKeys({"dp", "tp", "ep", "etp", "axes"});
  return {node["dp"].integer(), node["tp"].integer(), node["ep"].integer(), node["etp"].integer(),
          node["axes"].list(readAxis)};
}

ExpertDispatch readDispatch(const JsonNode &node) {
  node.expectKeys({"choice", "reason", "gather_bytes", "all_to_all_bytes"});
  ExpertDispatch dispatch{node["choice"].string(), node["reason"].string(),
                          node["gather_bytes"].integer(), node["all_to_all_bytes"].integer()};
  if (!dispatch.choice.empty() && dispatch.choice != "gather" && dispatch.choice != "all-to-all")
    node["choice"].fail("unknown choice '" + dispatch.choice + "'");
  return dispatch;
}

ImageInputs readImages(const JsonNode &node) {
  node.expectKeys({"images", "crops", "channels", "image_size", "crop_size", "image_tokens",
                   "crop_tokens", "image_token", "image_start", "patch_start", "truncate"});
  ImageInputs images;
  images.images = node["images"].integer();
  images.crops = node["crops"].integer();
  images.channels = node["channels"].integer();
  images.image_size = node["image_size"].integer();
  images.crop_size = node["crop_size"].integer();
  images.image_tokens = node["image_tokens"].integer();
  images.crop_tokens = node["crop_tokens"].integer();
  images.image_token = node["image_token"].integer();
  images.image_start = node["image_start"].integer();
  images.patch_start = node["patch_start"].integer();
  images.truncate = node["truncate"].boolean();
  return images;
}

std::map<std::string, std::string> readSwitches(const JsonNode &node) {
  std::map<std::string, std::string> switches;
  for (const auto &[key, value] : node.object().items())
    switches[key] = node[key].string();
  return switches;
}

BlobEntry readBlob(const JsonNode &node) {
  node.expectKeys({"name", "offset", "bytes", "sha256"});
  return {node["name"].string(), node["offset"].integer(), node["bytes"].integer(),
          node["sha256"].string()};
}

} // namespace

void checkVersion(const nlohmann::json &header, const std::string &origin) {
  const FieldPath root(origin);
  const FieldPath path = root.field("format_version");
  if (!header.is_object() || !header.contains("format_version"))
    path.fail("missing");
  const int64_t version = JsonNode(header["format_version"], path).integer();
  if (version != formatVersion)
    path.fail("the plan is of version " + std::to_string(version) +
              ", this program takes version " + std::to_string(formatVersion));
}

ParsedHeader parseHeader(const nlohmann::json &header, const std::string &origin) {
  const JsonNode node(header, FieldPath(origin));
  node.expectKeys({"sha256", "format_version", "compiler_version", "config_sha256", "model_type",
                   "dtype", "micro_batch", "seq_len", "vocab", "images", "mesh", "dispatch",
                   "switches", "parameters", "carried", "activations", "targets", "blobs"});
  Plan plan;
  plan.compiler_version = node["compiler_version"].string();
  plan.config_sha256 = node["config_sha256"].string();
  plan.model_type = node["model_type"].string();
  plan.type = readDType(node["dtype"]);
  plan.micro_batch = node["micro_batch"].integer();
  plan.seq_len = node["seq_len"].integer();
  plan.vocab = node["vocab"].integer();
  plan.images = readImages(node["images"]);
  plan.mesh = readMesh(node["mesh"]);
  plan.dispatch = readDispatch(node["dispatch"]);
  plan.switches = readSwitches(node["switches"]);
  plan.parameters = node["parameters"].list(readParameter);
  plan.carried = node["carried"].list(readCarried);
  plan.activations = readActivations(node["activations"]);
  plan.targets = node["targets"].list(readTarget);
  return {std::move(plan), node["blobs"].list(readBlob)};
}

} // namespace step37::plan
