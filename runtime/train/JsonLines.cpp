// See JsonLines.h. A line is one write, so that a kill cannot mix two.
#include "runtime/train/JsonLines.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <string>

namespace step37 {

namespace {

/// Nine digits bring a float back as it was.
std::string digits(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

/// The complete lines at the start of the file whose steps are at most `lastStep`.
std::string linesUpTo(const std::filesystem::path &path, int64_t lastStep) {
  std::ifstream in(path, std::ios::binary);
  std::string kept;
  for (std::string line; std::getline(in, line) && !in.eof();) {
    nlohmann::json record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer() ||
        record["step"].get<int64_t>() > lastStep)
      break;
    kept += line + '\n';
  }
  return kept;
}

} // namespace

JsonLines::JsonLines(const std::filesystem::path &path, int64_t lastStep) : path(path) {
  writeFile(path, lastStep > 0 ? linesUpTo(path, lastStep) : "");
  out.open(path, std::ios::binary | std::ios::app);
  if (!out)
    throw Error(path.string() + ": cannot be opened for writing");
}

void JsonLines::write(const StepRecord &record) {
  const Losses &losses = record.losses;
  std::string line =
      "{\"step\": " + std::to_string(record.step) + ", \"loss\": " + digits(losses.total);
  if (!losses.mtp.empty()) {
    line += ", \"main_loss\": " + digits(losses.main) + ", \"mtp_losses\": [";
    for (size_t i = 0; i < losses.mtp.size(); ++i)
      line += (i > 0 ? ", " : "") + digits(losses.mtp[i]);
    line += "]";
  }
  line += ", \"grad_norm\": " + digits(record.gradNorm) + ", \"lr\": " + digits(record.lr) +
          ", \"tokens_per_s\": " + digits(record.tokensPerSecond) + "}\n";
  out << line << std::flush;
  if (!out)
    throw Error(path.string() + ": writing step " + std::to_string(record.step) + " failed");
}

} // namespace step37
