// NVRTC, loaded at run time: no NVIDIA library is on any link line, so that every binary starts on
// machines that have none.
#pragma once

#include "codegen/nvrtc/PtxasReport.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace step37 {

struct CompiledCuda {
  std::string cubin;
  std::vector<EntryReport> entries; // registers and spills of every entry point
};

class Nvrtc {
public:
  /// Loads libnvrtc. Throws Error saying where it was looked for.
  Nvrtc();
  ~Nvrtc();

  /// "13.0"
  std::string version() const;

  /// Whether this NVRTC compiles for an architecture, e.g. "sm_90a".
  bool supports(const std::string &arch) const;

  /// Compiles `source` (called `name` in messages), whose includes come from `headers` by name.
  /// Throws Error with the compiler's log.
  CompiledCuda compile(const std::string &name, const std::string &source,
                       const std::map<std::string, std::string> &headers,
                       const std::string &arch) const;

private:
  struct Library;
  std::unique_ptr<Library> library;
};

} // namespace step37
