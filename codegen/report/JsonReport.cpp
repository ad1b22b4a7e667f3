#include "codegen/report/JsonReport.h"

#include "codegen/cost/ExchangeGroups.h"
#include "codegen/report/ActivationReport.h"
#include "codegen/report/KernelReport.h"
#include "codegen/report/MemoryReport.h"
#include "codegen/report/MeshReport.h"
#include "codegen/report/PublishedReport.h"

namespace step37::report {

using plan::Target;

namespace {

using Json = nlohmann::ordered_json;

Json totalJson(const PublishedTotal &total) {
  return {{"tensors", total.tensors}, {"parameters", total.parameters}, {"bytes", total.bytes}};
}

Json tensorJson(const PlannedTensor &tensor) {
  const MappedTensor &entry = *tensor.entry;
  return {{"name", entry.published.name},
          {"dtype", name(entry.published.type)},
          {"shape", entry.published.shape},
          {"use", name(tensor.use)},
          {"sharing", name(entry.sharing)},
          {"parameter", entry.parameter},
          {"packed_as", entry.place == PackPlace::alone ? Json() : Json(name(entry.place))},
          {"megatron", entry.megatron},
          {"buffer", tensor.buffer.empty() ? Json() : Json(tensor.buffer)}};
}

Json lastingJson(const LastingGroup &group) {
  return {{"kind", name(group.kind)},
          {"class", name(group.cls)},
          {"dtype", name(group.type)},
          {"buffers", group.count},
          {"bytes", group.bytes}};
}

Json temporaryJson(const Target &target, int index) {
  const plan::Buffer &buffer = target.buffers[static_cast<size_t>(index)];
  const plan::Step &step = writer(target, buffer);
  return {{"name", buffer.name},
          {"kind", name(buffer.kind)},
          {"dtype", name(buffer.type)},
          {"shape", buffer.shape},
          {"bytes", buffer.bytes()},
          {"origin", step.origin},
          {"family", target.kernels[static_cast<size_t>(step.kernel)].family},
          {"first_step", buffer.first_step},
          {"last_step", buffer.last_step}};
}

/// The step at a program's peak; null where it has no temporaries.
Json peakJson(const Target &target, int program, const ProgramPeak &peak) {
  if (peak.step < 0)
    return nullptr;
  const plan::Step &step =
      target.programs[static_cast<size_t>(program)].steps[static_cast<size_t>(peak.step)];
  Json live = Json::array();
  for (const int index : liveTemporaries(target, program, peak.step))
    live.push_back(temporaryJson(target, index));
  return {{"step", peak.step},
          {"origin", step.origin},
          {"family", target.kernels[static_cast<size_t>(step.kernel)].family},
          {"live_bytes", peak.live_bytes},
          {"arena_end", peak.end},
          {"live", std::move(live)}};
}

Json kernelJson(const KernelUse &use) {
  return {{"name", use.kernel->name},
          {"family", use.kernel->family},
          {"variant", use.kernel->variant},
          {"reason", use.kernel->reason},
          {"steps", use.steps},
          {"registers", use.registers()},
          {"spill_bytes", use.spillBytes()},
          {"spec", Json(use.kernel->spec)}};
}

Json exchangeJson(const ExchangeGroup &group) {
  return {{"program", group.program}, {"exchange", group.exchange}, {"axes", group.axes},
          {"ranks", group.ranks},     {"steps", group.steps},       {"bytes_sent", group.bytes}};
}

Json meshJson(const plan::Mesh &mesh) {
  Json axes = Json::object();
  for (const plan::Axis &axis : mesh.axes)
    axes[axis.name] = axis.size;
  return {{"dp", mesh.dp}, {"tp", mesh.tp}, {"ep", mesh.ep}, {"etp", mesh.etp}, {"axes", axes}};
}

Json dispatchJson(const plan::ExpertDispatch &dispatch) {
  if (dispatch.choice.empty())
    return nullptr;
  return {{"choice", dispatch.choice},
          {"reason", dispatch.reason},
          {"gather_bytes", dispatch.gather_bytes},
          {"all_to_all_bytes", dispatch.all_to_all_bytes}};
}

Json targetJson(const plan::Plan &plan, const Target &target) {
  const MemoryUse memory = memoryUse(target);
  Json byKind = Json::object();
  for (size_t kind = 0; kind < plan::bufferKindCount; ++kind) {
    const auto bufferKind = static_cast<plan::BufferKind>(kind);
    byKind[std::string(name(bufferKind))] = memory.bytes(bufferKind);
  }
  Json lasting = Json::array(), programs = Json::array(), kernels = Json::array(),
       exchange = Json::array();
  for (const LastingGroup &group : lastingGroups(target))
    lasting.push_back(lastingJson(group));
  for (size_t program = 0; program < target.programs.size(); ++program) {
    const StreamCounts counts = streamCounts(target.programs[program]);
    programs.push_back(
        {{"name", target.programs[program].name},
         {"steps", target.programs[program].steps.size()},
         {"exchange_stream_steps", counts.exchanges},
         {"waits", counts.waits},
         {"peak", peakJson(target, static_cast<int>(program), memory.programs[program])}});
  }
  for (const KernelUse &use : kernelUses(target))
    kernels.push_back(kernelJson(use));
  for (const ExchangeGroup &group : exchangeGroups(target))
    exchange.push_back(exchangeJson(group));
  return {
      {"name", target.name},
      {"arch", target.arch},
      {"compiler", target.compiler},
      {"arena_bytes", target.arena_bytes},
      {"image_bytes", plan.imageBytes(target)},
      {"bytes_by_kind", std::move(byKind)},
      {"gap_bytes", memory.gaps},
      {"lasting", std::move(lasting)},
      {"peak_program", memory.peak_program < 0
                           ? Json()
                           : Json(target.programs[static_cast<size_t>(memory.peak_program)].name)},
      {"programs", std::move(programs)},
      {"kernels", std::move(kernels)},
      {"exchange", std::move(exchange)}};
}

} // namespace

Json jsonReport(const plan::Plan &plan, const std::vector<MappedTensor> &table) {
  const std::vector<PlannedTensor> published = plannedTensors(plan, table);
  Json totals{{"all", totalJson(total(published))}};
  for (size_t use = 0; use < tensorUseCount; ++use) {
    const auto tensorUse = static_cast<TensorUse>(use);
    totals[std::string(name(tensorUse))] = totalJson(total(published, tensorUse));
  }
  Json tensors = Json::array(), targets = Json::array();
  for (const PlannedTensor &tensor : published)
    tensors.push_back(tensorJson(tensor));
  for (const Target &target : plan.targets)
    targets.push_back(targetJson(plan, target));
  return {{"compiler_version", plan.compiler_version},
          {"config_sha256", plan.config_sha256},
          {"model_type", plan.model_type},
          {"dtype", name(plan.type)},
          {"micro_batch", plan.micro_batch},
          {"seq_len", plan.seq_len},
          {"vocab", plan.vocab},
          {"mesh", meshJson(plan.mesh)},
          {"dispatch", dispatchJson(plan.dispatch)},
          {"switches", plan.switches},
          {"published", std::move(totals)},
          {"tensors", std::move(tensors)},
          {"activations", activationsJson(plan.activations)},
          {"targets", std::move(targets)}};
}

} // namespace step37::report
