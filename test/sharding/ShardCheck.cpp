// step37-shard-check: a program cut into what the ranks of a mesh compute gives the same results
// and the same gradients as the program whole. Takes a module with one program, runs it both ways
// on the host with random values, compares what every rank has, and prints what was exchanged and
// how results lie, for FileCheck.
//
// An argument's values are random in [-1, 1); `check.below = n` makes them integers in [0, n),
// `check.values = dense<…>` gives them.
#include "test/sharding/CompiledModule.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdio>
#include <random>

using namespace mlir;
using namespace step37;
using namespace step37::test;

namespace {

namespace cl = llvm::cl;
cl::list<std::string> files(cl::Positional, cl::OneOrMore, cl::desc("FILE.mlir"));
cl::list<std::string> axes("axes", cl::CommaSeparated, cl::desc("mesh: name=size,…"));
cl::list<std::string> dims("dims", cl::CommaSeparated, cl::desc("splits: name=axis+axis,…"));
cl::list<std::string> tokenAxes("token-axes", cl::CommaSeparated, cl::desc("axes of the tokens"));
cl::opt<double> expertRows("expert-rows", cl::init(2), cl::desc("rows of a window over the mean"));
cl::opt<bool> exchangeExperts("exchange-experts",
                              cl::desc("rows go to the ranks of their experts"));
cl::opt<bool> uncovered("uncovered",
                        cl::desc("name the operations with a rule in none of the files"));

/// Differences of sums in another order, relative to the largest value.
constexpr double tolerance = 2e-5;

[[noreturn]] void fail(const std::string &message) {
  llvm::errs() << "error: " << message << "\n";
  std::exit(1);
}

struct Argument {
  std::string name;
  std::vector<int64_t> shape;
  Values values;
};

class Samples {
public:
  Values reals(int64_t count) {
    Values values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(float(unit(engine) * 2 - 1));
    return values;
  }

  std::vector<Argument> arguments(func::FuncOp function) {
    std::vector<Argument> list;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
      auto name = function.getArgAttrOfType<StringAttr>(i, "step37.name");
      if (!name)
        fail("argument " + std::to_string(i) + " has no step37.name");
      Argument &argument = list.emplace_back();
      argument.name = name.str();
      argument.shape.assign(type.getShape().begin(), type.getShape().end());
      if (auto given = function.getArgAttrOfType<DenseElementsAttr>(i, "check.values"))
        argument.values = constants(given);
      else if (auto below = function.getArgAttrOfType<IntegerAttr>(i, "check.below"))
        argument.values = integers(type.getNumElements(), below.getInt());
      else if (type.getElementType().isF32())
        argument.values = reals(type.getNumElements());
      else
        fail("argument " + argument.name + " needs check.below or check.values");
    }
    return list;
  }

private:
  Values integers(int64_t count, int64_t below) {
    Values values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(float(std::floor(unit(engine) * double(below))));
    return values;
  }

  static Values constants(DenseElementsAttr attribute) {
    Values values;
    if (attribute.getElementType().isF32())
      llvm::append_range(values, attribute.getValues<float>());
    else
      for (const APInt &value : attribute.getValues<APInt>())
        values.push_back(float(value.getSExtValue()));
    return values;
  }

  std::mt19937_64 engine{37};
  std::uniform_real_distribution<double> unit{0, 1};
};

/// Whole values against those of a rank, one by one.
class Comparison {
public:
  Comparison(std::string what, Values whole) : what(std::move(what)), whole(std::move(whole)) {
    for (float value : this->whole) {
      if (!std::isfinite(value))
        fail(this->what + ": not finite");
      largest = std::max(largest, std::abs(double(value)));
    }
    if (largest == 0)
      fail(this->what + ": all zeros, which shows nothing");
  }

  void check(int64_t index, float value, int rank) const {
    const double difference = std::abs(double(value) - whole[size_t(index)]);
    if (difference <= tolerance * largest)
      return;
    fail(what + ": element " + std::to_string(index) + " is " + std::to_string(value) +
         " on rank " + std::to_string(rank) + ", not " + std::to_string(whole[size_t(index)]));
  }

private:
  std::string what;
  Values whole;
  double largest = 0;
};

std::string join(const std::vector<std::string> &names) { return llvm::join(names, "+"); }

