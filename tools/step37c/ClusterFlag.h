// The text of --cluster, as the subcommands take it.
#pragma once

#include "codegen/cost/Cluster.h"

#include <string>

namespace step37 {

/// What `text` says; a text that parseCluster refuses is wrong usage of `flags`.
report::Cluster clusterFlag(const std::string &flags, const std::string &text);

} // namespace step37
