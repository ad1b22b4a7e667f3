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

  /// Adds the symbol of a published tensor, with all that the table says of it.
  void addParameter(const PublishedTensor &tensor, const InitialDistribution &initial,
                    bool trained);
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

  /// The value of a parameter, read where the path says.
  mlir::Value parameter(const TensorAt &tensor);

  /// x·wᵀ; f32 instead of the model's type where asked for. Stands at the weight's module.
  mlir::Value linear(mlir::Value x, const TensorAt &tensor, bool wide = false);
  /// RMS norm, at the weight's module.
  mlir::Value rmsNorm(mlir::Value x, const TensorAt &tensor, double eps);
  mlir::Value add(llvm::ArrayRef<mlir::Value> values);

private:
  mlir::Location moduleOf(const TensorAt &tensor);

  mlir::OwningOpRef<mlir::ModuleOp> root;
  mlir::OpBuilder builder;
  mlir::Type element;
  mlir::Location loc;
  mlir::func::FuncOp function;
  llvm::StringMap<mlir::Value> arguments, reads;
};

} // namespace step37
