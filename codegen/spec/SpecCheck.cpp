// See SpecCheck.h: one rule for all fields of a kind, then what each family's fields are to each
// other.
#include "codegen/spec/SpecCheck.h"

#include "runtime/base/Error.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace step37::spec {
namespace {

constexpr int64_t indexLimit = std::numeric_limits<int32_t>::max();

class Checker {
public:
  explicit Checker(std::string_view family) : family(family) {}

  void require(bool holds, std::string_view field, const std::string &what) const {
    if (!holds)
      throw Error(std::string(family) + "." + std::string(field) + ": " + what);
  }

  /// A stride holds at least one row.
  void stride(std::string_view field, int64_t stride, int64_t cols) const {
    require(stride >= cols, field,
            "is " + std::to_string(stride) + ", less than a row of " + std::to_string(cols));
  }

  void divides(std::string_view field, int64_t value, int64_t divisor, std::string_view of) const {
    require(value % divisor == 0, field, "must be a multiple of " + std::string(of));
  }

  /// Indices of token slots are i32.
  void slots(int64_t tokens, int64_t topK) const {
    require(tokens <= indexLimit / topK, "tokens", "tokens·top_k must be below 2^31");
  }

  /// Rows of experts: each has one slot or none.
  template <class Spec> void expertRows(const Spec &spec) const {
    slots(spec.tokens, spec.top_k);
    require(spec.rows <= spec.tokens * spec.top_k, "rows", "must not exceed tokens·top_k");
  }

private:
  std::string_view family;
};

/// Fields in which 0 says that something is absent. Strides of a gate count only where there is
/// one.
bool mayBeZero(std::string_view field) {
  return field == "residuals" || field == "rotary_dim" || field == "window" ||
         field == "gate_stride" || field == "dgate_stride" || field == "workspace_bytes" ||
         field == "first" || field == "table_side";
}

/// The rule for every field by its type.
struct FieldRule {
  const Checker &checker;
  bool integers = false; // elements may be i32: they are moved, not computed with

