// The arguments of the families that only sharded programs have.
#include "codegen/spec/ArgumentList.h"

#include <array>

namespace step37::spec {

std::string_view name(Exchange exchange) {
  constexpr std::array<std::string_view, 4> names{"all_gather", "all_reduce", "reduce_scatter",
                                                  "all_to_all"};
  return names[size_t(exchange)];
}

std::optional<RankGroup> rankGroupOf(const KernelSpec &spec) {
  if (const auto *collective = std::get_if<Collective>(&spec))
    return RankGroup{name(collective->exchange), &collective->axes, collective->ranks};
  if (const auto *counted = std::get_if<CountedExchange>(&spec))
    return RankGroup{countedExchange, &counted->axes, counted->ranks};
  return std::nullopt;
}

Arguments Collective::arguments() const {
  const bool wholeIn = exchange == Exchange::reduceScatter || exchange == Exchange::allToAll;
  const bool wholeOut = exchange == Exchange::allGather || exchange == Exchange::allToAll;
  const Count whole = Count(ranks) * elements;
  ArgumentList list(family);
  const int in = list.read("in", type, wholeIn ? whole : elements);
  list.write("out", type, wholeOut ? whole : elements, exchange == Exchange::allReduce ? in : -1);
  return list.take();
}

Arguments CountedExchange::arguments() const {
  const Count ownElements = Count(own_rows) * cols, receivedElements = Count(rows) * cols,
              boundElements = Count(ranks) * (Count(experts) + 1);
  ArgumentList list(family);
  if (!back) {
    list.read("own", type, ownElements);
    list.read("bounds", DType::i32, boundElements);
    list.writeSome("received", type, receivedElements);
    return list.take();
  }
  list.read("received", type, receivedElements);
  list.read("bounds", DType::i32, boundElements);
  const int before = keeps ? list.read("before", type, ownElements) : -1;
  list.writeSome("own", type, ownElements, before);
  return list.take();
}

Arguments ReceivedRows::arguments() const {
  ArgumentList list(family);
  list.read("bounds", DType::i32, Count(ranks) * (Count(experts) + 1));
  list.read("coordinate", DType::i32, 1);
  list.write("offsets", DType::i32, Count(experts / ranks) + 1);
  list.write("source_row", DType::i32, rows);
  list.write("received_row", DType::i32, rows);
  return list.take();
}

Arguments LocalizeIds::arguments() const {
  ArgumentList list(family);
  const int ids = list.read("ids", DType::i32, elements);
  list.read("coordinate", DType::i32, 1);
  list.write("out", DType::i32, elements, ids);
  return list.take();
}

Arguments ExpertWindow::arguments() const {
  ArgumentList list(family);
  list.read("offsets", DType::i32, Count(groups) + 1);
  list.read("slot_row", DType::i32, slots);
  list.write("window_offsets", DType::i32, Count(groups) + 1);
  list.write("window_slot_row", DType::i32, slots);
  return list.take();
}

Arguments LossStats::arguments() const {
  ArgumentList list(family);
  list.read("logits", DType::f32, Count(rows) * vocab);
  list.read("labels", DType::i32, rows);
  list.read("coordinate", DType::i32, 1);
  list.write("stats", DType::f32, Count(rows) * 3);
  return list.take();
}

Arguments MergeLossStats::arguments() const {
  ArgumentList list(family);
  list.read("stats", DType::f32, Count(ranks) * rows * 3);
  list.read("weights", DType::f32, rows);
  list.write("lse", DType::f32, rows);
  list.write("token_loss", DType::f32, rows);
  return list.take();
}

Arguments LogitsGrad::arguments() const {
  ArgumentList list(family);
  const int logits = list.read("logits", DType::f32, Count(rows) * vocab);
  list.read("labels", DType::i32, rows);
  list.read("weights", DType::f32, rows);
  list.read("lse", DType::f32, rows);
  list.slot("scale");
  list.read("coordinate", DType::i32, 1);
  list.write("dlogits", type, Count(rows) * vocab, type == DType::f32 ? logits : -1);
  return list.take();
}

} // namespace step37::spec
