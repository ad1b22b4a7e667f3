// Which function makes the steps of which operation. Each topic has a file that adds its
// operations; a new operation touches its topic's file, a new topic one line in KernelTable.cpp.
#pragma once

#include "codegen/select/KernelSelector.h"

#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace step37 {

class KernelTable {
public:
  /// All topics.
  KernelTable();

  /// `lower` makes the steps of operations of this type.
  template <typename Op> void add(mlir::LogicalResult (*lower)(KernelSelector &, Op)) {
    [[maybe_unused]] bool isNew =
        functions
            .try_emplace(mlir::TypeID::get<Op>(),
                         [lower](KernelSelector &select, mlir::Operation *op) {
                           return lower(select, mlir::cast<Op>(op));
                         })
            .second;
    assert(isNew && "an operation has one lowering");
  }

  /// Makes the steps of `op`; an error at the operation if it has none.
  mlir::LogicalResult lower(KernelSelector &select, mlir::Operation *op) const;

private:
  using Function = std::function<mlir::LogicalResult(KernelSelector &, mlir::Operation *)>;
  llvm::DenseMap<mlir::TypeID, Function> functions;
};

// The topics; the parameters' gradients and the optimizer are `Update`, exchange between ranks and
// what follows from it is `Mesh`.
void addLayerKernels(KernelTable &table);
void addAttentionKernels(KernelTable &table);
void addExpertKernels(KernelTable &table);
void addDataKernels(KernelTable &table);
void addLossKernels(KernelTable &table);
void addUpdateKernels(KernelTable &table);
void addMeshKernels(KernelTable &table);
void addVisionKernels(KernelTable &table);

} // namespace step37
