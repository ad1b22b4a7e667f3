// Building blocks of the frontend: creates parameters, functions and operations with the right
// types and with module paths as locations. What a decoder layer is made of is DecoderBuilder.h.
#pragma once

#include "dialects/step37/Step37Dialect.h"
#include "frontend/config/Inventory.h"

#include "mlir/IR/Builders.h"

#include <string>

namespace step37 {

/// A named argument or result of a program, with its buffer class for the runtime.
struct ProgramArgument {
  std::string name;
  llvm::StringRef bufferClass; // "input" or "scalar"
  mlir::RankedTensorType type;
  llvm::StringRef counts =
      ""; // its first dimension: "token" or "image", or "" if it is never split
};

class ModuleBuilder {
public:
  ModuleBuilder(mlir::MLIRContext &context, DType type);

  mlir::ModuleOp module() { return *root; }
  mlir::OwningOpRef<mlir::ModuleOp> take() { return std::move(root); }

  /// Adds the symbol of a published tensor. `pack` names the parameter that siblings are stored in
  /// together on a rank; empty where there are none.
  /// `initMean` is what random initialisation starts around.
  void addParameter(const PublishedTensor &tensor, llvm::StringRef pack, bool trained,
                    double initMean = 0);
  void addCarried(const PublishedTensor &tensor);

  /// Starts a function; operations are created in it until `endProgram`.
  void beginProgram(llvm::StringRef name, llvm::ArrayRef<ProgramArgument> arguments);
  void endProgram(llvm::ArrayRef<std::pair<std::string, mlir::Value>> results);
  mlir::Value argument(llvm::StringRef name) const;

  /// Sets the module path of the operations that follow, e.g. "model.layers.3.self_attn".
  void setPath(const llvm::Twine &path);
  mlir::Location location() const { return loc; }
  mlir::OpBuilder &ops() { return builder; }

  mlir::RankedTensorType tensor(llvm::ArrayRef<int64_t> shape) const; // of the model's element type
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape) const;
  mlir::RankedTensorType i32(llvm::ArrayRef<int64_t> shape) const;

  /// The value of parameter `<path>.<name>`.
  mlir::Value parameter(const llvm::Twine &name);
  bool hasParameter(const llvm::Twine &name);

  /// x·wᵀ with the parameter `<path>.<name>.weight`; f32 instead of the model's type where asked
  /// for.
  mlir::Value linear(mlir::Value x, const llvm::Twine &name, bool wide = false);
  /// RMS norm with the parameter `<name>.weight`, under the path.
  mlir::Value rmsNorm(mlir::Value x, const llvm::Twine &name, double eps);
  mlir::Value add(llvm::ArrayRef<mlir::Value> values);

private:
  mlir::OwningOpRef<mlir::ModuleOp> root;
  mlir::OpBuilder builder;
  mlir::Type element;
  mlir::Location loc;
  std::string path;
  mlir::func::FuncOp function;
  llvm::StringMap<mlir::Value> arguments, reads;
};

} // namespace step37
