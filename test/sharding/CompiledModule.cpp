#include "test/sharding/CompiledModule.h"
#include "runtime/exec/CreateExecutor.h"

#include "bridge/PartRuns.h"
#include "codegen/emit/EmitPlan.h"
#include "codegen/select/SelectPasses.h"
#include "runtime/plan/PieceRuns.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstdlib>

using namespace mlir;

namespace step37::test {
namespace {

void runPasses(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build) {
  PassManager manager(module.getContext());
  build(manager);
  if (failed(manager.run(module)))
    std::exit(1); // the diagnostic says why
}

/// "all_reduce tp tensor<8x16xf32>" of an operation that exchanges something, else "".
std::string exchangeLine(Operation *op) {
  if (!isa<ir::AllGatherOp, ir::ReduceScatterOp, ir::AllReduceOp, ir::AllToAllOp, ir::CountedSendOp,
           ir::CountedReturnOp>(op))
    return "";
  std::string line;
  llvm::raw_string_ostream text(line);
  text << op->getName().stripDialect() << " ";
  llvm::interleave(
      op->getAttrOfType<ArrayAttr>("axes").getAsRange<StringAttr>(), text,
      [&](StringAttr axis) { text << axis.getValue(); }, "+");
  text << " " << op->getOperand(0).getType();
  return line;
}

} // namespace

int64_t elementsOf(const plan::Part &part) {
  int64_t elements = 1;
  for (int64_t size : part.shape)
    elements *= size;
  return elements;
}

CompiledModule::CompiledModule(ModuleOp original, const Layout &layout) {
  OwningOpRef<ModuleOp> module = original.clone();
  runPasses(*module, [&](OpPassManager &manager) {
    manager.addPass(createBuildBackwardPass());
    manager.addPass(createCanonicalizerPass());
    if (layout.exchangeExperts)
      manager.addPass(createExchangeExpertsPass());
    AssignShardingPassOptions assign;
    llvm::append_range(assign.axes, layout.axes);
    llvm::append_range(assign.dims, layout.dims);
    manager.addPass(createAssignShardingPass(assign));
    PartitionPassOptions partition;
    llvm::append_range(partition.tokenAxes, layout.tokenAxes);
    partition.expertRows = layout.expertRows;
    manager.addPass(createPartitionPass(partition));
    manager.addPass(createCanonicalizerPass());
  });
  module->walk([&](Operation *op) {
    if (std::string line = exchangeLine(op); !line.empty())
      exchangeLines.push_back(line);
  });
  runPasses(*module, [](OpPassManager &manager) {
    manager.addPass(createSelectKernelsPass(SelectKernelsPassOptions{"host"}));
    buildMemoryPipeline(manager);
  });
  for (const std::string &axis : layout.axes)
    plan.mesh.axes.push_back(
        {axis.substr(0, axis.find('=')), std::stoll(axis.substr(axis.find('=') + 1))});
  plan.targets.push_back(emitTarget(*module, "host"));
  plan.parameters = emitParameters(*module);
  executor = createExecutor(plan, {"host", 1});
}

int CompiledModule::find(const std::string &name) const { return plan.targets[0].findBuffer(name); }

void CompiledModule::write(const std::string &name, int rank, int64_t first, const float *values,
                           int64_t count) {
  const int index = find(name);
  if (index < 0)
    return; // nothing reads it
  if (buffers()[size_t(index)].type == DType::f32)
    return executor->write(rank, index, first * 4, std::as_bytes(std::span(values, size_t(count))));
  const std::vector<int32_t> integers(values, values + count);
  executor->write(rank, index, first * 4, std::as_bytes(std::span(integers)));
}

Values CompiledModule::read(const plan::Buffer &buffer, int rank) const {
  const size_t elements = size_t(buffer.elements());
  Values values(elements);
  if (buffer.type == DType::f32) {
    executor->read(rank, find(buffer.name), 0, std::as_writable_bytes(std::span(values)));
    return values;
  }
  std::vector<int32_t> integers(elements);
  executor->read(rank, find(buffer.name), 0, std::as_writable_bytes(std::span(integers)));
  return Values(integers.begin(), integers.end());
}

void CompiledModule::writeArgument(const std::string &name, const std::vector<int64_t> &shape,
                                   const Values &values) {
  const int index = find(name);
  if (index < 0)
    return;
  for (int rank = 0; rank < ranks(); ++rank)
    plan::PieceRuns(plan.mesh, shape, buffers()[size_t(index)].split, rank)
        .forEach(0, int64_t(values.size()), [&](int64_t whole, int64_t local, int64_t count) {
          write(name, rank, local, &values[size_t(whole)], count);
        });
}

template <class VisitRun>
void CompiledModule::forEachRun(const plan::Part &part, int rank, VisitRun visit) const {
  PartRuns(part, plan.mesh, rank).forEach(0, elementsOf(part), visit);
}

void CompiledModule::writeTensor(const plan::Parameter &parameter, const plan::Part &part,
                                 const Values &values) {
  for (int rank = 0; rank < ranks(); ++rank)
    forEachRun(part, rank, [&](int64_t published, int64_t local, int64_t count) {
      write(parameter.buffer, rank, local, &values[size_t(published)], count);
    });
}

void CompiledModule::visitResult(const plan::Buffer &buffer, const std::vector<int64_t> &shape,
                                 int rank, const Visit &visit) const {
  const Values values = read(buffer, rank);
  const plan::PieceRuns runs(plan.mesh, shape, buffer.split, rank);
  runs.forEach(0, runs.elements(), [&](int64_t whole, int64_t local, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      visit(whole + i, values[size_t(local + i)]);
  });
}

Values CompiledModule::summedGradient(const plan::Parameter &parameter, int rank) const {
  const plan::Buffer &buffer = buffers()[size_t(find(parameter.gradient))];
  Values sum(size_t(buffer.elements()), 0);
  for (int64_t member : plan::groupOf(plan.mesh, parameter.gradient_partial, rank)) {
    const Values values = read(buffer, int(member));
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += values[i];
  }
  return sum;
}

void CompiledModule::visitGradient(const plan::Parameter &parameter, const plan::Part &part,
                                   int rank, const Visit &visit) const {
  const Values sum = summedGradient(parameter, rank);
  forEachRun(part, rank, [&](int64_t published, int64_t local, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      visit(published + i, sum[size_t(local + i)]);
  });
}

bool CompiledModule::hasZeroPadding(const plan::Parameter &parameter, int rank) const {
  Values rest = summedGradient(parameter, rank);
  for (const plan::Part &part : parameter.parts)
    forEachRun(part, rank, [&](int64_t, int64_t local, int64_t count) {
      std::fill_n(rest.begin() + local, count, 0.0f);
    });
  return std::all_of(rest.begin(), rest.end(), [](float value) { return value == 0; });
}

} // namespace step37::test
