#include "codegen/select/StepBuilder.h"

#include "codegen/cost/ExpectedTime.h"
#include "codegen/select/SpecAttributes.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/plan/Names.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace step37 {

StepBuilder::StepBuilder(ModuleOp module, KernelChooser choose)
    : module(module), symbolBuilder(OpBuilder::atBlockEnd(module.getBody())),
      steps(module.getContext()), choose(std::move(choose)) {}

void StepBuilder::beginProgram(StringRef name, Location loc) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  program = planir::ProgramOp::create(builder, loc, name);
  // Symbols come before the programs that use them.
  if (symbolBuilder.getInsertionPoint() == module.getBody()->end())
    symbolBuilder.setInsertionPoint(program);
  Block &body = program.getBody().emplaceBlock();
  steps.setInsertionPointToEnd(&body);
  gets.clear();
  sends.clear();
  counted = 0;
}

void StepBuilder::beginOperation(Operation *op, Operation *rowsOf) {
  current = op;
  brought = rowsOf ? sends.lookup(rowsOf) : nullptr;
}

void StepBuilder::stepInOrder(Location loc, const spec::KernelSpec &spec, ValueRange operands) {
  const Kernel &kernel = kernelOf(spec);
  Operation *step = nullptr;
  if (spec::rankGroupOf(spec))
    step = sends[current] = planir::CollectiveOp::create(steps, loc, kernel.symbol, operands,
                                                         IntegerAttr(), DenseI64ArrayAttr());
  else if (kernel.library)
    step = planir::GemmOp::create(steps, loc, kernel.symbol, operands, IntegerAttr(),
                                  DenseI64ArrayAttr());
  else
    step = planir::LaunchOp::create(steps, loc, kernel.symbol, operands, IntegerAttr(),
                                    DenseI64ArrayAttr());
  if (!brought)
    return;
  // By a number of its own: steps may still come between.
  if (!brought->hasAttr(planir::rowsAttribute))
    brought->setAttr(planir::rowsAttribute, steps.getI64IntegerAttr(counted++));
  step->setAttr(planir::rowsOfAttribute, brought->getAttr(planir::rowsAttribute));
}

const StepBuilder::Kernel &StepBuilder::kernelOf(const spec::KernelSpec &spec) {
  const KernelChoice choice = choose(spec);
  const std::string family(spec::family(spec));
  const std::string content =
      family + spec::toJson(spec).dump() + (choice.launch.is_null() ? "" : choice.launch.dump());
  auto [entry, isNew] = kernels.try_emplace(content);
  Kernel &kernel = entry->second;
  if (isNew) {
    // From content, never from a counter: the same kernel has the same name in every plan.
    std::string name = family + "_" + llvm::utohexstr(llvm::xxh3_64bits(content), true, 16);
    const DictionaryAttr launch =
        choice.launch.is_null() ? DictionaryAttr() : toDictionary(context(), choice.launch);
    auto op = planir::KernelOp::create(
        symbolBuilder, UnknownLoc::get(context()), name, family, choice.variant, choice.reason,
        specToAttribute(context(), spec), argumentsToAttribute(context(), spec::arguments(spec)),
        launch, symbolBuilder.getI64IntegerAttr(expectedNanoseconds(spec)));
    kernel = {FlatSymbolRefAttr::get(op.getSymNameAttr()), choice.library};
  }
  return kernel;
}

planir::BufferOp StepBuilder::declare(StringRef name, planir::BufferClass bufferClass,
                                      planir::BufferKind kind, MemRefType type) {
  planir::BufferOp &buffer = buffers[name];
  if (!buffer)
    buffer = planir::BufferOp::create(symbolBuilder, UnknownLoc::get(context()), bufferClass, kind,
                                      name, type, IntegerAttr(), /*split=*/ArrayAttr(),
                                      /*coordinate=*/ArrayAttr());
  assert(buffer.getType() == type && "a buffer has one type in all programs");
  return buffer;
}

Value StepBuilder::get(StringRef name, planir::BufferClass bufferClass, planir::BufferKind kind,
                       MemRefType type) {
  declare(name, bufferClass, kind, type);
  Value &value = gets[name];
  if (!value) {
    OpBuilder::InsertionGuard guard(steps);
    steps.setInsertionPointToStart(&program.getBody().front());
    value = planir::GetOp::create(steps, program.getLoc(), type, name);
  }
  return value;
}

Value StepBuilder::coordinate(ArrayAttr axes) {
  const std::string name = plan::names::coordinateAlong(namesOf(axes));
  auto type = MemRefType::get({1}, IntegerType::get(context(), 32));
  auto cls = planir::BufferClass::Scalar;
  declare(name, cls, planir::BufferKind::Io, type).setCoordinateAttr(axes);
  return get(name, cls, planir::BufferKind::Io, type);
}

Value StepBuilder::temporary(Location loc, planir::BufferKind kind, MemRefType type) {
  return planir::TemporaryOp::create(steps, loc, type, kind, IntegerAttr());
}

Value StepBuilder::view(Location loc, Value source, int64_t begin, MemRefType type) {
  return planir::ViewOp::create(steps, loc, type, source, begin);
}

} // namespace step37
