// step37-opt: runs passes by hand on IR from a file, for tests and for looking. A config's IR comes
// from `step37c compile --stop-after frontend --dump-dir`.
#include "codegen/select/SelectPasses.h"
#include "passes/Passes.h"
#include "tools/Program.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &out) { out << step37::versionOf("step37-opt") << "\n"; });
  mlir::DialectRegistry registry;
  registry.insert<step37::ir::Step37Dialect, step37::planir::PlanDialect, mlir::func::FuncDialect,
                  mlir::tensor::TensorDialect, mlir::memref::MemRefDialect>();
  step37::registerPassesAndPipelines();
  step37::registerStep37SelectPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "step37 passes\n", registry));
}
