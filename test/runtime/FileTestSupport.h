// For tests that touch files: a folder of their own, and the message of an expected error.
#pragma once

#include "runtime/base/Error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace step37::test {

/// A new empty folder, removed with all that is in it at the end of the scope.
class TempDir {
public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "step37-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      std::abort();
    folder = pattern;
  }
  ~TempDir() { std::filesystem::remove_all(folder); }
  TempDir(const TempDir &) = delete;
  TempDir &operator=(const TempDir &) = delete;

  const std::filesystem::path &path() const { return folder; }
  std::filesystem::path operator/(const std::string &name) const { return folder / name; }

  /// Names of what is in it.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      found.push_back(entry.path().filename().string());
    return found;
  }

private:
  std::filesystem::path folder;
};

inline void writeBytes(const std::filesystem::path &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string readBytes(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Runs `action` and returns the message of the Error that it throws; "" where it throws none.
template <class Action> std::string errorOf(Action &&action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

inline ::testing::AssertionResult contains(const std::string &text, const std::string &part) {
  if (text.find(part) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << text << "\" does not contain \"" << part << "\"";
}

} // namespace step37::test
