// Walks the source and copies file by file.
#include "bridge/CompanionFiles.h"

#include "bridge/ContainedPath.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"

#include <fstream>

namespace step37 {

namespace fs = std::filesystem;

namespace {

bool isWeights(const fs::path &path) {
  const std::string name = path.filename().string();
  return name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json");
}

void copyFile(const fs::path &from, const fs::path &to) {
  fs::create_directories(to.parent_path());
  std::ifstream in(from, std::ios::binary);
  AtomicFile out(to);
  std::vector<char> piece(1 << 20);
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    out.write(std::as_bytes(std::span(piece.data(), static_cast<size_t>(in.gcount()))));
  } while (in);
  if (!in.eof())
    throw Error(from.string() + ": cannot read");
  out.commit();
}

/// Links to folders are not followed.
bool isCopiedLink(const fs::path &from, const fs::directory_entry &entry) {
  return entry.is_regular_file() && isContained(from, entry.path());
}

} // namespace

std::vector<std::string> copyCompanions(const fs::path &from, const fs::path &to) {
  std::vector<std::string> left;
  try {
    for (fs::recursive_directory_iterator entry(from), end; entry != end; ++entry) {
      const fs::path &path = entry->path();
      if (path.filename().string().starts_with('.')) {
        entry.disable_recursion_pending();
        continue;
      }
      if (isWeights(path))
        continue;
      if (entry->is_symlink() && !isCopiedLink(from, *entry)) {
        if (path == from / "config.json")
          throw Error(path.string() + ": is a link that leads outside of the directory");
        left.push_back(path.string());
      } else if (entry->is_regular_file()) {
        copyFile(path, to / path.lexically_relative(from));
      }
    }
  } catch (const fs::filesystem_error &error) {
    throw Error(error.path1().string() + ": " + error.code().message());
  }
  return left;
}

} // namespace step37
