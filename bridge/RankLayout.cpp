// Every layout as slices of published tensors; see RankLayout.h.
#include "bridge/RankLayout.h"

#include "runtime/base/Error.h"

#include <array>
#include <cassert>
#include <numeric>

namespace step37 {

namespace {

constexpr std::array<std::pair<std::string_view, Layout>, 3> layoutNames{
    {{"plan", Layout::plan},
     {"megatron", Layout::megatron},
     {"megatron-expanded", Layout::megatronExpanded}}};

/// A tensor seen as [experts, rows, columns]; the missing ones are 1.
struct Extents {
  int64_t experts = 1, rows = 1, columns = 1;
};

Extents extentsOf(const MappedTensor &tensor) {
  const std::vector<int64_t> &shape = tensor.published.shape;
  if (tensor.stacksExperts())
    return {shape[0], shape[1], shape[2]};
  return {1, shape[0], elementCount(tensor.published) / shape[0]};
}

/// The experts, rows and columns of a tensor that a rank has.
struct Part {
  int64_t firstExpert = 0, experts = 1;
  int64_t firstRow = 0, rows = 0, zeroRows = 0; // zeroRows: padding after its rows
  int64_t firstColumn = 0, columns = 0;
};

struct Coordinates {
  int64_t tp, ep, etp;
};

Part partOf(const MappedTensor &tensor, const plan::Mesh &mesh, const Coordinates &at) {
  const Extents whole = extentsOf(tensor);
  Part part{.experts = whole.experts, .rows = whole.rows, .columns = whole.columns};
  const auto cut = [](int64_t &first, int64_t &count, int64_t ways, int64_t index) {
    count /= ways;
    first = index * count;
  };
  switch (tensor.sharing) {
  case Sharing::replicated:
    break;
  case Sharing::column:
    cut(part.firstRow, part.rows, mesh.tp, at.tp);
    break;
  case Sharing::row:
    cut(part.firstColumn, part.columns, mesh.tp, at.tp);
    break;
  case Sharing::vocabulary: {
    const int64_t padded = (whole.rows + mesh.tp - 1) / mesh.tp;
    part.firstRow = std::min(at.tp * padded, whole.rows);
    part.rows = std::min(padded, whole.rows - part.firstRow);
    part.zeroRows = padded - part.rows;
    break;
  }
  case Sharing::expertColumn:
    cut(part.firstExpert, part.experts, mesh.ep, at.ep);
    cut(part.firstRow, part.rows, mesh.etp, at.etp);
    break;
  case Sharing::expertRow:
    cut(part.firstExpert, part.experts, mesh.ep, at.ep);
    cut(part.firstColumn, part.columns, mesh.etp, at.etp);
    break;
  }
  return part;
}

/// Puts a part at element `to` of the local tensor, whose experts are `expertStride` apart.
Slice place(int tensor, const Extents &whole, const Part &part, int64_t to, int64_t expertStride) {
  Slice slice{.tensor = tensor, .to = to};
  slice.from = (part.firstExpert * whole.rows + part.firstRow) * whole.columns + part.firstColumn;
  if (part.columns == whole.columns) {
    slice.blocks = part.experts;
    slice.block = part.rows * part.columns;
    slice.fromStride = whole.rows * whole.columns;
    slice.toStride = expertStride;
  } else {
    assert(part.rows == whole.rows && expertStride == part.rows * part.columns &&
           "a tensor with split columns is alone in its parameter");
    slice.blocks = part.experts * part.rows;
    slice.block = part.columns;
    slice.fromStride = whole.columns;
    slice.toStride = part.columns;
  }
  if (slice.fromStride == slice.block && slice.toStride == slice.block) { // one run
    slice.block *= slice.blocks;
    slice.blocks = 1;
  }
  return slice;
}

/// The tensors of one rank, parameter by parameter.
class RankBuilder {
public:
  RankBuilder(const TensorMap &map, Layout layout, const plan::Mesh &mesh, int64_t rank)
      : map(map), layout(layout), mesh(mesh),
        at{rank % mesh.tp, rank / mesh.etp % mesh.ep, rank % mesh.etp} {}

  std::vector<LocalTensor> build() {
    const int count = static_cast<int>(map.tensors().size());
    for (int first = 0, end = 0; first < count; first = end) {
      for (end = first + 1; end < count && tensor(end).parameter == tensor(first).parameter; ++end)
        ;
      addParameter(first, end);
    }
    return std::move(local);
  }

private:
  const MappedTensor &tensor(int index) const { return map.tensors()[static_cast<size_t>(index)]; }
  Part part(int index) const { return partOf(tensor(index), mesh, at); }

  /// Tensors [first, end) are packed with each other.
  void addParameter(int first, int end) {
    const MappedTensor &leader = tensor(first);
    if (leader.place == PackPlace::query && layout != Layout::plan)
      addAttention(first, end);
    else if (leader.stacksExperts() && layout != Layout::plan)
      for (int64_t expert = 0; expert < part(first).experts; ++expert)
        addStacked(first, end, expert, 1);
    else
      addStacked(first, end, 0, part(first).experts);
  }

