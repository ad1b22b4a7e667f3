// Appends steps to a plan program: one kernel symbol a distinct spec, named by its content.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "dialects/plan/PlanDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <nlohmann/json.hpp>

#include <functional>

namespace step37 {

/// The implementation chosen for a spec.
struct KernelChoice {
  std::string variant, reason;
  bool library = false;            // a dense product that a library runs
  nlohmann::ordered_json launch{}; // how the variant cuts its work; null without such choices
};
using KernelChooser = std::function<KernelChoice(const spec::KernelSpec &)>;

class StepBuilder {
public:
  /// Kernels and buffers are added to `module`; `choose` names a spec's implementation.
  StepBuilder(mlir::ModuleOp module, KernelChooser choose);

  /// Starts a program; steps go to its end.
  void beginProgram(llvm::StringRef name, mlir::Location loc);

  /// Steps belong to `op` from now on. `rowsOf`: an earlier operation, whose step brings the rows
  /// that they work on; they are left out where it brings none. Null: they are always there.
  void beginOperation(mlir::Operation *op, mlir::Operation *rowsOf);

  /// A step that runs the kernel of `spec` on these buffers: by the names of its arguments, or in
  /// launch order.
  template <class Spec>
  void step(mlir::Location loc, const Spec &spec,
            const typename Spec::template Operands<mlir::Value> &operands) {
    stepInOrder(loc, spec, spec::inOrder<mlir::Value>(spec, operands));
  }
  void stepInOrder(mlir::Location loc, const spec::KernelSpec &spec, mlir::ValueRange buffers);

  /// A buffer of the module: created at its first use, by name.
  mlir::Value get(llvm::StringRef name, planir::BufferClass bufferClass, planir::BufferKind kind,
                  mlir::MemRefType type);
  /// Declares such a buffer without using it.
  planir::BufferOp declare(llvm::StringRef name, planir::BufferClass bufferClass,
                           planir::BufferKind kind, mlir::MemRefType type);

  /// A scalar that the executor fills with the rank's index along these axes.
  mlir::Value coordinate(mlir::ArrayAttr axes);

  mlir::Value temporary(mlir::Location loc, planir::BufferKind kind, mlir::MemRefType type);
  mlir::Value view(mlir::Location loc, mlir::Value source, int64_t begin, mlir::MemRefType type);

  mlir::MLIRContext *context() { return steps.getContext(); }

private:
  struct Kernel {
    mlir::FlatSymbolRefAttr symbol;
    bool library;
  };
  const Kernel &kernelOf(const spec::KernelSpec &spec);

  mlir::ModuleOp module;
  mlir::OpBuilder symbolBuilder, steps;
  KernelChooser choose;
  llvm::StringMap<Kernel> kernels; // by family, spec and launch choices
  llvm::StringMap<planir::BufferOp> buffers;
  llvm::StringMap<mlir::Value> gets; // of the current program
  planir::ProgramOp program;
  mlir::Operation *current = nullptr, *brought = nullptr; // operation; step that brings its rows
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> sends; // steps of exchanges, by operation
  int64_t counted = 0; // exchanges in this program that others name
};

} // namespace step37
