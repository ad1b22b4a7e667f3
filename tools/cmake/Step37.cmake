# What every target of this project shares: warnings, include root, and the functions that declare a
# room's library and a test.

add_library(step37_options INTERFACE)
target_include_directories(step37_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(step37_options INTERFACE -Wall -Wextra -Wno-unused-parameter)
# g++ 12 sees overlapping copies in sums of strings where there are none (GCC bug 105651).
target_compile_options(step37_options INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
if(STEP37_WERROR)
  target_compile_options(step37_options INTERFACE -Werror)
endif()
target_compile_definitions(step37_options INTERFACE STEP37_VERSION="${PROJECT_VERSION}")

# The same bytes whatever the checkout's path.
target_compile_options(step37_options INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

# step37_library(NAME SOURCES a.cpp ... LINK lib ...)
function(step37_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC step37_options ${ARG_LINK})
endfunction()

# step37_executable(NAME SOURCES a.cpp ... LINK lib ...)
function(step37_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE step37_options ${ARG_LINK})
endfunction()

# step37_gtest(NAME SOURCES a.cpp ... LINK lib ... [LABEL quick|full] [TIMEOUT seconds])
# One ctest entry for the whole binary; GoogleTest prints the cases.
function(step37_gtest name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL quick)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE step37_options ${ARG_LINK} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
