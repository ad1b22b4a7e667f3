// Redraws its line in place; see ProgressBar.h.
#include "tools/step37c/ProgressBar.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace step37 {

ProgressBar::ProgressBar(const char *verb)
    : verb(verb), began(std::chrono::steady_clock::now()), enabled(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn)
    std::fputc('\n', stderr);
}

void ProgressBar::update(int64_t done, int64_t total) {
  if (!enabled || total == 0)
    return;
  drawn = true;
  constexpr int width = 30;
  constexpr double giga = 1e9;
  const double part = double(done) / double(total);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double speed = double(done) / std::max(seconds, 1e-3);
  const auto left = done == 0 ? 0 : static_cast<long>(double(total - done) / speed + 0.5);
  const int filled = static_cast<int>(part * width);
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r%s [%s] %3.0f %%  %.2f of %.2f GB  %.2f GB/s  %ld:%02ld left ", verb,
               bar.c_str(), 100 * part, double(done) / giga, double(total) / giga, speed / giga,
               left / 60, left % 60);
  std::fflush(stderr);
}

} // namespace step37
