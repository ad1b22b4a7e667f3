#include "codegen/nvrtc/Nvrtc.h"

#include "runtime/base/Error.h"
#include "runtime/base/SharedLibrary.h"

#include <nvrtc.h>

namespace step37 {

struct Nvrtc::Library {
  SharedLibrary handle{"NVRTC", {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"}};
#define STEP37_NVRTC_FUNCTION(name)                                                                \
  decltype(&::name) name = handle.function<decltype(&::name)>(#name);
  STEP37_NVRTC_FUNCTION(nvrtcVersion)
  STEP37_NVRTC_FUNCTION(nvrtcGetErrorString)
  STEP37_NVRTC_FUNCTION(nvrtcGetNumSupportedArchs)
  STEP37_NVRTC_FUNCTION(nvrtcGetSupportedArchs)
  STEP37_NVRTC_FUNCTION(nvrtcCreateProgram)
  STEP37_NVRTC_FUNCTION(nvrtcDestroyProgram)
  STEP37_NVRTC_FUNCTION(nvrtcCompileProgram)
  STEP37_NVRTC_FUNCTION(nvrtcGetProgramLogSize)
  STEP37_NVRTC_FUNCTION(nvrtcGetProgramLog)
  STEP37_NVRTC_FUNCTION(nvrtcGetCUBINSize)
  STEP37_NVRTC_FUNCTION(nvrtcGetCUBIN)
#undef STEP37_NVRTC_FUNCTION

  /// Whether this version has a cache of its own: since 12.9.
  bool caches() const {
    int major = 0, minor = 0;
    check(nvrtcVersion(&major, &minor), "version");
    return major > 12 || (major == 12 && minor >= 9);
  }

  void check(nvrtcResult result, const std::string &what) const {
    if (result != NVRTC_SUCCESS)
      throw Error(what + ": NVRTC: " + nvrtcGetErrorString(result));
  }
};

namespace {

/// Destroys an NVRTC program at the end of a scope.
template <typename Destroy> struct ProgramGuard {
  nvrtcProgram &program;
  Destroy destroy;
  ~ProgramGuard() { destroy(&program); }
};

} // namespace

Nvrtc::Nvrtc() : library(std::make_unique<Library>()) {}
Nvrtc::~Nvrtc() = default;

std::string Nvrtc::version() const {
  int major = 0, minor = 0;
  library->check(library->nvrtcVersion(&major, &minor), "version");
  return std::to_string(major) + "." + std::to_string(minor);
}

bool Nvrtc::supports(const std::string &arch) const {
  int count = 0;
  library->check(library->nvrtcGetNumSupportedArchs(&count), "architectures");
  std::vector<int> archs(static_cast<size_t>(count));
  library->check(library->nvrtcGetSupportedArchs(archs.data()), "architectures");
  for (int known : archs) {
    std::string name = "sm_" + std::to_string(known);
    if (arch == name || arch == name + "a")
      return true;
  }
  return false;
}

CompiledCuda Nvrtc::compile(const std::string &name, const std::string &source,
                            const std::map<std::string, std::string> &headers,
                            const std::string &arch) const {
  std::vector<const char *> texts, names;
  for (const auto &[file, text] : headers) {
    names.push_back(file.c_str());
    texts.push_back(text.c_str());
  }
  nvrtcProgram program = nullptr;
  library->check(library->nvrtcCreateProgram(&program, source.c_str(), (name + ".cu").c_str(),
                                             int(names.size()), texts.data(), names.data()),
                 name);
  ProgramGuard guard{program, library->nvrtcDestroyProgram};

  // No --use_fast_math: what is fast and exact enough is written out in the kernels.
  std::string archOption = "--gpu-architecture=" + arch;
  std::vector<const char *> options = {archOption.c_str(), "--std=c++20", "--ptxas-options=-v",
                                       "--device-as-default-execution-space"};
  if (library->caches()) // where there is a GPU; what comes from the cache has no report
    options.push_back("--no-cache");
  nvrtcResult result = library->nvrtcCompileProgram(program, int(options.size()), options.data());
  size_t size = 0;
  library->check(library->nvrtcGetProgramLogSize(program, &size), name);
  std::string log(size, '\0');
  library->check(library->nvrtcGetProgramLog(program, log.data()), name);
  if (result != NVRTC_SUCCESS)
    throw Error(name + ".cu: " + library->nvrtcGetErrorString(result) + "\n" + log);

  CompiledCuda compiled;
  library->check(library->nvrtcGetCUBINSize(program, &size), name);
  compiled.cubin.resize(size);
  library->check(library->nvrtcGetCUBIN(program, compiled.cubin.data()), name);
  compiled.entries = parsePtxasReport(log);
  return compiled;
}

} // namespace step37
