#include "runtime/base/SharedLibrary.h"

#include "runtime/base/Error.h"

#include <cstdlib>
#include <dlfcn.h>

namespace step37 {

SharedLibrary::SharedLibrary(const std::string &what, std::initializer_list<const char *> names)
    : what(what) {
  std::string folders[] = {"", "", "/usr/local/cuda/lib64/"};
  if (const char *home = std::getenv("CUDA_HOME"))
    folders[1] = std::string(home) + "/lib64/";
  std::string tried;
  for (const std::string &folder : folders)
    for (const char *name : names) {
      if (!handle)
        handle = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);
      tried += (tried.empty() ? "" : ", ") + folder + name;
    }
  if (!handle)
    throw Error(what + " is not installed: none of " + tried + " can be loaded");
}

void *SharedLibrary::address(const char *name) const {
  void *found = dlsym(handle, name);
  if (!found)
    throw Error(what + ": this version has no function " + name);
  return found;
}

} // namespace step37
