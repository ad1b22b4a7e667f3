// Lists the steps of a program so that exchange between ranks hides behind computing, and says on
// which stream each runs and what it waits for.
#include "dialects/plan/StepOrder.h"
#include "passes/Passes.h"

#include <set>

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_SCHEDULEEXCHANGEPASS
#include "passes/Passes.h.inc"

namespace {

/// A list schedule of one program on two streams.
class Schedule {
public:
  Schedule(planir::ProgramOp program, SymbolTable &symbols, int64_t window)
      : program(program), order(program, symbols), window(window) {
    collect(symbols);
  }

  /// Moves the steps and sets their streams; returns how many have another place.
  int64_t apply();

private:
  struct Step {
    bool exchanges = false;
    bool urgent = false; // a compute step of the next few needs it
    bool grows = false;  // what it writes takes more memory than what it reads
    int64_t nanoseconds = 0;
    int64_t missing = 0; // dependencies that are not scheduled yet
    int64_t ready = 0;   // when the last of them ends
    SmallVector<int64_t, 4> users;
  };

  void collect(SymbolTable &symbols);
  bool grows(int64_t step) const;
  void add(int64_t step);
  void place(int64_t step);
  bool placeExchange();
  void placeCompute();
  void setWaits();

  planir::ProgramOp program;
  planir::StepOrder order;
  int64_t window;
  std::vector<Step> steps;
  SmallVector<int64_t> places;       // the steps in their new order
  std::set<int64_t> urgent, patient; // exchanges whose data is there, by number
  /// Those of them whose results would only take memory for now: first user and number.
  std::set<std::pair<int64_t, int64_t>> early;
  std::set<int64_t> computing, listed; // compute steps whose data is there; all that are left
  int64_t clocks[2] = {0, 0};          // when each stream is free
  bool fills = false;                  // there are urgent exchanges, and so time to be filled
};

void Schedule::collect(SymbolTable &symbols) {
  for (auto [number, op] : llvm::enumerate(order.steps())) {
    Step step;
    step.exchanges = isa<planir::CollectiveOp>(op);
    step.grows = step.exchanges && grows(number);
    step.nanoseconds = planir::kernelOf(op, symbols).getNanoseconds().value_or(1000);
    for (int64_t earlier : order.dependencies(number)) {
      ++step.missing;
      steps[earlier].users.push_back(number);
      if (!step.exchanges && int64_t(number) - earlier <= window)
        steps[earlier].urgent = true;
    }
    steps.push_back(std::move(step));
  }
  // What an urgent exchange sends is as urgent.
  for (int64_t number = int64_t(steps.size()) - 1; number >= 0; --number)
    if (steps[number].exchanges && steps[number].urgent)
      for (int64_t earlier : order.dependencies(number))
        steps[earlier].urgent = true;
  for (auto [number, step] : llvm::enumerate(steps)) {
    fills |= step.exchanges && step.urgent;
    if (!step.exchanges)
      listed.insert(number);
    if (step.missing == 0)
      add(number);
  }
}

/// Whether the step makes temporaries of more elements than it reads; exchange keeps their type.
bool Schedule::grows(int64_t number) const {
  int64_t read = 0, made = 0;
  for (const planir::StepAccess &access : order.accesses(number)) {
    Value buffer = planir::originOf(order.steps()[number]->getOperand(access.argument)).buffer;
    if (!access.writes)
      read += access.end - access.begin;
    else if (buffer.getDefiningOp<planir::TemporaryOp>())
      made += access.end - access.begin;
  }
  return made > read;
}

/// A step that nothing before it is missing for.
void Schedule::add(int64_t number) {
  const Step &step = steps[number];
  if (!step.exchanges)
    computing.insert(number);
  else if (step.grows && !step.users.empty())
    early.emplace(step.users.front(), number);
  else
    (step.urgent ? urgent : patient).insert(number);
}

void Schedule::place(int64_t number) {
  Step &step = steps[number];
  int64_t &clock = clocks[step.exchanges];
  clock = std::max(clock, step.ready) + step.nanoseconds;
  places.push_back(number);
  for (int64_t user : step.users) {
    Step &next = steps[user];
    next.ready = std::max(next.ready, clock);
    if (--next.missing == 0)
      add(user);
  }
}

/// The next exchange that stream 1 should begin now, if there is one.
bool Schedule::placeExchange() {
  while (!early.empty() && (listed.empty() || early.begin()->first <= *listed.begin() + window)) {
    int64_t number = early.begin()->second;
    early.erase(early.begin());
    (steps[number].urgent ? urgent : patient).insert(number);
  }
  bool idle = clocks[1] <= clocks[0] || computing.empty();
  std::set<int64_t> &from = urgent.empty() ? patient : urgent;
  if (from.empty() || (urgent.empty() && !idle))
    return false;
  int64_t number = *from.begin();
  from.erase(from.begin());
  place(number);
  return true;
}

void Schedule::placeCompute() {
  int64_t end = *listed.begin() + window, best = -1;
  auto rank = [&](int64_t number) { // smaller is better
    const Step &step = steps[number];
    return std::tuple(std::max<int64_t>(step.ready - clocks[0], 0), fills && !step.urgent, number);
  };
  for (int64_t number : computing) {
    if (number > end && best >= 0)
      break;
    if (best < 0 || rank(number) < rank(best))
      best = number;
  }
  computing.erase(best);
  listed.erase(best);
  place(best);
}

/// A step waits for the last step of the other stream that it depends on, unless one of its own
/// stream has waited for that.
void Schedule::setWaits() {
  SmallVector<int64_t> placeOf(steps.size());
  for (auto [place, number] : llvm::enumerate(places))
    placeOf[number] = place;
  Builder builder(program.getContext());
  int64_t known[2] = {-1, -1}; // by stream: the last place of the other one it has waited for
  for (int64_t number : places) {
    bool stream = steps[number].exchanges;
    int64_t last = -1;
    for (int64_t earlier : order.dependencies(number))
      if (steps[earlier].exchanges != stream)
        last = std::max(last, placeOf[earlier]);
    Operation *op = order.steps()[number];
    if (stream)
      op->setAttr("stream", builder.getI64IntegerAttr(1));
    if (last > known[stream]) {
      op->setAttr("after", builder.getDenseI64ArrayAttr({last}));
      known[stream] = last;
    }
  }
}

int64_t Schedule::apply() {
  if (llvm::none_of(steps, [](const Step &step) { return step.exchanges; }))
    return 0;
  while (places.size() < steps.size())
    if (!placeExchange())
      placeCompute();
  int64_t moved = 0;
  for (auto [place, number] : llvm::enumerate(places)) {
    moved += int64_t(place) != number;
    order.steps()[number]->moveBefore(&program.getBody().front(), program.getBody().front().end());
  }
  setWaits();
  return moved;
}

struct ScheduleExchangePass : impl::ScheduleExchangePassBase<ScheduleExchangePass> {
  using ScheduleExchangePassBase::ScheduleExchangePassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto program : getOperation().getOps<planir::ProgramOp>())
      moved += Schedule(program, symbols, window).apply();
  }
};

} // namespace
} // namespace step37
