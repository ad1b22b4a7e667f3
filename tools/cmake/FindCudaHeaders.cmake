# The CUDA toolkit's headers. Its libraries are loaded at run time, never linked.
# Sets STEP37_HAS_CUDA and STEP37_CUDA_INCLUDE; STEP37_CUDA=ON makes a missing toolkit an error.
set(STEP37_HAS_CUDA OFF)
if(NOT STEP37_CUDA STREQUAL "OFF")
  find_package(CUDAToolkit QUIET)
  # All of the headers lie in one folder, but a toolkit may name several.
  find_path(STEP37_CUDA_INCLUDE nvrtc.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  if(STEP37_CUDA_INCLUDE AND EXISTS ${STEP37_CUDA_INCLUDE}/cublasLt.h AND EXISTS ${STEP37_CUDA_INCLUDE}/cuda.h)
    set(STEP37_HAS_CUDA ON)
  elseif(STEP37_CUDA STREQUAL "ON")
    message(FATAL_ERROR "STEP37_CUDA=ON, but no CUDA toolkit with nvrtc.h, cublasLt.h and cuda.h was found")
  endif()
endif()
message(STATUS "CUDA: ${STEP37_HAS_CUDA}")
