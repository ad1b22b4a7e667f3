#include "dialects/step37/TensorSharding.h"

#include "dialects/step37/Step37Dialect.h"

using namespace mlir;

namespace step37::ir {
namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Dimensions are split alike but for the one in which tensors stand side by side.
struct ConcatSharding : ShardableOpInterface::ExternalModel<ConcatSharding, tensor::ConcatOp> {
  ShardingRule getShardingRule(Operation *op) const {
    auto concat = cast<tensor::ConcatOp>(op);
    ShardingRule rule;
    ShardingRule::Dims dims;
    for (int64_t i = 0; i < concat.getType().getRank(); ++i)
      dims.push_back(i == int64_t(concat.getDim()) ? whole : DimRule(rule.factor()));
    rule.operands.assign(concat.getInputs().size(), dims);
    rule.results.assign(1, dims);
    return rule;
  }
};

/// Dimensions that are taken in full are split alike.
struct ExtractSliceSharding
    : ShardableOpInterface::ExternalModel<ExtractSliceSharding, tensor::ExtractSliceOp> {
  ShardingRule getShardingRule(Operation *op) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    assert(slice->getNumOperands() == 1 && "offsets and sizes are static");
    ShardingRule rule;
    ShardingRule::Dims dims;
    for (auto [from, to] : llvm::zip_equal(shapeOf(slice.getSource()), slice.getType().getShape()))
      dims.push_back(from == to ? DimRule(rule.factor()) : whole);
    rule.operands.assign(1, dims);
    rule.results.assign(1, dims);
    return rule;
  }

  LogicalResult localize(Operation *op, const LocalShapes &local, OpBuilder &builder,
                         ValueRange operands, SmallVectorImpl<Value> &results) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    auto type = cast<RankedTensorType>(local.resultTypes[0]);
    SmallVector<OpFoldResult> sizes;
    for (int64_t size : type.getShape())
      sizes.push_back(builder.getIndexAttr(size));
    results.push_back(tensor::ExtractSliceOp::create(builder, op->getLoc(), type, operands[0],
                                                     slice.getMixedOffsets(), sizes,
                                                     slice.getMixedStrides()));
    return success();
  }
};

} // namespace

void attachTensorSharding(MLIRContext &context) {
  tensor::ConcatOp::attachInterface<ConcatSharding>(context);
  tensor::ExtractSliceOp::attachInterface<ExtractSliceSharding>(context);
}

} // namespace step37::ir
