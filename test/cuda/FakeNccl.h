// An NCCL made of shared memory: the functions that the runtime loads, for processes that were
// forked from one. So what the GPU executor asks NCCL to do is tested without a GPU. Everything
// happens at once; streams are ignored. FakeNccl.cpp is a library of NCCL's name.
#pragma once

namespace step37::test {

/// Memory that all processes share, before they are forked. Zeroes.
void shareFakeNccl();

} // namespace step37::test