  void operator()(std::string_view field, bool) const {}
  void operator()(std::string_view field, ClampPosition) const {}
  void operator()(std::string_view field, Exchange) const {}
  void operator()(std::string_view field, DType type) const {
    checker.require(type == DType::f32 || type == DType::bf16 || (integers && type == DType::i32),
                    field, "must be f32 or bf16, is " + std::string(name(type)));
  }
  void operator()(std::string_view field, const std::string &text) const {
    checker.require(!text.empty(), field, "must not hold an empty name");
  }
  void operator()(std::string_view field, int64_t value) const {
    bool zero = value == 0 && mayBeZero(field);
    checker.require(value > 0 || zero, field, "must be positive, is " + std::to_string(value));
    checker.require(value <= indexLimit || field == "elements", field,
                    "must be below 2^31, is " + std::to_string(value));
  }
  void operator()(std::string_view field, double value) const {
    checker.require(std::isfinite(value), field, "must be finite");
    checker.require(value >= 0 || field == "scale" || field == "value", field,
                    "must not be negative");
  }
  template <class Value>
  void operator()(std::string_view field, const std::vector<Value> &values) const {
    checker.require(!values.empty(), field, "must not be empty");
    for (const Value &value : values)
      (*this)(field, value);
  }
};

/// Whether a kernel only moves elements, so that they may be indices.
template <class Spec> bool movesIntegers(const Spec &) { return false; }
bool movesIntegers(const Collective &spec) {
  return spec.exchange == Exchange::allGather || spec.exchange == Exchange::allToAll;
}

bool movesIntegers(const TakeRows &) { return true; }

// What the fields of a family are to each other.

template <class Spec> void relations(const Spec &, const Checker &) {}

void relations(const Gemm &spec, const Checker &checker) {
  checker.stride("a_stride", spec.a_stride, spec.transpose_a ? spec.m : spec.k);
  checker.stride("b_stride", spec.b_stride, spec.transpose_b ? spec.k : spec.n);
  checker.stride("c_stride", spec.c_stride, spec.n);
}

/// QkNormRope and its gradient.
template <class Spec> void rotaryRelations(const Spec &spec, const Checker &checker) {
  checker.divides("tokens", spec.tokens, spec.seq_len, "seq_len");
  checker.divides("rotary_dim", spec.rotary_dim, 2, "2");
  checker.require(spec.rotary_dim <= spec.head_dim, "rotary_dim", "must not exceed head_dim");
  checker.stride("q_stride", spec.q_stride, spec.heads * spec.head_dim);
  checker.stride("k_stride", spec.k_stride, spec.groups * spec.head_dim);
}

void relations(const QkNormRope &spec, const Checker &checker) { rotaryRelations(spec, checker); }

void relations(const QkNormRopeGrad &spec, const Checker &checker) {
  rotaryRelations(spec, checker);
  checker.stride("dq_stride", spec.dq_stride, spec.heads * spec.head_dim);
  checker.stride("dk_stride", spec.dk_stride, spec.groups * spec.head_dim);
  checker.require(spec.normalize || !spec.frozen, "frozen", "needs normalize");
}

/// Attention and its gradient.
template <class Spec> void attentionRelations(const Spec &spec, const Checker &checker) {
  checker.divides("tokens", spec.tokens, spec.seq_len, "seq_len");
  checker.divides("heads", spec.heads, spec.groups, "groups");
  checker.require(spec.causal || spec.window == 0, "window", "needs causal attention");
  checker.stride("v_stride", spec.v_stride, spec.groups * spec.head_dim);
  if (spec.gated)
    checker.stride("gate_stride", spec.gate_stride, spec.heads);
}

void relations(const Attention &spec, const Checker &checker) { attentionRelations(spec, checker); }

void relations(const AttentionGrad &spec, const Checker &checker) {
  attentionRelations(spec, checker);
  checker.stride("dv_stride", spec.dv_stride, spec.groups * spec.head_dim);
  if (spec.gated)
    checker.stride("dgate_stride", spec.dgate_stride, spec.heads);
}

void relations(const Swiglu &spec, const Checker &checker) {
  checker.stride("gate_stride", spec.gate_stride, spec.cols);
  checker.stride("up_stride", spec.up_stride, spec.cols);
}

void relations(const SwigluGrad &spec, const Checker &checker) {
  checker.stride("gate_stride", spec.gate_stride, spec.cols);
  checker.stride("up_stride", spec.up_stride, spec.cols);
  checker.stride("dgate_stride", spec.dgate_stride, spec.cols);
  checker.stride("dup_stride", spec.dup_stride, spec.cols);
}

/// Route and its gradient.
template <class Spec> void routeRelations(const Spec &spec, const Checker &checker) {
  checker.require(spec.top_k <= spec.experts, "top_k", "must not exceed experts");
  checker.slots(spec.tokens, spec.top_k);
}

void relations(const Route &spec, const Checker &checker) { routeRelations(spec, checker); }
void relations(const RouteGrad &spec, const Checker &checker) { routeRelations(spec, checker); }

void relations(const SortByExpert &spec, const Checker &checker) { checker.expertRows(spec); }
void relations(const Dispatch &spec, const Checker &checker) { checker.expertRows(spec); }
void relations(const Combine &spec, const Checker &checker) { checker.expertRows(spec); }
void relations(const CombineGrad &spec, const Checker &checker) { checker.expertRows(spec); }

void relations(const ShiftLabels &spec, const Checker &checker) {
  checker.divides("tokens", spec.tokens, spec.seq_len, "seq_len");
}

void relations(const TakeRows &spec, const Checker &checker) {
  checker.require(spec.rows <= spec.total_rows, "rows", "must not exceed total_rows");
}

void relations(const AdamW &spec, const Checker &checker) {
  checker.require(spec.copy || spec.type == DType::f32, "copy",
                  "must be true where type is not f32");
}

void axesRelations(const std::vector<std::string> &names, const Checker &checker) {
  std::set<std::string_view> axes(names.begin(), names.end());
  checker.require(axes.size() == names.size(), "axes", "must not hold an axis twice");
}

void relations(const Collective &spec, const Checker &checker) {
  axesRelations(spec.axes, checker);
}

/// CountedExchange and ReceivedRows: a window of what `slots` rows of every rank can be.
template <class Spec>
void windowRelations(const Spec &spec, int64_t slots, const Checker &checker) {
  checker.divides("experts", spec.experts, spec.ranks, "ranks");
  checker.require(spec.ranks <= indexLimit / slots, "ranks",
                  "times rows of a rank must be below 2^31");
  checker.require(spec.first <= spec.ranks * slots - spec.rows, "first",
                  "plus rows must not exceed the rows of all ranks");
}

void relations(const CountedExchange &spec, const Checker &checker) {
  axesRelations(spec.axes, checker);
  checker.require(spec.back || !spec.keeps, "keeps", "needs back");
  windowRelations(spec, spec.own_rows, checker);
}

void relations(const ReceivedRows &spec, const Checker &checker) {
  windowRelations(spec, spec.slots, checker);
}

void relations(const ExpertWindow &spec, const Checker &checker) {
  checker.require(spec.first <= indexLimit - spec.rows, "first", "plus rows must be below 2^31");
}

void relations(const CopyColumns &spec, const Checker &checker) {
  checker.stride("x_stride", spec.x_stride, spec.cols);
  checker.stride("out_stride", spec.out_stride, spec.cols);
}

void relations(const Patches &spec, const Checker &checker) {
  checker.divides("height", spec.height, spec.patch, "patch");
  checker.divides("width", spec.width, spec.patch, "patch");
}

void gridRelations(const std::vector<int64_t> &grids, const Checker &checker) {
  checker.require(grids.size() % 3 == 0, "grids", "must be triples of count, height and width");
}

/// AddPositions and its gradient.
template <class Spec> void positionRelations(const Spec &spec, const Checker &checker) {
  gridRelations(spec.grids, checker);
  checker.require(spec.table_side > 0 || spec.class_token, "table_side",
                  "must be positive without a class token");
}

void relations(const AddPositions &spec, const Checker &checker) {
  positionRelations(spec, checker);
}
void relations(const AddPositionsGrad &spec, const Checker &checker) {
  positionRelations(spec, checker);
}
void relations(const AxialRopeTable &spec, const Checker &checker) {
  gridRelations(spec.grids, checker);
}
void relations(const Unfold &spec, const Checker &checker) { gridRelations(spec.grids, checker); }
void relations(const Fold &spec, const Checker &checker) { gridRelations(spec.grids, checker); }

void relations(const RotatePairs &spec, const Checker &checker) {
  checker.divides("head_dim", spec.head_dim, 2, "2");
  checker.stride("x_stride", spec.x_stride, spec.heads * spec.head_dim);
  checker.stride("out_stride", spec.out_stride, spec.heads * spec.head_dim);
}

void relations(const MergeRows &spec, const Checker &checker) {
  checker.require(spec.has_x || spec.has_source, "has_x", "must be true without a source");
}

} // namespace

void check(const KernelSpec &spec) {
  std::visit(
      [](const auto &typed) {
        Checker checker(typed.family);
        typed.visit(typed, FieldRule{checker, movesIntegers(typed)});
        relations(typed, checker);
        typed.arguments(); // throws where an extent overflows
      },
      spec);
}

} // namespace step37::spec
