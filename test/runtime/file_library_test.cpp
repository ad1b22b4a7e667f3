// Libraries that are loaded when they are needed: what is said where there is none.
#include "runtime/base/SharedLibrary.h"
#include "test/runtime/FileTestSupport.h"

namespace step37::test {
namespace {

TEST(SharedLibrary, AMissingOneIsNamedWithWhereItWasLookedFor) {
  const std::string message =
      errorOf([] { SharedLibrary("NVRTC", {"libno-such-library.so.13", "libno-such.so"}); });
  EXPECT_EQ(message.rfind("NVRTC is not installed: none of libno-such-library.so.13, "
                          "libno-such.so, ",
                          0),
            0u)
      << message;
  EXPECT_NE(message.find("/usr/local/cuda/lib64/libno-such.so can be loaded"), std::string::npos)
      << message;
}

TEST(SharedLibrary, AMissingFunctionIsNamed) {
  const SharedLibrary library("the C library", {"libc.so.6"});
  EXPECT_NE(library.function<void (*)()>("malloc"), nullptr);
  EXPECT_EQ(errorOf([&] { library.function<void (*)()>("noSuchFunction"); }),
            "the C library: this version has no function noSuchFunction");
}

} // namespace
} // namespace step37::test
