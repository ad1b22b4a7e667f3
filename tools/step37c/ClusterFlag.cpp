#include "tools/step37c/ClusterFlag.h"

#include "runtime/base/Error.h"

#include <CLI/CLI.hpp>

namespace step37 {

report::Cluster clusterFlag(const std::string &flags, const std::string &text) {
  try {
    return report::parseCluster(text);
  } catch (const Error &error) {
    throw CLI::ValidationError(flags, error.what());
  }
}

} // namespace step37
