# The CUDA toolkit's headers. Its libraries are loaded at run time, never linked.
# Sets STEP37_HAS_CUDA and STEP37_CUDA_INCLUDE; STEP37_CUDA=ON makes a missing toolkit an error.
set(STEP37_HAS_CUDA OFF)
if(NOT STEP37_CUDA STREQUAL "OFF")
  find_package(CUDAToolkit QUIET)
  if(CUDAToolkit_FOUND AND EXISTS ${CUDAToolkit_INCLUDE_DIRS}/nvrtc.h AND EXISTS ${CUDAToolkit_INCLUDE_DIRS}/cublasLt.h)
    set(STEP37_HAS_CUDA ON)
    set(STEP37_CUDA_INCLUDE ${CUDAToolkit_INCLUDE_DIRS})
  elseif(STEP37_CUDA STREQUAL "ON")
    message(FATAL_ERROR "STEP37_CUDA=ON, but no CUDA toolkit with nvrtc.h and cublasLt.h was found")
  endif()
endif()
message(STATUS "CUDA: ${STEP37_HAS_CUDA}")
