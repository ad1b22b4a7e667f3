# Debian's LLVM/MLIR 22, linked fully statically: a tool then starts in 2 ms instead of 45 and runs on
# machines without LLVM. Debian's exported targets name the shared libLLVM in their interfaces; those
# entries are replaced by the archives here.
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(LLVM_EXTERNAL_LIT "${LLVM_TOOLS_BINARY_DIR}/lit" CACHE STRING "" FORCE)
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# add_mlir_doc writes under this folder; `docs` builds the reference of dialects and passes there.
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
add_custom_target(docs DEPENDS mlir-doc)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
add_definitions(${LLVM_DEFINITIONS})
include_directories(${CMAKE_SOURCE_DIR}) # mlir-tblgen takes its include paths from here

llvm_map_components_to_libnames(step37_llvm_archives
  core support bitreader bitwriter asmparser irreader remarks targetparser debuginfodwarf option)
get_property(step37_mlir_archives GLOBAL PROPERTY MLIR_ALL_LIBS)
foreach(archive IN LISTS step37_mlir_archives)
  if(TARGET ${archive})
    get_target_property(interface ${archive} INTERFACE_LINK_LIBRARIES)
    if(interface)
      set(fixed "")
      foreach(item IN LISTS interface)
        if(item STREQUAL "LLVM")
          list(APPEND fixed ${step37_llvm_archives})
        elseif(NOT item STREQUAL "MLIR")
          list(APPEND fixed ${item})
        endif()
      endforeach()
      set_target_properties(${archive} PROPERTIES INTERFACE_LINK_LIBRARIES "${fixed}")
    endif()
  endif()
endforeach()
# Drops libz3, of which Debian has no archive.
set_target_properties(LLVMSupport PROPERTIES
  INTERFACE_LINK_LIBRARIES "rt;${CMAKE_DL_LIBS};m;z;zstd;LLVMDemangle")
