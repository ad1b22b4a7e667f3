// Writes the module after every pass into a folder, numbered: what --dump-dir shows.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <filesystem>
#include <memory>

namespace step37 {

class PhaseDump {
public:
  /// No folder (an empty path): nothing is written.
  explicit PhaseDump(std::filesystem::path folder);

  /// `NN-name.mlir`; throws Error where it cannot be written.
  void write(mlir::Operation *module, llvm::StringRef name);

  /// A kernel's CUDA text, `kernels/NAME.cu`, and what ptxas says of it, `kernels/NAME.txt`.
  void writeKernel(const std::string &name, const std::string &source, const std::string &report);

  /// Writes after every pass that succeeds.
  std::unique_ptr<mlir::PassInstrumentation> instrumentation();

private:
  void writeFile(const std::filesystem::path &path,
                 llvm::function_ref<void(llvm::raw_ostream &)> print);

  std::filesystem::path folder;
  int number = 0;
};

} // namespace step37
