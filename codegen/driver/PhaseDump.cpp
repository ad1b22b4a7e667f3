#include "codegen/driver/PhaseDump.h"

#include "runtime/base/Error.h"

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

void createFolder(const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw Error(folder.string() + ": cannot create the dump folder: " + error.message());
}

} // namespace

PhaseDump::PhaseDump(std::filesystem::path folder) : folder(std::move(folder)) {
  if (this->folder.empty())
    return;
  createFolder(this->folder);
}

void PhaseDump::write(mlir::Operation *module, llvm::StringRef name) {
  if (folder.empty())
    return;
  writeFile(folder / llvm::formatv("{0,0+2}-{1}.mlir", number++, name).str(),
            [&](llvm::raw_ostream &out) {
              module->print(out,
                            mlir::OpPrintingFlags().enableDebugInfo(true, /*prettyForm=*/false));
            });
}

void PhaseDump::writeKernel(const std::string &name, const std::string &source,
                            const std::string &report) {
  if (folder.empty())
    return;
  std::filesystem::path kernels = folder / "kernels";
  createFolder(kernels);
  writeFile(kernels / (name + ".cu"), [&](llvm::raw_ostream &out) { out << source; });
  writeFile(kernels / (name + ".txt"), [&](llvm::raw_ostream &out) { out << report; });
}

void PhaseDump::writeFile(const std::filesystem::path &path,
                          llvm::function_ref<void(llvm::raw_ostream &)> print) {
  std::error_code error;
  llvm::raw_fd_ostream out(path.string(), error);
  if (!error) {
    print(out);
    out.close();
    error = out.error();
  }
  if (error) {
    out.clear_error();
    throw Error(path.string() + ": cannot write the dump: " + error.message());
  }
}

std::unique_ptr<mlir::PassInstrumentation> PhaseDump::instrumentation() {
  return std::make_unique<DumpAfterPass>(*this);
}

} // namespace step37
