#include "codegen/report/TextReport.h"

#include "codegen/cost/ExchangeGroups.h"
#include "codegen/report/ActivationReport.h"
#include "codegen/report/KernelReport.h"
#include "codegen/report/MemoryReport.h"
#include "codegen/report/MeshReport.h"
#include "codegen/report/NamesReport.h"
#include "codegen/report/PublishedReport.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/ShapeText.h"
#include "runtime/base/TextTable.h"
#include "runtime/plan/Mesh.h"

namespace step37::report {

using plan::Target;

namespace {

/// Groups of temporaries that are listed at a peak; the others are summed up.
constexpr size_t listedGroups = 16;

std::vector<std::string> bytesRow(std::string what, int64_t bytes) {
  return {std::move(what), grouped(bytes), readableBytes(bytes)};
}

std::string switchesText(const plan::Plan &plan) {
  std::string text;
  for (const auto &[key, value] : plan.switches)
    text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text.empty() ? "none" : text;
}

std::string meshText(const plan::Mesh &mesh) {
  std::string text = plan::describe(mesh) + " (" + counted(plan::rankCount(mesh), "rank");
  if (!mesh.axes.empty())
    text += ", axes";
  for (const plan::Axis &axis : mesh.axes)
    text += " " + axis.name + ":" + std::to_string(axis.size);
  return text + ")";
}

std::string dispatchText(const plan::ExpertDispatch &dispatch) {
  std::string text = dispatch.choice + ", " + dispatch.reason + " (gather " +
                     grouped(dispatch.gather_bytes) + ", all-to-all " +
                     grouped(dispatch.all_to_all_bytes) +
                     " bytes for the experts of a block, one way)";
  // Counts are known on the host when rows are sent: a graph has no room for that.
  return dispatch.choice == "gather" ? text : text + "; on GPUs launch by launch";
}

std::string publishedText(const std::vector<PlannedTensor> &published) {
  TextTable table("lrrrr");
  table.add({"", "tensors", "parameters", "bytes", ""});
  auto add = [&](std::string what, const PublishedTotal &sum) {
    table.add({std::move(what), grouped(sum.tensors), grouped(sum.parameters), grouped(sum.bytes),
               readableBytes(sum.bytes)});
  };
  add("trained", total(published, TensorUse::trained));
  add("frozen", total(published, TensorUse::frozen));
  add("carried, not computed", total(published, TensorUse::carried));
  add("all", total(published));
  return "Published tensors (what is carried is not in the planned bytes)\n" + table.text();
}

/// "host", or "cuda (sm_90a, NVRTC 12.9)".
std::string titleOf(const Target &target) {
  return target.arch.empty()
             ? target.name
             : target.name + " (" + target.arch + ", NVRTC " + target.compiler + ")";
}

std::string targetText(const plan::Plan &plan, const Target &target) {
  const MemoryUse memory = memoryUse(target);
  TextTable bytes("lrr");
  for (size_t kind = 0; kind < plan::bufferKindCount; ++kind) {
    const auto bufferKind = static_cast<plan::BufferKind>(kind);
    bytes.add(bytesRow(std::string(name(bufferKind)), memory.bytes(bufferKind)));
  }
  if (memory.gaps != 0)
    bytes.add(bytesRow("alignment and gaps", memory.gaps));
  bytes.add(bytesRow("arena (peak)", target.arena_bytes));
  if (const int64_t images = plan.imageBytes(target); images > 0)
    bytes.add(bytesRow("kernel images", images));

  TextTable programs("lrrr");
  programs.add({"program", "steps", "on the exchange stream", "waits between streams"});
  for (const plan::Program &program : target.programs) {
    const StreamCounts counts = streamCounts(program);
    programs.add({program.name, grouped(static_cast<int64_t>(program.steps.size())),
                  grouped(counts.exchanges), grouped(counts.waits)});
  }
  return "Planned bytes of target " + titleOf(target) + ", a rank, at the peak\n" + bytes.text() +
         "\nPrograms of target " + target.name + "\n" + programs.text();
}

std::string lastingText(const Target &target) {
  TextTable table("lllrrr");
  table.add({"kind", "class", "dtype", "buffers", "bytes"});
  for (const LastingGroup &group : lastingGroups(target))
    table.add({std::string(name(group.kind)), std::string(name(group.cls)),
               std::string(name(group.type)), grouped(group.count), grouped(group.bytes),
               readableBytes(group.bytes)});
  return "Lasting buffers of target " + target.name + "\n" + table.text();
}

std::string liveText(const Target &target, int program, int step) {
  const std::vector<BufferGroup> groups =
      groupedTemporaries(target, liveTemporaries(target, program, step));
  TextTable table("rrrlllll");
  table.add({"bytes", "", "buffers", "kind", "dtype", "shape", "written by", "origin"});
  int64_t otherBuffers = 0, otherBytes = 0;
  for (size_t index = 0; index < groups.size(); ++index) {
    const BufferGroup &group = groups[index];
    if (index >= listedGroups) {
      otherBuffers += group.count;
      otherBytes += group.bytes;
      continue;
    }
    table.add({grouped(group.bytes), readableBytes(group.bytes), grouped(group.count),
               std::string(name(group.kind)), std::string(name(group.type)), shapeText(group.shape),
               group.family, group.origin});
  }
  if (otherBuffers > 0)
    table.add({grouped(otherBytes), readableBytes(otherBytes), grouped(otherBuffers), "others"});
  return table.text();
}

std::string peakText(const Target &target, int number, const MemoryUse &memory) {
  const plan::Program &program = target.programs[static_cast<size_t>(number)];
  const ProgramPeak &peak = memory.programs[static_cast<size_t>(number)];
  std::string text = "Peak of program " + program.name;
  if (number == memory.peak_program)
    text += " (the largest; it decides the arena)";
  text += ": ";
  if (peak.step < 0)
    return text + "no temporaries\n";
  const plan::Step &step = program.steps[static_cast<size_t>(peak.step)];
  text += grouped(peak.live_bytes) + " bytes (" + readableBytes(peak.live_bytes) +
          ") of temporaries, at step " + std::to_string(peak.step) + " of " +
          std::to_string(program.steps.size()) + ": " +
          target.kernels[static_cast<size_t>(step.kernel)].family + ", " + step.origin + "\n";
  return text + liveText(target, number, peak.step);
}

} // namespace

std::string summaryText(const plan::Plan &plan, const std::vector<MappedTensor> &table) {
  TextTable facts("ll");
  facts.add({"model", plan.model_type});
  facts.add({"dtype", std::string(name(plan.type))});
  facts.add({"micro-batch", grouped(plan.micro_batch)});
  facts.add({"seq-len", grouped(plan.seq_len)});
  facts.add({"vocabulary", grouped(plan.vocab)});
  facts.add({"mesh", meshText(plan.mesh)});
  if (!plan.dispatch.choice.empty())
    facts.add({"dispatch", dispatchText(plan.dispatch)});
  facts.add({"switches", switchesText(plan)});
  facts.add({"compiler", plan.compiler_version});
  facts.add({"config sha256", plan.config_sha256});
  std::string text = "Plan\n" + facts.text() + "\n" + publishedText(plannedTensors(plan, table));
  for (const Target &target : plan.targets)
    text += "\n" + targetText(plan, target) + exchangeText(target);
  return text + activationsText(plan);
}

std::string memoryText(const plan::Plan &plan) {
  std::string text;
  for (const Target &target : plan.targets) {
    text += "\n" + lastingText(target);
    const MemoryUse memory = memoryUse(target);
    for (size_t program = 0; program < target.programs.size(); ++program)
      text += "\n" + peakText(target, static_cast<int>(program), memory);
  }
  return text;
}

std::string kernelsText(const plan::Plan &plan) {
  std::string text;
  for (const Target &target : plan.targets) {
    TextTable table("llrrrll");
    table.add({"family", "variant", "steps", "registers", "spilled", "reason", "spec"});
    for (const KernelUse &use : kernelUses(target)) {
      const bool onGpu = !use.kernel->stages.empty();
      table.add({use.kernel->family, use.kernel->variant, grouped(use.steps),
                 onGpu ? grouped(use.registers()) : "-",
                 onGpu ? readableBytes(use.spillBytes()) : "-", use.kernel->reason,
                 specText(use.kernel->spec)});
    }
    text += "\nKernels of target " + target.name + "\n" + table.text();
  }
  return text;
}

std::string paramsText(const plan::Plan &plan, const std::vector<MappedTensor> &table) {
  TextTable text("llllll");
  text.add({"tensor", "dtype", "shape", "use", "sharing", "parameter"});
  for (const PlannedTensor &tensor : plannedTensors(plan, table)) {
    const PublishedTensor &published = tensor.published();
    text.add({published.name, std::string(name(published.type)), shapeText(published.shape),
              std::string(name(tensor.use)), std::string(name(tensor.entry->sharing)),
              parameterText(*tensor.entry)});
  }
  return "\nPublished tensors\n" + text.text();
}

} // namespace step37::report
