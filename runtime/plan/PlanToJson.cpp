// Plan to JSON. The order of fields here is their order in the file; PlanFromJson.cpp is the
// inverse.
#include "runtime/plan/PlanJson.h"

namespace step37::plan {

namespace {

using Json = nlohmann::ordered_json;

/// A list of what `convert` makes of each element.
template <class Element, class Convert>
Json listJson(const std::vector<Element> &elements, Convert &&convert) {
  Json list = Json::array();
  for (const Element &element : elements)
    list.push_back(convert(element));
  return list;
}

Json partJson(const Part &part) {
  return {{"name", part.name},     {"dtype", name(part.type)},  {"shape", part.shape},
          {"blocks", part.blocks}, {"block", part.block},       {"begin", part.begin},
          {"stride", part.stride}, {"init_std", part.init_std}, {"init_mean", part.init_mean},
          {"split", part.split}};
}

Json stateJson(const ParameterState &state) {
  return {{"role", state.role}, {"buffer", state.buffer}};
}

Json parameterJson(const Parameter &parameter) {
  return {{"name", parameter.name},
          {"buffer", parameter.buffer},
          {"gradient", parameter.gradient},
          {"states", listJson(parameter.states, stateJson)},
          {"trained", parameter.trained},
          {"parts", listJson(parameter.parts, partJson)},
          {"gradient_partial", parameter.gradient_partial},
          {"state_split", parameter.state_split}};
}

Json carriedJson(const CarriedTensor &tensor) {
  return {{"name", tensor.name}, {"dtype", name(tensor.type)}, {"shape", tensor.shape}};
}

Json savedJson(const SavedActivation &saved) {
  return {{"origin", saved.origin},
          {"operation", saved.operation},
          {"dtype", name(saved.type)},
          {"shape", saved.shape}};
}

Json recomputedJson(const RecomputedActivation &recomputed) {
  return {{"origin", recomputed.origin},         {"operation", recomputed.operation},
          {"bytes", recomputed.bytes},           {"flops", recomputed.flops},
          {"sent_bytes", recomputed.sent_bytes}, {"overflow", recomputed.overflow}};
}

Json activationsJson(const Activations &activations) {
  return {{"recompute", activations.recompute},
          {"memory_budget", activations.memory_budget},
          {"saved", listJson(activations.saved, savedJson)},
          {"recomputed", listJson(activations.recomputed, recomputedJson)}};
}

Json bufferJson(const Buffer &buffer) {
  return {{"name", buffer.name},
          {"class", name(buffer.cls)},
          {"kind", name(buffer.kind)},
          {"dtype", name(buffer.type)},
          {"shape", buffer.shape},
          {"offset", buffer.offset},
          {"program", buffer.program},
          {"first_step", buffer.first_step},
          {"last_step", buffer.last_step},
          {"split", buffer.split},
          {"coordinate", buffer.coordinate}};
}

Json stageJson(const KernelStage &stage) {
  return {{"entry", stage.entry},         {"grid", stage.grid},
          {"block", stage.block},         {"shared_bytes", stage.shared_bytes},
          {"registers", stage.registers}, {"spill_bytes", stage.spill_bytes}};
}

Json kernelJson(const Kernel &kernel) {
  return {{"name", kernel.name},
          {"family", kernel.family},
          {"variant", kernel.variant},
          {"reason", kernel.reason},
          {"spec", Json(kernel.spec)},
          {"launch", Json(kernel.launch)},
          {"image", kernel.image},
          {"source", kernel.source},
          {"stages", listJson(kernel.stages, stageJson)}};
}

Json stepJson(const Step &step) {
  return {{"kind", name(step.kind)},
          {"kernel", step.kernel},
          {"arguments", listJson(step.arguments,
                                 [](const Argument &argument) {
                                   return Json::array({argument.buffer, argument.offset});
                                 })},
          {"origin", step.origin},
          {"stream", step.stream},
          {"after", step.after},
          {"rows_of", step.rows_of}};
}

Json programJson(const Program &program) {
  return {{"name", program.name},
          {"role", name(program.role)},
          {"steps", listJson(program.steps, stepJson)}};
}

Json targetJson(const Target &target) {
  return {{"name", target.name},
          {"arch", target.arch},
          {"compiler", target.compiler},
          {"arena_bytes", target.arena_bytes},
          {"buffers", listJson(target.buffers, bufferJson)},
          {"kernels", listJson(target.kernels, kernelJson)},
          {"programs", listJson(target.programs, programJson)}};
}

Json meshJson(const Mesh &mesh) {
  return {{"dp", mesh.dp},
          {"tp", mesh.tp},
          {"ep", mesh.ep},
          {"etp", mesh.etp},
          {"axes", listJson(mesh.axes, [](const Axis &axis) {
             return Json{{"name", axis.name}, {"size", axis.size}};
           })}};
}

Json dispatchJson(const ExpertDispatch &dispatch) {
  return {{"choice", dispatch.choice},
          {"reason", dispatch.reason},
          {"gather_bytes", dispatch.gather_bytes},
          {"all_to_all_bytes", dispatch.all_to_all_bytes}};
}

Json blobJson(const BlobEntry &blob) {
  return {
      {"name", blob.name}, {"offset", blob.offset}, {"bytes", blob.bytes}, {"sha256", blob.sha256}};
}

Json imagesJson(const ImageInputs &images) {
  return {{"images", images.images},           {"crops", images.crops},
          {"channels", images.channels},       {"image_size", images.image_size},
          {"crop_size", images.crop_size},     {"image_tokens", images.image_tokens},
          {"crop_tokens", images.crop_tokens}, {"image_token", images.image_token},
          {"image_start", images.image_start}, {"patch_start", images.patch_start},
          {"truncate", images.truncate}};
}

} // namespace

Json headerJson(const Plan &plan, const std::vector<BlobEntry> &blobs, const std::string &sha256) {
  Json switches = Json::object();
  for (const auto &[key, value] : plan.switches)
    switches[key] = value;
  return {{"sha256", sha256},
          {"format_version", formatVersion},
          {"compiler_version", plan.compiler_version},
          {"config_sha256", plan.config_sha256},
          {"model_type", plan.model_type},
          {"dtype", name(plan.type)},
          {"micro_batch", plan.micro_batch},
          {"seq_len", plan.seq_len},
          {"vocab", plan.vocab},
          {"images", imagesJson(plan.images)},
          {"mesh", meshJson(plan.mesh)},
          {"dispatch", dispatchJson(plan.dispatch)},
          {"switches", std::move(switches)},
          {"parameters", listJson(plan.parameters, parameterJson)},
          {"carried", listJson(plan.carried, carriedJson)},
          {"activations", activationsJson(plan.activations)},
          {"targets", listJson(plan.targets, targetJson)},
          {"blobs", listJson(blobs, blobJson)}};
}

} // namespace step37::plan
