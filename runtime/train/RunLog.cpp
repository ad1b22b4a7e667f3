// The wording of log lines; see RunLog.h.
#include "runtime/train/RunLog.h"

#include "runtime/base/Printed.h"

#include <cmath>

namespace step37 {

namespace {

std::string duration(double seconds) {
  auto whole = static_cast<long>(std::ceil(seconds));
  if (whole >= 3600)
    return printed("%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  return printed("%ld:%02ld", whole / 60, whole % 60);
}

} // namespace

RunLog::~RunLog() {
  if (redrawn)
    out << std::endl;
}

void RunLog::line(const std::string &text) {
  if (redrawn)
    out << '\n';
  redrawn = false;
  out << text << std::endl;
}

void RunLog::note(const std::string &text) {
  if (style != Style::quiet)
    line(text);
}

void RunLog::begin(int64_t first, int64_t last) {
  firstStep = first;
  lastStep = last;
  started = std::chrono::steady_clock::now();
}

void RunLog::step(const StepRecord &record) {
  if (style == Style::quiet)
    return;
  std::string text =
      printed("step %lld/%lld loss %.4f grad %.2f lr %.1e tok/s %.0f",
              static_cast<long long>(record.step), static_cast<long long>(lastStep),
              record.losses.total, record.gradNorm, record.lr, record.tokensPerSecond);
  if (!record.losses.mtp.empty()) {
    text += printed(" main %.4f mtp", record.losses.main);
    for (double loss : record.losses.mtp)
      text += printed(" %.4f", loss);
  }
  if (style == Style::plain)
    return line(text);
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  double perStep = elapsed.count() / static_cast<double>(record.step - firstStep + 1);
  // Erasing to the end of the line removes what a longer line before has left.
  out << '\r' << text << " left " << duration(perStep * static_cast<double>(lastStep - record.step))
      << "\033[K" << std::flush;
  redrawn = true;
}

void RunLog::heldOut(const std::string &moment, double loss) {
  if (style != Style::quiet || moment.empty())
    line(moment + printed("held-out loss %.6f", loss));
}

} // namespace step37
