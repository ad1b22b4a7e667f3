// See Blas.h.
#include "runtime/exec/host/Blas.h"

#include "runtime/base/Error.h"

#include <dlfcn.h>

#include <cstdlib>

namespace step37::host {
namespace {

constexpr const char *library = "libopenblas.so.0";

/// OpenBLAS reads these while it is loaded. Settings of the user's own are left alone.
void chooseCore() {
  constexpr int keep = 0;
  setenv("OPENBLAS_NUM_THREADS", "1", keep);
#if defined(__x86_64__)
  // OpenBLAS knows processors by model number and falls back to Haswell for newer ones.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    setenv("OPENBLAS_CORETYPE", __builtin_cpu_supports("avx512bf16") ? "COOPERLAKE" : "SKYLAKEX",
           keep);
#endif
}

template <class Function> void find(void *handle, const char *symbol, Function &function) {
  function = reinterpret_cast<Function>(dlsym(handle, symbol));
  if (!function)
    throw Error(std::string(library) + ": has no symbol " + symbol +
                "; install the Debian package libopenblas0-pthread");
}

} // namespace

Blas::Blas() {
  chooseCore();
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL); // stays loaded until the process ends
  if (!handle)
    throw Error(std::string(library) + ": cannot be loaded (" + dlerror() +
                "); install the Debian package libopenblas0-pthread");
  void (*setThreads)(int) = nullptr;
  char *(*coreName)() = nullptr;
  find(handle, "openblas_set_num_threads", setThreads);
  find(handle, "openblas_get_corename", coreName);
  find(handle, "cblas_sgemm", multiply);
  setThreads(1);
  text = std::string("OpenBLAS ") + coreName();
}

} // namespace step37::host