  /// [t1; t2; …] for each of the rank's experts [expert, expert + count).
  void addStacked(int first, int end, int64_t expert, int64_t count) {
    const MappedTensor &leader = tensor(first);
    const Part leading = part(first);
    int64_t rows = 0;
    for (int index = first; index < end; ++index)
      rows += part(index).rows + part(index).zeroRows;

    LocalTensor result;
    if (layout == Layout::plan)
      result.name = leader.parameter;
    else if (leader.stacksExperts()) // "….weight*"
      result.name = leader.megatron.substr(0, leader.megatron.size() - 1) + std::to_string(expert);
    else
      result.name = leader.megatron;
    if (leader.sharing == Sharing::replicated)
      result.shape = leader.published.shape;
    else
      result.shape = {rows, leading.columns};
    if (leader.stacksExperts() && layout == Layout::plan)
      result.shape.insert(result.shape.begin(), count);

    int64_t row = 0;
    for (int index = first; index < end; ++index) {
      Part own = part(index);
      own.firstExpert += expert;
      own.experts = count;
      if (own.rows > 0)
        result.slices.push_back(
            place(index, extentsOf(tensor(index)), own, row * own.columns, rows * own.columns));
      row += own.rows + own.zeroRows;
    }
    local.push_back(std::move(result));
  }

  /// The fused projection of attention as Megatron-Core interleaves it.
  void addAttention(int first, int end) {
    const MappedTensor &leader = tensor(first);
    const int64_t columns = extentsOf(leader).columns, head = leader.headDim * columns;
    const int64_t groups = leader.groups / mesh.tp, perGroup = leader.heads / leader.groups;
    const bool hasGate = tensor(end - 1).place == PackPlace::headGate;
    const bool expanded = hasGate && layout == Layout::megatronExpanded;
    const int64_t group = (perGroup * (expanded ? 2 : 1) + 2) * head;
    const int64_t gateRows = hasGate && !expanded ? groups * perGroup : 0;

    LocalTensor result{leader.megatron, {groups * group / columns + gateRows, columns}, {}};
    const auto addGroups = [&](int index, int64_t heads, int64_t to) {
      result.slices.push_back({.tensor = index,
                               .blocks = groups,
                               .block = heads * head,
                               .from = part(index).firstRow * columns,
                               .fromStride = heads * head,
                               .to = to,
                               .toStride = group});
    };
    for (int index = first; index < end; ++index)
      switch (tensor(index).place) {
      case PackPlace::query:
        addGroups(index, perGroup, 0);
        break;
      case PackPlace::key:
        addGroups(index, 1, group - 2 * head);
        break;
      case PackPlace::value:
        addGroups(index, 1, group - head);
        break;
      default:
        if (expanded)
          addExpandedGate(index, groups, perGroup, group, result);
        else
          result.slices.push_back({.tensor = index,
                                   .block = gateRows * columns,
                                   .from = part(index).firstRow * columns,
                                   .to = groups * group});
      }
    local.push_back(std::move(result));
  }

  /// Behind the query heads of each group: the gate row of every head, head_dim times.
  void addExpandedGate(int index, int64_t groups, int64_t perGroup, int64_t group,
                       LocalTensor &result) const {
    const int64_t columns = extentsOf(tensor(index)).columns;
    const int64_t head = tensor(index).headDim * columns;
    for (int64_t h = 0; h < groups * perGroup; ++h)
      result.slices.push_back({.tensor = index,
                               .blocks = tensor(index).headDim,
                               .block = columns,
                               .from = (part(index).firstRow + h) * columns,
                               .to = h / perGroup * group + (perGroup + h % perGroup) * head,
                               .toStride = columns});
  }

  const TensorMap &map;
  Layout layout;
  const plan::Mesh &mesh;
  Coordinates at;
  std::vector<LocalTensor> local;
};

} // namespace

std::string_view name(Layout layout) { return layoutNames[static_cast<size_t>(layout)].first; }

std::optional<Layout> parseLayout(std::string_view text) {
  for (const auto &[spelling, layout] : layoutNames)
    if (spelling == text)
      return layout;
  return std::nullopt;
}

int64_t LocalTensor::elements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

int64_t distinctRanks(const plan::Mesh &mesh) { return std::lcm(mesh.tp, mesh.ep * mesh.etp); }

void checkMesh(const TensorMap &map, const plan::Mesh &mesh) {
  for (const MappedTensor &tensor : map.tensors()) {
    const auto require = [&](int64_t count, std::string_view what, int64_t ways,
                             std::string_view axis) {
      if (count % ways != 0)
        throw Error(tensor.published.name + ": its " + std::to_string(count) + ' ' +
                    std::string(what) + " cannot be split evenly over " + std::string(axis) + ' ' +
                    std::to_string(ways));
    };
    const Extents whole = extentsOf(tensor);
    if (tensor.place == PackPlace::query || tensor.place == PackPlace::headGate)
      require(tensor.heads, "heads", mesh.tp, "tp");
    if (tensor.place == PackPlace::query || tensor.place == PackPlace::key ||
        tensor.place == PackPlace::value)
      require(tensor.groups, "attention groups", mesh.tp, "tp");
    if (tensor.sharing == Sharing::column)
      require(whole.rows, "rows", mesh.tp, "tp");
    if (tensor.sharing == Sharing::row)
      require(whole.columns, "columns", mesh.tp, "tp");
    if (tensor.stacksExperts())
      require(whole.experts, "experts", mesh.ep, "ep");
    if (tensor.sharing == Sharing::expertColumn)
      require(whole.rows, "rows", mesh.etp, "etp");
    if (tensor.sharing == Sharing::expertRow)
      require(whole.columns, "columns", mesh.etp, "etp");
  }
}

std::vector<LocalTensor> localTensors(const TensorMap &map, Layout layout, const plan::Mesh &mesh,
                                      int64_t rank) {
  return RankBuilder(map, layout, mesh, rank).build();
}

} // namespace step37
