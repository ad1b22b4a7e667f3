// Every change of the directory is one rename, so that a kill at any moment leaves complete
// checkpoints only; see CheckpointDirectory.h.
#include "runtime/checkpoint/CheckpointDirectory.h"

#include "runtime/base/Temporary.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace step37 {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "step-";

void check(const std::error_code &error, const fs::path &path, std::string_view what) {
  if (error)
    throwSystemError(path, what, error.value());
}

std::vector<fs::path> entries(const fs::path &directory) {
  std::error_code error;
  std::vector<fs::path> result;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    result.push_back(entry->path());
  check(error, directory, "cannot list");
  return result;
}

/// The complete checkpoints, oldest first.
std::vector<std::pair<int64_t, fs::path>> checkpoints(const fs::path &directory) {
  std::vector<std::pair<int64_t, fs::path>> result;
  for (const fs::path &entry : entries(directory))
    if (std::optional<int64_t> step = checkpointStep(entry))
      result.emplace_back(*step, entry);
  std::sort(result.begin(), result.end());
  return result;
}

/// Replaces the link in one step.
void pointTo(const fs::path &link, const fs::path &name) {
  fs::path created = temporaryName(link);
  std::error_code error;
  fs::remove(created, error);
  fs::create_directory_symlink(name, created, error);
  check(error, link, "cannot create the link");
  fs::rename(created, link, error);
  check(error, link, "cannot replace the link");
  syncParent(link);
}

/// Removes a checkpoint so that its name never stands for an incomplete one.
void removeCheckpoint(const fs::path &path) {
  fs::path doomed = temporaryName(path);
  std::error_code error;
  fs::rename(path, doomed, error);
  check(error, path, "cannot remove");
  fs::remove_all(doomed, error);
  check(error, doomed, "cannot remove");
}

/// Removes what killed processes left of checkpoints of any step.
void removeUnfinished(const fs::path &directory) {
  for (const fs::path &entry : entries(directory)) {
    std::string name = entry.filename().string();
    size_t end = name.find(".tmp-");
    if (name.starts_with(prefix) && end != std::string::npos)
      removeLeftovers(directory / name.substr(0, end));
  }
}

} // namespace

std::optional<int64_t> checkpointStep(const fs::path &path) {
  std::string name = path.filename().string();
  int64_t step = 0;
  if (!name.starts_with(prefix))
    return std::nullopt;
  const char *end = name.data() + name.size();
  auto [parsed, error] = std::from_chars(name.data() + prefix.size(), end, step);
  if (error != std::errc() || parsed != end || step < 0)
    return std::nullopt;
  return step;
}

fs::path CheckpointDirectory::step(int64_t step) const {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "step-%06lld", static_cast<long long>(step));
  return directory / name.data();
}

std::optional<fs::path> CheckpointDirectory::newest() const {
  if (!fs::exists(directory))
    return std::nullopt;
  auto found = checkpoints(directory);
  if (found.empty())
    return std::nullopt;
  return found.back().second;
}

void CheckpointDirectory::advance(int64_t step, int64_t keep) const {
  pointTo(directory / "latest", this->step(step).filename());
  auto found = checkpoints(directory);
  for (size_t i = 0; i + static_cast<size_t>(keep) < found.size(); ++i)
    removeCheckpoint(found[i].second);
  removeUnfinished(directory);
}

} // namespace step37
