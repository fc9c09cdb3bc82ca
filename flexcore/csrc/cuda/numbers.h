// What a thread of the GPU does with numbers: reads sixteen bytes of them, adds them up across its warp, multiplies
// small matrices. Sums are always made in one order, so the same call gives the same bits.

#pragma once

#include <stdint.h>
#include <string.h>

#include "launch.h"

namespace flexcore {

struct bf16 {
  uint16_t bits;
};

FLEXCORE_BOTH float as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

FLEXCORE_BOTH float widen(float value) { return value; }
FLEXCORE_BOTH float widen(bf16 value) { return as_float((uint32_t)value.bits << 16); }

template <class T>
FLEXCORE_BOTH T narrow(float value);
template <>
FLEXCORE_BOTH float narrow<float>(float value) { return value; }
// To the nearest, of two equally near to the even one.
template <>
FLEXCORE_BOTH bf16 narrow<bf16>(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (value != value) return {0x7fc0};
  return {(uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

template <class T>
FLEXCORE_BOTH float rounded(float value) { return widen(narrow<T>(value)); }

FLEXCORE_BOTH float silu(float value) { return value / (1.0f + expf(-value)); }

struct alignas(16) Piece {
  uint32_t word[4];
};

template <class T>
constexpr int IN_PIECE = 16 / sizeof(T);

template <class T>
FLEXCORE_BOTH void unpack(const Piece& piece, float (&value)[IN_PIECE<T>]);
template <>
FLEXCORE_BOTH void unpack<float>(const Piece& piece, float (&value)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) value[i] = as_float(piece.word[i]);
}
template <>
FLEXCORE_BOTH void unpack<bf16>(const Piece& piece, float (&value)[8]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    value[2 * i] = as_float(piece.word[i] << 16);
    value[2 * i + 1] = as_float(piece.word[i] & 0xffff0000u);
  }
}

// The products of two pieces' numbers, added to a sum.
template <class T>
FLEXCORE_BOTH float add_product(float sum, const Piece& a, const Piece& b) {
  float left[IN_PIECE<T>], right[IN_PIECE<T>];
  unpack<T>(a, left), unpack<T>(b, right);
#pragma unroll
  for (int i = 0; i < IN_PIECE<T>; ++i) sum = fmaf(left[i], right[i], sum);
  return sum;
}

template <class T>
__device__ __forceinline__ Piece piece_at(const T* address) { return *reinterpret_cast<const Piece*>(address); }

#ifndef FLEXCORE_PRETEND

// A weight is read once, and does not drive out of the near cache what is read again.
template <class T>
__device__ __forceinline__ Piece streamed(const T* address) {
  Piece p;
  asm("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(p.word[0]), "=r"(p.word[1]), "=r"(p.word[2]), "=r"(p.word[3])
      : "l"(address));
  return p;
}

// sum[16 x 8] += a[16 x 16] . b[16 x 8], spread over a warp. With g = lane / 4 and c = lane % 4, a thread holds of a the
// rows g and g + 8 at columns 2c, 2c + 1 (a0, a1) and 2c + 8, 2c + 9 (a2, a3), of b the column g at the same rows (b0, b1),
// and of sum the columns 2c, 2c + 1 of row g, then of row g + 8.
__device__ __forceinline__ void multiply_add(
    float (&sum)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Sixteen bytes on their way into shared memory; zeros where there is nothing to copy. The address must be good anyway.
__device__ __forceinline__ void copy_later(void* shared, const void* global, bool copies) {
  const uint32_t target = (uint32_t)__cvta_generic_to_shared(shared), bytes = copies ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(global), "r"(bytes) : "memory");
}
__device__ __forceinline__ void close_batch() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Until at most so many of the thread's batches are still on their way.
template <int LEFT>
__device__ __forceinline__ void await_batches() { asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory"); }

#else

template <class T>
Piece streamed(const T* address) { return piece_at(address); }

#endif

// Each lane gets the whole sum.
__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int step = WARP / 2; step; step /= 2) value += __shfl_xor_sync(~0u, value, step);
  return value;
}

// Each thread gets the whole sum; every thread of the block has to come. Two calls may follow each other.
template <int WARPS>
__device__ __forceinline__ float block_sum(float value) {
  __shared__ float sums[WARPS];
  value = warp_sum(value);
  __syncthreads();
  if (threadIdx.x % WARP == 0) sums[threadIdx.x / WARP] = value;
  __syncthreads();
  float total = 0.0f;
#pragma unroll
  for (int w = 0; w < WARPS; ++w) total += sums[w];
  return total;
}

}  // namespace flexcore
