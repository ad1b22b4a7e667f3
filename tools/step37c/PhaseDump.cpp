#include "tools/step37c/PhaseDump.h"

#include "runtime/file/Error.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace step37 {
namespace {

class DumpAfterPass : public mlir::PassInstrumentation {
public:
  explicit DumpAfterPass(PhaseDump &dump) : dump(dump) {}
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override {
    llvm::StringRef name = pass->getArgument();
    name.consume_front("step37-");
    if (mlir::isa<mlir::ModuleOp>(op) && !name.starts_with("verify-"))
      dump.write(op, name);
  }

private:
  PhaseDump &dump;
};

} // namespace

PhaseDump::PhaseDump(std::filesystem::path folder) : folder(std::move(folder)) {
  if (this->folder.empty())
    return;
  std::error_code error;
  std::filesystem::create_directories(this->folder, error);
  if (error)
    throw Error(this->folder.string() + ": cannot create the dump folder: " + error.message());
}

void PhaseDump::write(mlir::Operation *module, llvm::StringRef name) {
  if (folder.empty())
    return;
  std::string path = (folder / llvm::formatv("{0,0+2}-{1}.mlir", number++, name).str()).string();
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error) {
    module->print(out, mlir::OpPrintingFlags().enableDebugInfo(true, /*prettyForm=*/false));
    out.close();
    error = out.error();
  }
  if (error) {
    out.clear_error();
    throw Error(path + ": cannot write the dump: " + error.message());
  }
}

std::unique_ptr<mlir::PassInstrumentation> PhaseDump::instrumentation() {
  return std::make_unique<DumpAfterPass>(*this);
}

} // namespace step37
