# step37_embed(OUT FILE SYMBOL): OUT becomes the path of a generated C++ file that defines
# `extern const std::string_view step37::SYMBOL` with the bytes of FILE. Run as a script (-P), this
# file writes it.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(STEP37_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(step37_embed out file symbol)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
    add_custom_command(
      OUTPUT ${generated}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${generated} -DSYMBOL=${symbol} -P
              ${STEP37_EMBED_SCRIPT}
      DEPENDS ${file} ${STEP37_EMBED_SCRIPT}
      COMMENT "Embedding ${file}"
      VERBATIM)
    set(${out} ${generated} PARENT_SCOPE)
  endfunction()
  return()
endif()

file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
get_filename_component(name ${INPUT} NAME)
file(WRITE ${OUTPUT} "// The bytes of ${name}; generated.
#include <string_view>
namespace step37 {
static constexpr char bytes[] = {${bytes}};
extern const std::string_view ${SYMBOL};
constexpr std::string_view ${SYMBOL}{bytes, sizeof(bytes)};
} // namespace step37
")
