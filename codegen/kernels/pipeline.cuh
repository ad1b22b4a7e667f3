// Copies that run while others compute: asynchronous copies into shared memory, the barriers there
// that say when a buffer is full or free, and how registers move between the roles of a block.
// Addresses of shared memory are 32-bit. What computes on the buffers is elsewhere (wgmma.cuh).
#pragma once

#include "common.cuh"

namespace step37 {

constexpr int warpgroup_size = 128;

__device__ inline unsigned shared_address(const void *pointer) {
  return unsigned(__cvta_generic_to_shared(pointer));
}

/// 16 bytes to shared memory, or 16 zero bytes if not `valid`; both addresses are multiples of 16.
__device__ inline void copy_async_16(unsigned to, const void *from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
               "r"(valid ? 16 : 0)
               : "memory");
}

/// The same with 4 bytes.
__device__ inline void copy_async_4(unsigned to, const void *from, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from),
               "r"(valid ? 4 : 0)
               : "memory");
}

/// Ends a group of this thread's copies.
__device__ inline void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most `pending` of this thread's last groups are under way.
template <int pending> __device__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

/// What this thread wrote to shared memory is visible to tensor cores that read it from there, once
/// a barrier has passed.
__device__ inline void fence_for_tensor_cores() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

__device__ inline void barrier_init(unsigned barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ inline void barrier_arrive(unsigned barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/// One arrival for the whole warp, after what all its lanes did.
__device__ inline void barrier_arrive_warp(unsigned barrier) {
  __syncwarp();
  if (threadIdx.x % warp_size == 0)
    barrier_arrive(barrier);
}

/// Waits until the barrier's phase of this parity is over. A new barrier's phase 0 is under way, so
/// that waiting for parity 1 returns at once.
__device__ inline void barrier_wait(unsigned barrier, unsigned parity) {
  unsigned over = 0;
  while (!over)
    asm volatile("{\n"
                 ".reg .pred over;\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
                 "selp.u32 %0, 1, 0, over;\n"
                 "}"
                 : "=r"(over)
                 : "r"(barrier), "r"(parity)
                 : "memory");
}

/// A barrier of `threads` threads of the block (whole warps) under a number in 1..15.
template <int threads> __device__ void named_barrier(int number) {
  asm volatile("bar.sync %0, %1;" ::"r"(number), "n"(threads) : "memory");
}

/// Where a role stands in a ring of buffers that are filled and freed in turn.
template <int stages> struct RingPosition {
  int stage = 0;
  unsigned parity = 0; // of the phase in which the stage is being filled

  __device__ void advance() {
    if (++stage == stages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

/// Takes or gives up registers of every thread of a warpgroup. Needs a kernel whose roles are the
/// branches of one if.
template <int count> __device__ void raise_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(count));
}
template <int count> __device__ void lower_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(count));
}

} // namespace step37
