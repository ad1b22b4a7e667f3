#include "runtime/cuda/Exchanges.h"

#include "runtime/StepBinding.h"

#include <algorithm>

namespace step37::cuda {

namespace {

/// The lists of axes of all collectives, each once, in an order that all ranks find alike.
std::vector<std::vector<std::string>> axesOf(const std::vector<spec::KernelSpec> &specs) {
  std::vector<std::vector<std::string>> axes;
  for (const spec::KernelSpec &spec : specs)
    if (const auto *collective = std::get_if<spec::Collective>(&spec))
      axes.push_back(collective->axes);
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

/// "all_reduce over dp tp, program accumulate, step 12 (model.layers.3.moe)".
std::string nameOf(const spec::Collective &collective, const plan::Program &program, size_t index) {
  std::string text = std::string(spec::name(collective.exchange)) + " over";
  for (const std::string &axis : collective.axes)
    text += " " + axis;
  return text + ", " + describeStep(program, index);
}

} // namespace

Exchanges::Exchanges(const Driver &driver, const plan::Mesh &mesh, const plan::Target &target,
                     const std::vector<spec::KernelSpec> &specs, job::Job &job)
    : job(job), nccl(mesh, axesOf(specs), job) {
  std::vector<std::string> names;
  for (const plan::Program &program : target.programs)
    for (size_t index = 0; index < program.steps.size(); ++index) {
      const plan::Step &step = program.steps[index];
      const auto *collective = std::get_if<spec::Collective>(&specs[size_t(step.kernel)]);
      if (!collective)
        continue;
      steps.emplace(&step, Bound{collective, int(names.size())});
      names.push_back(nameOf(*collective, program, index));
    }
  progress = std::make_unique<ExchangeProgress>(driver, std::move(names));
  job.setActivity([this] { return progress->text(); });
}

Exchanges::~Exchanges() { job.setActivity("at the end"); }

void Exchanges::enqueue(const plan::Step &step, const std::vector<CUdeviceptr> &buffers,
                        CUstream stream) const {
  const auto [collective, number] = steps.at(&step);
  progress->enqueueBegin(number, stream);
  nccl.enqueue(*collective, buffers.at(0), buffers.at(1), stream, progress->name(number));
}

} // namespace step37::cuda