/// "[dp][tp]", a bracket a dimension.
std::string describe(const plan::Split &split) {
  if (split.empty())
    return "whole";
  std::string text;
  for (const std::vector<std::string> &dim : split)
    text += "[" + join(dim) + "]";
  return text;
}

void compareResults(const CompiledModule &whole, const CompiledModule &cut) {
  for (const plan::Buffer &expected : whole.buffers()) {
    if (expected.cls != plan::BufferClass::output)
      continue;
    Values values(size_t(expected.elements()));
    whole.visitResult(expected, expected.shape, 0,
                      [&](int64_t index, float value) { values[size_t(index)] = value; });
    const Comparison comparison(expected.name, std::move(values));
    for (const plan::Buffer &buffer : cut.buffers()) {
      if (buffer.cls != plan::BufferClass::output || buffer.name != expected.name)
        continue;
      llvm::outs() << buffer.name << ": " << describe(buffer.split) << "\n";
      for (int rank = 0; rank < cut.ranks(); ++rank)
        cut.visitResult(buffer, expected.shape, rank,
                        [&](int64_t index, float value) { comparison.check(index, value, rank); });
    }
  }
}

void compareGradients(const CompiledModule &whole, const CompiledModule &cut) {
  for (size_t p = 0; p < whole.parameters().size(); ++p) {
    const plan::Parameter &expected = whole.parameters()[p], &parameter = cut.parameters()[p];
    if (expected.gradient.empty())
      continue;
    for (int rank = 0; rank < cut.ranks(); ++rank)
      if (!cut.hasZeroPadding(parameter, rank))
        fail("gradient of " + parameter.name + ": its padding is not zero on rank " +
             std::to_string(rank));
    for (size_t i = 0; i < expected.parts.size(); ++i) {
      Values values(size_t(elementsOf(expected.parts[i])), 0);
      whole.visitGradient(expected, expected.parts[i], 0,
                          [&](int64_t index, float value) { values[size_t(index)] = value; });
      const Comparison comparison("gradient of " + expected.name, std::move(values));
      llvm::outs() << "gradient of " << parameter.name << ": " << describe(parameter.parts[i].split)
                   << " partial [" << join(parameter.gradient_partial) << "]\n";
      for (int rank = 0; rank < cut.ranks(); ++rank)
        cut.visitGradient(parameter, parameter.parts[i], rank, [&](int64_t index, float value) {
          comparison.check(index, value, rank);
        });
    }
  }
}

void check(ModuleOp module, const Layout &layout) {
  auto functions = module.getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions))
    fail("the module must have one program");
  CompiledModule whole(module, {}), cut(module, layout);
  for (const std::string &line : cut.exchanges())
    llvm::outs() << line << "\n";
  Samples samples;
  for (const Argument &argument : samples.arguments(*functions.begin()))
    for (CompiledModule *compiled : {&whole, &cut})
      compiled->writeArgument(argument.name, argument.shape, argument.values);
  for (size_t p = 0; p < whole.parameters().size(); ++p)
    for (size_t i = 0; i < whole.parameters()[p].parts.size(); ++i) {
      const plan::Part &part = whole.parameters()[p].parts[i];
      const Values values = samples.reals(part.blocks * part.block);
      for (CompiledModule *compiled : {&whole, &cut})
        compiled->writeTensor(compiled->parameters()[p], compiled->parameters()[p].parts[i],
                              values);
    }
  whole.run();
  cut.run();
  compareResults(whole, cut);
  compareGradients(whole, cut);
}

/// Prints the operations with a sharding rule that none of the texts uses.
void printUncovered(MLIRContext &context) {
  std::string texts;
  for (const std::string &file : files)
    if (auto buffer = llvm::MemoryBuffer::getFile(file))
      texts += (*buffer)->getBuffer();
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.hasInterface<ir::ShardableOpInterface>() &&
        !StringRef(texts).contains((name.getStringRef() + " ").str()))
      llvm::outs() << "uncovered: " << name.getStringRef() << "\n";
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "a cut program computes what the whole one does\n");
  DialectRegistry registry;
  registry.insert<ir::Step37Dialect, planir::PlanDialect, func::FuncDialect, tensor::TensorDialect,
                  memref::MemRefDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  if (uncovered) {
    printUncovered(context);
    return 0;
  }
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(files[0], &context);
  if (!module)
    return 1;
  check(*module, Layout{axes, dims, tokenAxes, expertRows, exchangeExperts});
  return 0;
}
