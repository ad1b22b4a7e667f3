// Kernel specs of whole models at several sizes: what every GPU variant must compile for.
#pragma once

#include "codegen/spec/KernelSpec.h"

#include <vector>

namespace step37::test {

/// The sizes of a model and a batch that kernels see.
struct ModelSizes {
  int64_t tokens, seqLen, width, vocab;
  int64_t heads, groups, headDim, rotaryDim, window;
  int64_t experts, topK, expertWidth, denseWidth;
  double limit; // of SwiGLU
};

/// step35-flash, a layer of full attention; a micro-batch of two rows.
inline constexpr ModelSizes publishedFull{8192, 4096, 4096, 128896, 64,   8,     128,
                                          64,   0,    288,  8,      1280, 11264, 0};
/// step35-flash, a layer of sliding attention, with a clamp; and the slice's number of experts.
inline constexpr ModelSizes publishedSliding{8192, 8192, 4096, 128896, 96,   8,     128,
                                             128,  512,  36,   8,      1280, 11264, 7};
/// As small as tests' models.
inline constexpr ModelSizes tinySizes{48, 24, 64, 160, 4, 2, 16, 8, 8, 8, 2, 32, 96, 7};
/// Nothing is a multiple of anything.
inline constexpr ModelSizes oddSizes{111, 37, 45, 131, 6, 3, 14, 6, 5, 7, 3, 11, 33, 0};

/// One spec of every family, or several where its flags change the code.
std::vector<spec::KernelSpec> specsOf(const ModelSizes &sizes, DType type, DType gradType);

} // namespace step37::test
