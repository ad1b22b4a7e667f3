// A library that is loaded when it is needed, so that programs start on machines that lack it.
#pragma once

#include <initializer_list>
#include <string>

namespace step37 {

class SharedLibrary {
public:
  /// Loads the first of `names` that can be found: by the loader's own search, then under
  /// $CUDA_HOME/lib64 and /usr/local/cuda/lib64. Throws Error naming `what` and where it looked.
  SharedLibrary(const std::string &what, std::initializer_list<const char *> names);

  /// The address of a function; throws Error if the library lacks it.
  template <typename Function> Function function(const char *name) const {
    return reinterpret_cast<Function>(address(name));
  }

private:
  void *address(const char *name) const;

  std::string what;
  void *handle = nullptr; // never closed: libraries of this kind keep threads and exit handlers
};

} // namespace step37
