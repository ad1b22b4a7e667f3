#include "runtime/exec/cuda/Exchanges.h"

#include "codegen/spec/ExchangedRows.h"
#include "runtime/exec/base/StepBinding.h"
#include "runtime/exec/cuda/DriverFunctions.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>

namespace step37::cuda {

namespace {

/// The lists of axes of all collectives, each once, in an order that all ranks find alike.
std::vector<std::vector<std::string>> axesOf(const std::vector<spec::KernelSpec> &specs) {
  std::vector<std::vector<std::string>> axes;
  for (const spec::KernelSpec &spec : specs)
    if (const auto group = spec::rankGroupOf(spec))
      axes.push_back(*group->axes);
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

/// "all_reduce over dp tp, program accumulate, step 12 (model.layers.3.moe)".
std::string nameOf(const spec::RankGroup &group, const plan::Program &program, size_t index) {
  std::string text = std::string(group.exchange) + " over";
  for (const std::string &axis : *group.axes)
    text += " " + axis;
  return text + ", " + describeStep(program, index);
}

/// What a step has for each of its kernel's arguments, by name.
template <class Spec, class T>
spec::Operands<Spec, T> byNameOf(const Spec &spec, const std::vector<T> &inOrder) {
  return spec::byName<Spec, T>(spec, inOrder);
}

/// Elements of the longest bounds of counted exchanges; 0 where there are none.
int64_t mostBounds(const std::vector<spec::KernelSpec> &specs) {
  int64_t most = 0;
  for (const spec::KernelSpec &spec : specs)
    if (const auto *counted = std::get_if<spec::CountedExchange>(&spec))
      most = std::max(most, counted->ranks * (counted->experts + 1));
  return most;
}

} // namespace

Exchanges::Exchanges(const Driver &driver, const plan::Mesh &mesh, const plan::Target &target,
                     CUdeviceptr arena, const std::vector<spec::KernelSpec> &specs, job::Job &job)
    : driver(driver), mesh(mesh), job(job), nccl(mesh, axesOf(specs), job) {
  if (const int64_t most = mostBounds(specs); most > 0)
    bounds = std::make_unique<CountedBounds>(driver, most, job);
  std::vector<std::string> names;
  for (const plan::Program &program : target.programs)
    for (size_t index = 0; index < program.steps.size(); ++index) {
      const plan::Step &step = program.steps[index];
      const spec::KernelSpec &spec = specs[size_t(step.kernel)];
      const auto group = spec::rankGroupOf(spec);
      if (!group)
        continue;
      std::vector<CUdeviceptr> addresses;
      for (auto [buffer, offset] : step.arguments)
        addresses.push_back(arena + CUdeviceptr(target.buffers[size_t(buffer)].offset + offset));
      const int number = int(names.size());
      if (const auto *whole = std::get_if<spec::Collective>(&spec))
        steps.emplace(&step, Bound{WholeExchange{whole, byNameOf(*whole, addresses)}, number});
      else if (const auto *counted = std::get_if<spec::CountedExchange>(&spec))
        steps.emplace(&step,
                      Bound{CountedExchange{counted, byNameOf(*counted, addresses),
                                            byNameOf(*counted, step.arguments).bounds.buffer},
                            number});
      names.push_back(nameOf(*group, program, index));
    }
  progress = std::make_unique<ExchangeProgress>(driver, std::move(names));
  job.setActivity([this] { return progress->text(); });
}

Exchanges::~Exchanges() { job.setActivity("at the end"); }

bool Exchanges::allowsGraph(const plan::Program &program) const {
  return std::ranges::none_of(program.steps, [&](const plan::Step &step) {
    const auto found = steps.find(&step);
    return found != steps.end() && std::holds_alternative<CountedExchange>(found->second.exchange);
  });
}

void Exchanges::beginProgram() {
  if (bounds)
    bounds->forget();
}

void Exchanges::enqueue(const plan::Step &step, CUstream stream) {
  const auto &[exchange, number] = steps.at(&step);
  if (const auto *counted = std::get_if<CountedExchange>(&exchange))
    return enqueueCounted(step, *counted, number, stream);
  const auto &[spec, at] = std::get<WholeExchange>(exchange);
  progress->enqueueBegin(number, stream);
  nccl.enqueue(*spec, at.in, at.out, stream, progress->name(number));
}

void Exchanges::enqueueCounted(const plan::Step &step, const CountedExchange &exchange, int number,
                               CUstream stream) {
  const spec::CountedExchange &counted = *exchange.spec;
  const auto &at = exchange.at;
  const std::string &what = progress->name(number);
  const int64_t rank = plan::indexAlong(mesh, counted.axes, job.rank());
  const std::span<const int32_t> known = bounds->of(
      exchange.boundsBuffer, at.bounds, counted.ranks * (counted.experts + 1), stream, what);
  rows[&step] = spec::rowsTo(counted, known, rank);
  const int64_t rowBytes = counted.cols * byteSize(counted.type);
  if (counted.keeps && at.before != at.own)
    driver.check(driver.call().cuMemcpyDtoDAsync(
                     at.own, at.before, static_cast<size_t>(counted.own_rows * rowBytes), stream),
                 what);
  const auto piece = [&](int64_t other, CUdeviceptr buffer, int64_t row, int64_t count) {
    return Nccl::Piece{static_cast<int>(other), buffer + static_cast<CUdeviceptr>(row * rowBytes),
                       count * counted.cols};
  };
  // What this rank's experts have of others, and what others' experts have of it.
  const std::vector<spec::RowRun> ofOthers = spec::runsTo(counted, known, rank);
  std::vector<Nccl::Piece> receiving, owning;
  int64_t moved = 0;
  for (int64_t other = 0; other < counted.ranks; ++other) {
    const spec::RowRun &theirs = ofOthers[static_cast<size_t>(other)];
    receiving.push_back(piece(other, at.received, theirs.received, theirs.rows));
    const spec::RowRun ours = spec::runsTo(counted, known, other)[static_cast<size_t>(rank)];
    owning.push_back(piece(other, at.own, ours.own, ours.rows));
    moved += theirs.rows + ours.rows;
  }
  if (moved == 0) // others may exchange without this rank
    return;
  progress->enqueueBegin(number, stream);
  const std::vector<Nccl::Piece> &sent = counted.back ? receiving : owning,
                                 &taken = counted.back ? owning : receiving;
  nccl.enqueue(counted.axes, counted.type, sent, taken, stream, what);
}

} // namespace step37::cuda
