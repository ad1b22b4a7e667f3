# step37_git_hash(OUT): OUT becomes the path of a generated C++ file that defines
# `extern const std::string_view step37::gitHash`: the commit of the sources, with "-dirty" where
# files have changed since, or "unknown" outside of a git checkout. It is looked at in every build,
# and written where it has changed. Run as a script (-P), this file writes it.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(STEP37_GIT_HASH_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(step37_git_hash out)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/gitHash.cpp)
    add_custom_target(step37_git_hash_file
      COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${generated} -P
              ${STEP37_GIT_HASH_SCRIPT}
      BYPRODUCTS ${generated}
      COMMENT "Looking at the commit"
      VERBATIM)
    set(${out} ${generated} PARENT_SCOPE)
  endfunction()
  return()
endif()

set(hash "")
if(EXISTS ${SOURCE}/.git)
  execute_process(
    COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 "--exclude=*"
    OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(hash STREQUAL "")
  set(hash unknown)
endif()
set(text "// The commit of the sources; generated.
#include <string_view>
namespace step37 {
extern const std::string_view gitHash;
constexpr std::string_view gitHash = \"${hash}\";
} // namespace step37
")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
