// Steps of the operations that only the vision tower and its features need.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"
#include "dialects/step37/ImageGrids.h"

#include <cmath>

using namespace mlir;

namespace step37 {
namespace {

/// The grids of all batches that `rows` rows are.
std::vector<int64_t> gridsOf(ArrayRef<int64_t> grids, bool classToken, Value rows) {
  std::vector<int64_t> all;
  for (int64_t row = 0; row < dim(rows, 0); row += ir::imageTokens(grids, classToken))
    all.insert(all.end(), grids.begin(), grids.end());
  return all;
}

/// Calls launch(partOf) for each batch of equal parts of buffers, with partOf(buffer) the batch's
/// part.
template <typename Launch>
LogicalResult forEachBatch(KernelSelector &select, int64_t batches, Launch launch) {
  for (int64_t batch = 0; batch < batches; ++batch) {
    auto partOf = [&](Value buffer) {
      int64_t rows = cast<MemRefType>(buffer.getType()).getDimSize(0) / batches;
      return select.buffers.rows(buffer, batch * rows, rows);
    };
    if (failed(launch(partOf)))
      return failure();
  }
  return success();
}

/// Positions along a side of a table's square.
int64_t tableSide(Value table, Value classEmbedding) {
  if (!table)
    return 0;
  return std::llround(std::sqrt(double(dim(table, 0) - (classEmbedding ? 1 : 0))));
}

/// One launch for each group of images of one size in a batch.
LogicalResult lower(KernelSelector &select, ir::PatchesOp op) {
  Value out = select.out(op.getOut());
  int64_t row = 0, batches = op.getBatches();
  return forEachBatch(select, batches, [&](auto partOf) {
    for (Value images : op.getImages()) {
      spec::Patches spec{dim(images, 0) / batches, dim(images, 1),         dim(images, 2),
                         dim(images, 3),           int64_t(op.getPatch()), op.getClassToken(),
                         dtype(op.getOut())};
      int64_t rows = spec.images * spec.tokensOfImage();
      if (failed(select.launch(
              op, spec,
              {.pixels = partOf(select.in(images)), .out = select.buffers.rows(out, row, rows)})))
        return failure();
      row += rows;
    }
    return success();
  });
}

LogicalResult lower(KernelSelector &select, ir::UnfoldOp op) {
  return select.launch(op,
                       spec::Unfold{gridsOf(op.getGrids(), op.getClassToken(), op.getX()),
                                    op.getClassToken(), dim(op.getX(), 1), dtype(op.getX())},
                       {.x = select.in(op.getX()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::FoldOp op) {
  return select.launch(op,
                       spec::Fold{gridsOf(op.getGrids(), op.getClassToken(), op.getOut()),
                                  op.getClassToken(), dim(op.getOut(), 1), dtype(op.getX())},
                       {.x = select.in(op.getX()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::AddPositionsOp op) {
  bool classToken = bool(op.getClassEmbedding());
  spec::AddPositions spec{gridsOf(op.getGrids(), classToken, op.getX()), classToken,
                          tableSide(op.getTable(), op.getClassEmbedding()), dim(op.getX(), 1),
                          dtype(op.getX())};
  return select.launch(op, spec,
                       {.x = select.in(op.getX()),
                        .table = select.inIfAny(op.getTable()),
                        .class_embedding = select.inIfAny(op.getClassEmbedding()),
                        .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::AddPositionsGradOp op) {
  Value table = op.getDtable(), classEmbedding = op.getDclassEmbedding();
  spec::AddPositionsGrad spec{gridsOf(op.getGrids(), bool(classEmbedding), op.getDout()),
                              bool(classEmbedding),
                              tableSide(table, classEmbedding),
                              dim(op.getDout(), 1),
                              dtype(op.getDout()),
                              dtype(table ? table : classEmbedding)};
  auto targets = select.accumulated(op, SmallVector<Value>(op.getResults()));
  if (failed(targets))
    return failure();
  return select.launch(op, spec,
                       {.dout = select.in(op.getDout()),
                        .beta = targets->front().beta,
                        .dtable = table ? targets->front().gradient : Value(),
                        .dclass_embedding = classEmbedding ? targets->back().gradient : Value()});
}

LogicalResult lower(KernelSelector &select, ir::AxialRopeTableOp op) {
  return select.launch(
      op,
      spec::AxialRopeTable{gridsOf(op.getGrids(), op.getClassToken(), op.getTable()),
                           op.getClassToken(), !op.getRowFirst(),
                           std::vector<double>(op.getFrequencies())},
      {.table = select.out(op.getTable())});
}

LogicalResult lower(KernelSelector &select, ir::RotatePairsOp op) {
  Value x = select.in(op.getX()), table = select.in(op.getTable()), out = select.out(op.getOut());
  int64_t headDim = op.getHeadDim(), rows = dim(op.getTable(), 0);
  spec::RotatePairs spec{rows,
                         dim(op.getX(), 1) / headDim,
                         headDim,
                         select.strideOf(x),
                         select.strideOf(out),
                         op.getInverse(),
                         dtype(op.getX())};
  return forEachBatch(select, dim(op.getX(), 0) / rows, [&](auto partOf) {
    return select.launch(op, spec, {.x = partOf(x), .table = table, .out = partOf(out)});
  });
}

LogicalResult lower(KernelSelector &select, ir::LayerNormOp op) {
  return select.launch(
      op,
      spec::LayerNorm{dim(op.getX(), 0), dim(op.getX(), 1), number(op.getEps()), dtype(op.getX())},
      {.x = select.in(op.getX()),
       .weight = select.in(op.getWeight()),
       .bias = select.in(op.getBias()),
       .y = select.out(op.getY()),
       .mean = select.out(op.getMean()),
       .inverse_deviation = select.out(op.getInverseDeviation())});
}

LogicalResult lower(KernelSelector &select, ir::LayerNormGradOp op) {
  auto targets = select.accumulated(op, {op.getDweight(), op.getDbias()});
  if (failed(targets))
    return failure();
  spec::LayerNormGrad spec{dim(op.getDy(), 0), dim(op.getDy(), 1), dtype(op.getDy()),
                           dtype(op.getDweight())};
  return select.launch(op, spec,
                       {.dy = select.in(op.getDy()),
                        .x = select.in(op.getX()),
                        .weight = select.in(op.getWeight()),
                        .mean = select.in(op.getMean()),
                        .inverse_deviation = select.in(op.getInverseDeviation()),
                        .beta = targets->front().beta,
                        .dx = select.out(op.getDx()),
                        .dweight = targets->front().gradient,
                        .dbias = targets->back().gradient,
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult broadcast(KernelSelector &select, Operation *op, Value x, Value row, bool multiply) {
  return select.launch(
      op, spec::BroadcastRow{dim(x, 0), dim(x, 1), multiply, dtype(x)},
      {.x = select.in(x), .row = select.in(row), .out = select.out(op->getResult(0))});
}

LogicalResult lower(KernelSelector &select, ir::AddBiasOp op) {
  return broadcast(select, op, op.getX(), op.getBias(), false);
}

LogicalResult lower(KernelSelector &select, ir::ScaleColumnsOp op) {
  return broadcast(select, op, op.getX(), op.getScale(), true);
}

LogicalResult lower(KernelSelector &select, ir::ColumnSumsOp op) {
  FailureOr<GradientTarget> target = select.accumulated(op, op.getSums());
  if (failed(target))
    return failure();
  spec::ColumnSums spec{dim(op.getA(), 0), dim(op.getA(), 1), bool(op.getB()), dtype(op.getA()),
                        dtype(op.getSums())};
  return select.launch(op, spec,
                       {.a = select.in(op.getA()),
                        .b = select.inIfAny(op.getB()),
                        .beta = target->beta,
                        .sums = target->gradient,
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::QuickGeluOp op) {
  return select.launch(op, spec::QuickGelu{elements(op.getX()), dtype(op.getX())},
                       {.x = select.in(op.getX()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::QuickGeluGradOp op) {
  return select.launch(
      op, spec::QuickGeluGrad{elements(op.getX()), dtype(op.getX())},
      {.dout = select.in(op.getDout()), .x = select.in(op.getX()), .dx = select.out(op.getDx())});
}

/// The fields that image attention and its gradient share, for one group of images: each image is a
/// row of the batch.
template <typename Spec, typename Op>
Spec attentionSpec(KernelSelector &select, Op op, const ir::ImageGroup &group, Value v) {
  Spec spec;
  spec.tokens = group.tokens();
  spec.seq_len = group.length;
  spec.head_dim = op.getHeadDim();
  spec.heads = spec.groups = dim(op.getQ(), 1) / spec.head_dim;
  spec.v_stride = select.strideOf(v);
  spec.gated = false;
  spec.scale = number(op.getScale());
  spec.type = dtype(op.getQ());
  spec.causal = false;
  return spec;
}

/// Calls launch(group, rowsOf) for each group of images, with rowsOf(buffer) the group's rows.
template <typename Op, typename Launch>
LogicalResult forEachGroup(KernelSelector &select, Op op, Launch launch) {
  int64_t row = 0;
  const std::vector<int64_t> grids = gridsOf(op.getGrids(), op.getClassToken(), op.getQ());
  for (const ir::ImageGroup &group : ir::imageGroups(grids, op.getClassToken())) {
    auto rowsOf = [&, first = row](Value buffer) {
      return select.buffers.rows(buffer, first, group.tokens());
    };
    if (failed(launch(group, rowsOf)))
      return failure();
    row += group.tokens();
  }
  return success();
}

LogicalResult lower(KernelSelector &select, ir::ImageAttentionOp op) {
  Value q = select.in(op.getQ()), k = select.in(op.getK()), v = select.in(op.getV()),
        out = select.out(op.getOut()), lse = select.out(op.getLse());
  return forEachGroup(select, op, [&](const ir::ImageGroup &group, auto rowsOf) {
    return select.launch(
        op, attentionSpec<spec::Attention>(select, op, group, v),
        {.q = rowsOf(q), .k = rowsOf(k), .v = rowsOf(v), .out = rowsOf(out), .lse = rowsOf(lse)});
  });
}

LogicalResult lower(KernelSelector &select, ir::ImageAttentionGradOp op) {
  Value dout = select.in(op.getDout()), q = select.in(op.getQ()), k = select.in(op.getK()),
        v = select.in(op.getV()), attended = select.in(op.getOut()), lse = select.in(op.getLse()),
        dq = select.out(op.getDq()), dk = select.out(op.getDk()), dv = select.out(op.getDv());
  return forEachGroup(select, op, [&](const ir::ImageGroup &group, auto rowsOf) {
    auto spec = attentionSpec<spec::AttentionGrad>(select, op, group, v);
    spec.dv_stride = select.strideOf(dv);
    return select.launch(op, spec,
                         {.dout = rowsOf(dout),
                          .q = rowsOf(q),
                          .k = rowsOf(k),
                          .v = rowsOf(v),
                          .out = rowsOf(attended),
                          .lse = rowsOf(lse),
                          .dq = rowsOf(dq),
                          .dk = rowsOf(dk),
                          .dv = rowsOf(dv),
                          .workspace = select.workspaceOf(op, spec)});
  });
}

LogicalResult lower(KernelSelector &select, ir::MergeRowsOp op) {
  int64_t batches = op.getBatches();
  spec::MergeRows spec;
  spec.rows = dim(op.getX(), 0) / batches;
  spec.source_rows = dim(op.getInverse(), 0) / batches;
  spec.cols = dim(op.getX(), 1);
  spec.has_source = bool(op.getSource());
  spec.type = dtype(op.getX());
  Value x = select.in(op.getX()), source = select.inIfAny(op.getSource()),
        index = select.in(op.getIndex()), out = select.out(op.getOut());
  return forEachBatch(select, batches, [&](auto partOf) {
    return select.launch(op, spec,
                         {.x = partOf(x),
                          .source = source ? partOf(source) : Value(),
                          .index = partOf(index),
                          .out = partOf(out)});
  });
}

LogicalResult lower(KernelSelector &select, ir::GatherRowsOp op) {
  int64_t batches = op.getBatches();
  spec::MergeRows spec{dim(op.getOut(), 0) / batches,
                       dim(op.getX(), 0) / batches,
                       dim(op.getX(), 1),
                       /*has_x=*/false,
                       /*has_source=*/true,
                       dtype(op.getX())};
  Value x = select.in(op.getX()), index = select.in(op.getIndex()), out = select.out(op.getOut());
  return forEachBatch(select, batches, [&](auto partOf) {
    return select.launch(op, spec,
                         {.source = partOf(x), .index = partOf(index), .out = partOf(out)});
  });
}

} // namespace

void addVisionKernels(KernelTable &table) {
  table.add<ir::PatchesOp>(lower);
  table.add<ir::UnfoldOp>(lower);
  table.add<ir::FoldOp>(lower);
  table.add<ir::AddPositionsOp>(lower);
  table.add<ir::AddPositionsGradOp>(lower);
  table.add<ir::AxialRopeTableOp>(lower);
  table.add<ir::RotatePairsOp>(lower);
  table.add<ir::LayerNormOp>(lower);
  table.add<ir::LayerNormGradOp>(lower);
  table.add<ir::AddBiasOp>(lower);
  table.add<ir::ScaleColumnsOp>(lower);
  table.add<ir::ColumnSumsOp>(lower);
  table.add<ir::QuickGeluOp>(lower);
  table.add<ir::QuickGeluGradOp>(lower);
  table.add<ir::ImageAttentionOp>(lower);
  table.add<ir::ImageAttentionGradOp>(lower);
  table.add<ir::MergeRowsOp>(lower);
  table.add<ir::GatherRowsOp>(lower);
}

} // namespace step37
