// Kernel specs: JSON there and back for every family, one message per kind of wrong field, and the
// argument lists that planner, executor and kernels agree on.
#include "codegen/spec/KernelSpec.h"
#include "codegen/spec/SpecCheck.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <sstream>

namespace {

using namespace step37;
using namespace step37::spec;
using Json = nlohmann::json;

/// A valid spec of each family, with field values that differ from the defaults and, where the
/// family allows it, from each other.
std::vector<KernelSpec> samples() {
  DType bf16 = DType::bf16;
  return {
      Gemm{3, 5, 7, true, false, 4, 6, 8, bf16, DType::f32, bf16, true, 256},
      Embedding{6, 11, 5, bf16},
      EmbeddingGrad{6, 11, 5, bf16, bf16},
      RmsNorm{65, 5, 3, 1e-6, bf16},
      RmsNormGrad{65, 5, 2, 1e-6, bf16, bf16},
      Add{9, 3, bf16},
      AccumulateGradient{9, bf16, bf16},
      RopeTable{6, {1.0, 0.1, 0.01}},
      QkNormRope{6, 3, 4, 2, 8, 4, 33, 17, true, 1e-6, bf16},
      QkNormRopeGrad{6, 3, 4, 2, 8, 4, 33, 17, 34, 18, true, 1e-6, bf16, bf16},
      Attention{6, 3, 4, 2, 8, 2, 17, 5, true, 0.25, bf16},
      AttentionGrad{6, 3, 4, 2, 8, 2, 17, 5, 18, 6, true, 0.25, bf16},
      Swiglu{6, 5, 10, 5, 7.5, ClampPosition::beforeSilu, bf16},
      SwigluGrad{6, 5, 10, 9, 8, 7, 7.5, ClampPosition::beforeSilu, bf16},
      Route{6, 4, 2, 2.5, false, false, true},
      RouteGrad{6, 4, 2, 2.5, false, true},
      SortByExpert{6, 4, 2, 9},
      Dispatch{6, 2, 5, bf16, 9},
      Combine{6, 2, 5, false, bf16, 9},
      CombineGrad{6, 2, 5, bf16, 9},
      GroupedGemm{4, 12, 5, 7, false, bf16},
      GroupedGemmGrad{4, 12, 5, 7, bf16, bf16},
      GroupedSwiglu{4, 12, 5, 7, 7.5, ClampPosition::beforeSilu, bf16},
      ShiftLabels{6, 3, 2},
      LogitsLoss{6, 11, true, bf16},
      Fill{9, -0.5},
      ReduceSum{9},
      TakeRows{9, 4, 5, bf16},
      CopyColumns{6, 5, 7, 9, bf16},
      SumOfSquares{65537, bf16},
      GlobalNorm{{3, 1, 2}},
      AdamW{9, false, true, bf16, bf16},
      Collective{Exchange::reduceScatter, {"dp.1", "tp"}, 4, 9, bf16},
      LocalizeIds{9, 5},
      CountedExchange{true, true, {"dp.1", "tp"}, 4, 8, 12, 24, 24, 5, bf16},
      ReceivedRows{4, 8, 12, 24, 6},
      ExpertWindow{4, 12, 6, 8},
      LossStats{6, 5, 9},
      MergeLossStats{2, 6},
      LogitsGrad{6, 5, 9, bf16},
      Patches{2, 3, 4, 6, 2, true, bf16},
      AddPositions{{2, 2, 3, 1, 4, 5}, true, 4, 6, bf16},
      AddPositionsGrad{{2, 2, 3, 1, 4, 5}, true, 4, 6, bf16, bf16},
      LayerNorm{65, 5, 1e-6, bf16},
      LayerNormGrad{65, 5, bf16, bf16},
      BroadcastRow{6, 5, true, bf16},
      ColumnSums{65, 5, true, bf16, bf16},
      QuickGelu{9, bf16},
      QuickGeluGrad{9, bf16},
      AxialRopeTable{{2, 2, 3, 1, 4, 5}, true, false, {1.0, 0.1, 0.01}},
      RotatePairs{6, 3, 4, 13, 14, true, bf16},
      Unfold{{2, 2, 3, 1, 4, 5}, true, 7, bf16},
      Fold{{2, 2, 3, 1, 4, 5}, true, 7, bf16},
      MergeRows{6, 4, 5, false, true, bf16},
  };
}

std::string errorOf(std::string_view family, const Json &fields) {
  try {
    parseSpec(family, fields);
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

std::string errorOf(const KernelSpec &spec) { return errorOf(family(spec), toJson(spec)); }

/// "name access type elements[ over index]" for each argument, one per line.
std::string describe(const KernelSpec &spec) {
  std::ostringstream text;
  for (const Argument &argument : arguments(spec)) {
    const char *access[] = {"r", "w", "rw"};
    text << argument.name << ' ' << access[int(argument.access)] << ' ' << name(argument.type)
         << ' ' << argument.elements;
    if (argument.inPlaceOf >= 0)
      text << " over " << argument.inPlaceOf;
    text << '\n';
  }
  return text.str();
}

TEST(Spec, SamplesCoverEveryFamily) {
  std::set<std::string_view> seen;
  for (const KernelSpec &spec : samples())
    seen.insert(family(spec));
  EXPECT_EQ(seen.size(), std::variant_size_v<KernelSpec>);
  for (std::string_view name : seen)
    EXPECT_EQ(family(defaultSpec(name).value()), name);
  EXPECT_FALSE(defaultSpec("gem").has_value());
}

TEST(Spec, JsonRoundTrip) {
  for (const KernelSpec &spec : samples()) {
    std::string text = toJson(spec).dump();
    KernelSpec parsed = parseSpec(family(spec), Json::parse(text));
    EXPECT_EQ(parsed.index(), spec.index());
    EXPECT_EQ(toJson(parsed).dump(), text);
    EXPECT_NE(toJson(defaultSpec(family(spec)).value()).dump(), text) << family(spec);
  }
}

TEST(Spec, JsonNamesEveryFieldInOrder) {
  EXPECT_EQ(toJson(Swiglu{6, 5, 10, 5, 7.5, ClampPosition::beforeSilu, DType::bf16}).dump(),
            R"({"rows":6,"cols":5,"gate_stride":10,"up_stride":5,"limit":7.5,)"
            R"("clamp":"before","type":"bf16"})");
  EXPECT_EQ(toJson(RopeTable{6, {1.0, 0.1}}).dump(), R"({"positions":6,"frequencies":[1.0,0.1]})");
}

TEST(Spec, EveryMissingFieldIsNamed) {
  for (const KernelSpec &spec : samples()) {
    Json fields = toJson(spec);
    for (const auto &[key, value] : fields.items()) {
      Json without = fields;
      without.erase(key);
      EXPECT_EQ(errorOf(family(spec), without),
                std::string(family(spec)) + "." + key + ": missing");
    }
  }
}

TEST(Spec, EveryFieldOfAWrongTypeIsNamed) {
  for (const KernelSpec &spec : samples()) {
    Json fields = toJson(spec);
    for (const auto &[key, value] : fields.items()) {
      Json wrong = fields;
      wrong[key] = nullptr;
      std::string start = std::string(family(spec)) + "." + key + ": must be ";
      EXPECT_EQ(errorOf(family(spec), wrong).substr(0, start.size()), start);
    }
  }
}

TEST(Spec, EveryNegativeNumberIsNamed) {
  for (const KernelSpec &spec : samples()) {
    Json fields = toJson(spec);
    for (const auto &[key, value] : fields.items()) {
      if (key == "scale" || key == "value" || !(value.is_number() || value.is_array()))
        continue;
      Json wrong = fields;
      (value.is_array() ? wrong[key][0] : wrong[key]) = -1;
      std::string start = std::string(family(spec)) + "." + key + ": must";
      EXPECT_EQ(errorOf(family(spec), wrong).substr(0, start.size()), start);
    }
  }
}

TEST(Spec, WrongFields) {
  Json fields = toJson(Embedding{6, 11, 5, DType::bf16});
  auto with = [&](const char *key, Json value) {
    Json changed = fields;
    changed[key] = std::move(value);
    return errorOf("embedding", changed);
  };
  EXPECT_EQ(errorOf("embeding", fields), "unknown kernel family \"embeding\"");
  EXPECT_EQ(errorOf("embedding", Json::array()), "embedding: the spec must be an object");
  EXPECT_EQ(with("extra", 1), "embedding.extra: unknown field");
  EXPECT_EQ(with("vocab", 1.5), "embedding.vocab: must be an integer, is 1.5");
  EXPECT_EQ(with("vocab", "11"), "embedding.vocab: must be an integer, is \"11\"");
  EXPECT_EQ(with("vocab", std::numeric_limits<uint64_t>::max()),
            "embedding.vocab: must be an integer, is 18446744073709551615");
  EXPECT_EQ(with("vocab", 0), "embedding.vocab: must be positive, is 0");
  EXPECT_EQ(with("vocab", int64_t(1) << 31), "embedding.vocab: must be below 2^31, is 2147483648");
  EXPECT_EQ(with("type", "f31"), "embedding.type: must be an element type, is \"f31\"");
  EXPECT_EQ(with("type", "i32"), "embedding.type: must be f32 or bf16, is i32");
  fields = toJson(RopeTable{6, {1.0, 0.1}});
  fields["frequencies"] = Json::array({1.0, "x"});
  EXPECT_EQ(errorOf("rope_table", fields),
            R"(rope_table.frequencies: must be a number at index 1, is [1.0,"x"])");
  Json exchange = toJson(Collective{Exchange::allReduce, {"tp"}, 2, 3});
  exchange["exchange"] = "reduce";
  EXPECT_EQ(errorOf("collective", exchange),
            R"(collective.exchange: must be "all_gather", "all_reduce", "reduce_scatter" or )"
            R"("all_to_all", is "reduce")");
  fields["frequencies"] = Json::array();
  EXPECT_EQ(errorOf("rope_table", fields), "rope_table.frequencies: must not be empty");
}

TEST(Spec, RelationsOfFields) {
  EXPECT_EQ(errorOf(Gemm{3, 5, 7, false, false, 6, 5, 5}),
            "gemm.a_stride: is 6, less than a row of 7");
  EXPECT_EQ(errorOf(Gemm{3, 5, 7, true, false, 3, 5, 5}), "no error");
  EXPECT_EQ(errorOf(Gemm{3, 5, 7, true, true, 3, 6, 5}),
            "gemm.b_stride: is 6, less than a row of 7");
  EXPECT_EQ(errorOf(Gemm{3, 5, 7, true, true, 3, 7, 4}),
            "gemm.c_stride: is 4, less than a row of 5");
  EXPECT_EQ(errorOf(Attention{6, 4, 4, 2, 8, 0, 16, 4}),
            "attention.tokens: must be a multiple of seq_len");
  EXPECT_EQ(errorOf(Attention{6, 3, 4, 3, 8, 0, 24, 4}),
            "attention.heads: must be a multiple of groups");
  EXPECT_EQ(errorOf(Attention{6, 3, 4, 2, 8, 0, 16, 0}),
            "attention.gate_stride: is 0, less than a row of 4");
  EXPECT_EQ(errorOf(Attention{6, 3, 4, 2, 8, 0, 16, 0, false}), "no error");
  EXPECT_EQ(errorOf(QkNormRope{6, 3, 4, 2, 8, 10, 32, 16}),
            "qk_norm_rope.rotary_dim: must not exceed head_dim");
  EXPECT_EQ(errorOf(QkNormRope{6, 3, 4, 2, 8, 5, 32, 16}),
            "qk_norm_rope.rotary_dim: must be a multiple of 2");
  EXPECT_EQ(errorOf(QkNormRope{6, 3, 4, 2, 8, 0, 32, 16}), "no error");
  EXPECT_EQ(errorOf(QkNormRopeGrad{6, 3, 4, 2, 8, 0, 32, 16, 32, 16, false, 1e-5, DType::f32,
                                   DType::f32, true}),
            "qk_norm_rope_grad.frozen: needs normalize");
  EXPECT_EQ(errorOf(CopyColumns{6, 5, 4, 5}), "copy_columns.x_stride: is 4, less than a row of 5");
  EXPECT_EQ(errorOf(CopyColumns{6, 5, 5, 4}),
            "copy_columns.out_stride: is 4, less than a row of 5");
  EXPECT_EQ(errorOf(Attention{6, 3, 4, 2, 8, 2, 16, 0, false, 1, DType::f32, false}),
            "attention.window: needs causal attention");
  EXPECT_EQ(errorOf(Patches{2, 3, 5, 6, 2}), "patches.height: must be a multiple of patch");
  EXPECT_EQ(errorOf(Patches{2, 3, 6, 5, 2}), "patches.width: must be a multiple of patch");
  EXPECT_EQ(errorOf(AddPositions{{2, 3, 3}, false, 0, 6}),
            "add_positions.table_side: must be positive without a class token");
  for (const KernelSpec &wrong :
       {KernelSpec(AddPositionsGrad{{2, 3}, false, 4, 6}),
        KernelSpec(AxialRopeTable{{2, 3}, false, true, {1.0}}),
        KernelSpec(Unfold{{2, 3}, false, 6}), KernelSpec(Fold{{2, 3, 3, 1}, false, 6})})
    EXPECT_EQ(errorOf(wrong),
              std::string(family(wrong)) + ".grids: must be triples of count, height and width");
  EXPECT_EQ(errorOf(RotatePairs{3, 2, 3, 6, 6}), "rotate_pairs.head_dim: must be a multiple of 2");
  EXPECT_EQ(errorOf(RotatePairs{3, 2, 4, 7, 8}),
            "rotate_pairs.x_stride: is 7, less than a row of 8");
  EXPECT_EQ(errorOf(RotatePairs{3, 2, 4, 8, 7}),
            "rotate_pairs.out_stride: is 7, less than a row of 8");
  EXPECT_EQ(errorOf(MergeRows{6, 4, 5, false, false}),
            "merge_rows.has_x: must be true without a source");
  EXPECT_EQ(errorOf(Route{6, 2, 3}), "route.top_k: must not exceed experts");
  EXPECT_EQ(errorOf(TakeRows{3, 4, 5}), "take_rows.rows: must not exceed total_rows");
  EXPECT_EQ(errorOf(AdamW{9, true, false, DType::bf16}),
            "adamw.copy: must be true where type is not f32");
  EXPECT_EQ(errorOf(Collective{Exchange::allGather, {"tp", "tp"}, 2, 3}),
            "collective.axes: must not hold an axis twice");
  EXPECT_EQ(errorOf(Collective{Exchange::allGather, {""}, 2, 3}),
            "collective.axes: must not hold an empty name");
  EXPECT_EQ(errorOf(Collective{Exchange::allGather, {"tp"}, 2, 3, DType::i32}), "no error");
  EXPECT_EQ(errorOf(Collective{Exchange::allToAll, {"tp"}, 2, 3, DType::i32}), "no error");
  EXPECT_EQ(errorOf(Collective{Exchange::allReduce, {"tp"}, 2, 3, DType::i32}),
            "collective.type: must be f32 or bf16, is i32");
  EXPECT_EQ(errorOf(TakeRows{9, 4, 5, DType::i32}), "no error");
  const auto counted = [](bool back, bool keeps, std::vector<std::string> axes, int64_t experts,
                          int64_t first) {
    return errorOf(CountedExchange{back, keeps, std::move(axes), 2, experts, 12, 16, first, 5});
  };
  EXPECT_EQ(counted(false, false, {"tp"}, 8, 8), "no error");
  EXPECT_EQ(counted(false, true, {"tp"}, 8, 8), "collective_counted.keeps: needs back");
  EXPECT_EQ(counted(true, true, {"tp", "tp"}, 8, 8),
            "collective_counted.axes: must not hold an axis twice");
  EXPECT_EQ(counted(true, false, {"tp"}, 7, 8),
            "collective_counted.experts: must be a multiple of ranks");
  EXPECT_EQ(counted(true, false, {"tp"}, 8, 9),
            "collective_counted.first: plus rows must not exceed the rows of all ranks");
  EXPECT_EQ(errorOf(ReceivedRows{4, 8, 12, 24, 24}), "no error");
  EXPECT_EQ(errorOf(ReceivedRows{4, 8, int64_t(1) << 30, 24, 0}),
            "received_rows.ranks: times rows of a rank must be below 2^31");
  EXPECT_EQ(errorOf(ReceivedRows{4, 8, 12, 24, 25}),
            "received_rows.first: plus rows must not exceed the rows of all ranks");
  EXPECT_EQ(errorOf(ExpertWindow{4, 12, 0, 8}), "no error");
  EXPECT_EQ(errorOf(ExpertWindow{4, 12, std::numeric_limits<int32_t>::max(), 8}),
            "expert_window.first: plus rows must be below 2^31");
  EXPECT_EQ(errorOf(SortByExpert{6, 1, 2, 13}),
            "sort_by_expert.rows: must not exceed tokens·top_k");
  EXPECT_EQ(errorOf(SortByExpert{6, 1, 2}), "no error"); // experts of one rank
  EXPECT_EQ(errorOf(Dispatch{1 << 30, 2, 5, DType::f32, 7}),
            "dispatch.tokens: tokens·top_k must be below 2^31");
}

TEST(Spec, OverflowIsAnError) {
  int64_t huge = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(errorOf(GroupedGemm{huge, 4, huge, 8}),
            "grouped_gemm: the bytes of argument w do not fit in 64 bits");
  EXPECT_EQ(errorOf(Add{std::numeric_limits<int64_t>::max() / 4 + 1, 2}),
            "add: the bytes of argument addend0 do not fit in 64 bits");
  EXPECT_EQ(errorOf(Add{std::numeric_limits<int64_t>::max() / 4, 2}), "no error");
}

TEST(Spec, Arguments) {
  std::map<std::string_view, std::string> expected{
      {"gemm", "a r bf16 27\nb r f32 41\nc rw bf16 21\nbeta r f32 1\nworkspace w u8 256\n"},
      {"embedding", "ids r i32 6\ntable r bf16 55\nout w bf16 30\n"},
      {"embedding_grad", "ids r i32 6\ndy r bf16 30\nbeta r f32 1\ndtable rw bf16 55\n"
                         "workspace w i32 24\n"},
      {"rms_norm", "addend0 r bf16 325\naddend1 r bf16 325\naddend2 r bf16 325\nweight r bf16 5\n"
                   "sum w bf16 325 over 0\ny w bf16 325\ninverse_rms w f32 65\n"},
      {"rms_norm_grad",
       "dy r bf16 325\nx r bf16 325\nweight r bf16 5\ninverse_rms r f32 65\n"
       "residual0 r bf16 325\nresidual1 r bf16 325\nbeta r f32 1\ndx w bf16 325 over 4\n"
       "dweight rw bf16 5\nworkspace w f32 10\n"},
      {"add", "addend0 r bf16 9\naddend1 r bf16 9\naddend2 r bf16 9\nout w bf16 9 over 0\n"},
      {"accumulate_gradient", "value r bf16 9\nbeta r f32 1\ngrad rw bf16 9\n"},
      {"rope_table", "table w f32 36\n"},
      {"qk_norm_rope", "q r bf16 197\nk r bf16 101\nq_weight r bf16 8\nk_weight r bf16 8\n"
                       "table r f32 12\ndocument_start r i32 6\nq_out w bf16 192\n"
                       "k_out w bf16 96\ninverse_rms w f32 36\n"},
      {"qk_norm_rope_grad",
       "dq_out r bf16 192\ndk_out r bf16 96\nq r bf16 197\nk r bf16 101\nq_weight r bf16 8\n"
       "k_weight r bf16 8\ntable r f32 12\ndocument_start r i32 6\ninverse_rms r f32 36\n"
       "beta r f32 1\ndq w bf16 202\ndk w bf16 106\ndq_weight rw bf16 8\ndk_weight rw bf16 8\n"
       "workspace w f32 16\n"},
      {"attention", "q r bf16 192\nk r bf16 96\nv r bf16 101\ngate r bf16 29\n"
                    "document_start r i32 6\nout w bf16 192\nlse w f32 24\n"},
      {"attention_grad",
       "dout r bf16 192\nq r bf16 192\nk r bf16 96\nv r bf16 101\ngate r bf16 29\n"
       "document_start r i32 6\nout r bf16 192\nlse r f32 24\ndq w bf16 192\ndk w bf16 96\n"
       "dv w bf16 106\ndgate w bf16 34\nworkspace w f32 48\n"},
      {"swiglu", "gate r bf16 55\nup r bf16 30\nout w bf16 30 over 1\n"},
      {"swiglu_grad",
       "dout r bf16 30\ngate r bf16 55\nup r bf16 50\ndgate w bf16 45\ndup w bf16 40\n"},
      {"route", "logits r f32 24\nweights w f32 12\nchosen w i32 12\nscores w f32 12\n"},
      {"route_grad",
       "dweights r f32 12\nlogits r f32 24\nchosen r i32 12\nscores r f32 12\ndlogits w f32 24\n"},
      {"sort_by_expert", "chosen r i32 12\noffsets w i32 5\nrow_slot w i32 9\nslot_row w i32 12\n"},
      {"dispatch", "x r bf16 30\nrow_slot r i32 9\nout w bf16 45\n"},
      {"combine", "routed r bf16 45\nslot_row r i32 12\nout w bf16 30\n"},
      {"combine_grad", "dout r bf16 30\nrouted r bf16 45\nweights r f32 12\nrow_slot r i32 9\n"
                       "slot_row r i32 12\ndrouted w bf16 45\ndweights w f32 12\n"},
      {"grouped_gemm", "x r bf16 84\nw r bf16 140\noffsets r i32 5\nout w bf16 60\n"
                       "workspace w u8 320\n"},
      {"grouped_gemm_grad",
       "a r bf16 60\nb r bf16 84\noffsets r i32 5\nbeta r f32 1\ndw rw bf16 140\n"
       "workspace w u8 1088\n"},
      {"grouped_swiglu", "x r bf16 84\nw r bf16 280\noffsets r i32 5\ngate_up w bf16 120\n"
                         "out w bf16 60\nworkspace w u8 320\n"},
      {"shift_labels",
       "ids r i32 6\nmask r f32 6\ndocument_start r i32 6\nlabels w i32 6\nweights w f32 6\n"},
      {"logits_loss", "logits r f32 66\nlabels r i32 6\nweights r f32 6\nscale r f32 1\n"
                      "token_loss w f32 6\ndlogits w bf16 66\n"},
      {"fill", "out w f32 9\n"},
      {"reduce_sum", "values r f32 9\ntotal w f32 1\n"},
      {"take_rows", "x r bf16 45\nchunk r i32 1\nout w bf16 20\n"},
      {"copy_columns", "x r bf16 40\nout w bf16 50\n"},
      {"sum_of_squares", "x r bf16 65537\npartial w f32 2\n"},
      {"global_norm", "partials0 r f32 3\npartials1 r f32 1\npartials2 r f32 2\nmax_norm r f32 1\n"
                      "norm w f32 1\nclip w f32 1\n"},
      {"adamw", "grad r bf16 9\n"
                "learning_rate r f32 1\nbeta1 r f32 1\nbeta2 r f32 1\n"
                "eps r f32 1\nweight_decay r f32 1\ncorrection1 r f32 1\ncorrection2 r f32 1\n"
                "clip r f32 1\nmaster rw f32 9\nm rw f32 9\n"
                "v rw f32 9\nparam w bf16 9\n"},
      {"collective", "in r bf16 36\nout w bf16 9\n"},
      {"collective_counted", "bounds r i32 36\nbefore r bf16 60\nown w bf16 60 over 1\n"
                             "received r bf16 120\n"},
      {"received_rows", "bounds r i32 36\ncoordinate r i32 1\noffsets w i32 3\n"
                        "source_row w i32 24\nreceived_row w i32 24\n"},
      {"localize_ids", "ids r i32 9\ncoordinate r i32 1\nout w i32 9 over 0\n"},
      {"expert_window", "offsets r i32 5\nslot_row r i32 12\nwindow_offsets w i32 5\n"
                        "window_slot_row w i32 12\n"},
      {"loss_stats", "logits r f32 30\nlabels r i32 6\ncoordinate r i32 1\nstats w f32 18\n"},
      {"merge_loss_stats", "stats r f32 36\nweights r f32 6\nlse w f32 6\ntoken_loss w f32 6\n"},
      {"logits_grad", "logits r f32 30\nlabels r i32 6\nweights r f32 6\nlse r f32 6\n"
                      "scale r f32 1\ncoordinate r i32 1\ndlogits w bf16 30\n"},
      {"patches", "pixels r f32 144\nout w bf16 168\n"},
      {"add_positions", "x r bf16 210\ntable r bf16 102\nclass_embedding r bf16 6\n"
                        "out w bf16 210 over 0\n"},
      {"add_positions_grad",
       "dout r bf16 210\nbeta r f32 1\ndtable rw bf16 102\ndclass_embedding rw bf16 6\n"},
      {"layer_norm", "x r bf16 325\nweight r bf16 5\nbias r bf16 5\ny w bf16 325\nmean w f32 65\n"
                     "inverse_deviation w f32 65\n"},
      {"layer_norm_grad",
       "dy r bf16 325\nx r bf16 325\nweight r bf16 5\nmean r f32 65\ninverse_deviation r f32 65\n"
       "beta r f32 1\ndx w bf16 325 over 0\ndweight rw bf16 5\ndbias rw bf16 5\n"
       "workspace w f32 20\n"},
      {"broadcast_row", "x r bf16 30\nrow r bf16 5\nout w bf16 30 over 0\n"},
      {"column_sums", "a r bf16 325\nb r bf16 325\nbeta r f32 1\nsums rw bf16 5\n"
                      "workspace w f32 10\n"},
      {"quick_gelu", "x r bf16 9\nout w bf16 9 over 0\n"},
      {"quick_gelu_grad", "dout r bf16 9\nx r bf16 9\ndx w bf16 9 over 0\n"},
      {"axial_rope_table", "table w f32 420\n"},
      {"rotate_pairs", "x r bf16 77\ntable r f32 24\nout w bf16 82\n"},
      {"unfold", "x r bf16 245\nout w bf16 630\n"},
      {"fold", "x r bf16 630\nout w bf16 245\n"},
      {"merge_rows", "source r bf16 20\nindex r i32 6\nout w bf16 30\n"},
  };
  ASSERT_EQ(expected.size(), std::variant_size_v<KernelSpec>);
  for (const KernelSpec &spec : samples())
    EXPECT_EQ(describe(spec), expected.at(family(spec))) << family(spec);
}

TEST(Spec, OptionalArguments) {
  EXPECT_EQ(describe(Gemm{3, 5, 7, false, true, 7, 7, 5}), "a r f32 21\nb r f32 35\nc w f32 15\n");
  EXPECT_EQ(describe(LogitsLoss{6, 11, true, DType::f32}),
            "logits r f32 66\nlabels r i32 6\nweights r f32 6\nscale r f32 1\n"
            "token_loss w f32 6\ndlogits w f32 66 over 0\n");
  EXPECT_EQ(describe(LogitsLoss{6, 11, false, DType::f32}),
            "logits r f32 66\nlabels r i32 6\nweights r f32 6\ntoken_loss w f32 6\n");
  EXPECT_EQ(describe(RmsNorm{3, 5, 1}),
            "addend0 r f32 15\nweight r f32 5\ny w f32 15\ninverse_rms w f32 3\n");
  EXPECT_EQ(describe(RmsNormGrad{3, 5, 0}),
            "dy r f32 15\nx r f32 15\nweight r f32 5\ninverse_rms r f32 3\nbeta r f32 1\n"
            "dx w f32 15 over 0\ndweight rw f32 5\nworkspace w f32 5\n");
  EXPECT_EQ(describe(RmsNormGrad{3, 5, 1, 1e-5, DType::f32, DType::f32, true}),
            "dy r f32 15\nx r f32 15\nweight r f32 5\ninverse_rms r f32 3\nresidual0 r f32 15\n"
            "dx w f32 15 over 4\n");
  EXPECT_EQ(describe(QkNormRopeGrad{6, 3, 4, 2, 8, 0, 32, 16, 32, 16, true, 1e-5, DType::f32,
                                    DType::f32, true}),
            "dq_out r f32 192\ndk_out r f32 96\nq r f32 192\nk r f32 96\nq_weight r f32 8\n"
            "k_weight r f32 8\ndocument_start r i32 6\ninverse_rms r f32 36\ndq w f32 192\n"
            "dk w f32 96\n");
  EXPECT_EQ(describe(QkNormRope{6, 3, 4, 2, 8, 0, 32, 16, false}),
            "q r f32 192\nk r f32 96\ndocument_start r i32 6\nq_out w f32 192\nk_out w f32 96\n");
  EXPECT_EQ(describe(QkNormRopeGrad{6, 3, 4, 2, 8, 0, 32, 16, 32, 16, false}),
            "dq_out r f32 192\ndk_out r f32 96\nq r f32 192\nk r f32 96\ndocument_start r i32 6\n"
            "dq w f32 192\ndk w f32 96\n");
  EXPECT_EQ(describe(Attention{6, 3, 4, 2, 8, 0, 16, 0, false}),
            "q r f32 192\nk r f32 96\nv r f32 96\ndocument_start r i32 6\nout w f32 192\n"
            "lse w f32 24\n");
  EXPECT_EQ(describe(AttentionGrad{6, 3, 4, 2, 8, 0, 16, 0, 16, 0, false}),
            "dout r f32 192\nq r f32 192\nk r f32 96\nv r f32 96\ndocument_start r i32 6\n"
            "out r f32 192\nlse r f32 24\ndq w f32 192\ndk w f32 96\ndv w f32 96\n"
            "workspace w f32 48\n");
  EXPECT_EQ(describe(Route{6, 4, 2}), "logits r f32 24\nbias r f32 4\nweights w f32 12\n"
                                      "chosen w i32 12\nscores w f32 12\n");
  EXPECT_EQ(describe(Combine{6, 2, 5}),
            "routed r f32 60\nslot_row r i32 12\nweights r f32 12\nout w f32 30\n");
  EXPECT_EQ(describe(Attention{6, 3, 4, 2, 8, 0, 16, 0, false, 1, DType::f32, false}),
            "q r f32 192\nk r f32 96\nv r f32 96\nout w f32 192\nlse w f32 24\n");
  EXPECT_EQ(describe(AddPositions{{2, 3, 3}, false, 4, 6}),
            "x r f32 108\ntable r f32 96\nout w f32 108 over 0\n");
  EXPECT_EQ(describe(AddPositionsGrad{{2, 3, 3}, true, 0, 6}),
            "dout r f32 120\nbeta r f32 1\ndclass_embedding rw f32 6\n");
  EXPECT_EQ(describe(ColumnSums{3, 5}), "a r f32 15\nbeta r f32 1\nsums rw f32 5\n"
                                        "workspace w f32 5\n");
  EXPECT_EQ(describe(RotatePairs{3, 2, 4, 9, 9}),
            "x r f32 26\ntable r f32 12\nout w f32 26 over 0\n");
  EXPECT_EQ(describe(MergeRows{6, 4, 5}),
            "x r f32 30\nsource r f32 20\nindex r i32 6\nout w f32 30 over 0\n");
  EXPECT_EQ(describe(MergeRows{6, 4, 5, true, false}),
            "x r f32 30\nindex r i32 6\nout w f32 30 over 0\n");
  EXPECT_EQ(describe(AdamW{9}),
            "grad r f32 9\n"
            "learning_rate r f32 1\nbeta1 r f32 1\nbeta2 r f32 1\n"
            "eps r f32 1\nweight_decay r f32 1\ncorrection1 r f32 1\ncorrection2 r f32 1\n"
            "clip r f32 1\nmaster rw f32 9\n"
            "m rw f32 9\nv rw f32 9\n");
  EXPECT_EQ(describe(LogitsGrad{2, 5, 9}),
            "logits r f32 10\nlabels r i32 2\nweights r f32 2\nlse r f32 2\nscale r f32 1\n"
            "coordinate r i32 1\ndlogits w f32 10 over 0\n");
}

TEST(Spec, CollectivesByExchange) {
  auto of = [](Exchange exchange) { return describe(Collective{exchange, {"tp"}, 2, 3}); };
  EXPECT_EQ(of(Exchange::allGather), "in r f32 3\nout w f32 6\n");
  EXPECT_EQ(of(Exchange::allReduce), "in r f32 3\nout w f32 3 over 0\n");
  EXPECT_EQ(of(Exchange::reduceScatter), "in r f32 6\nout w f32 3\n");
  EXPECT_EQ(of(Exchange::allToAll), "in r f32 6\nout w f32 6\n");
}

} // namespace
