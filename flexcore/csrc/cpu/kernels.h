// The inner loops, once for each kind of processor. They know addresses and counts, no tensors and no threads.

#pragma once

#include <stdint.h>

namespace flexcore {

struct bf16 {
  uint16_t bits;
};

// x holds the addresses of `rows` rows of K numbers. In every loop a row's sums are made in one order, whatever stands
// beside it: a token's answer does not depend on the company it keeps.
template <class T>
struct Loops {
  // out[r * stride + i] = x[r] . w[i], for `count` consecutive rows w[i] of K numbers
  void (*dots)(const T* const* x, int64_t rows, const T* w, int64_t count, int64_t K, float* out, int64_t stride);
  // h[r * stride + i] = silu(x[r] . gate[i]) * (x[r] . up[i])
  void (*gate_up)(
      const T* const* x, int64_t rows, const T* gate, const T* up, int64_t count, int64_t K, T* h, int64_t stride);
  // y[r][i] += weight[r] * (h[r] . down[i])
  void (*down)(
      const T* const* h, int64_t rows, const T* down, int64_t count, int64_t K, const float* weight, float* const* y);
  void (*silu_mul)(const T* gate, const T* up, int64_t count, T* out);
  // out = residual + x / rms(x) * weight; without a residual only the norm
  void (*norm_add)(const T* residual, const T* x, const T* weight, int64_t width, float eps, T* out);
  // Turns a head: pairs are channel i and i + channels / 2
  void (*rotate)(const T* x, const float* cos, const float* sin, int64_t channels, T* out);
  // One head of one token over `positions` consecutive rows of keys and values; `score` has room for each
  void (*attend)(
      const T* query, const T* keys, const T* values, int64_t positions, int64_t channels, float* score, T* out);
  // One head of a whole text: position i looks at 0 to i. Queries and answers are `stride` apart; `room` is of
  // text_room(positions, channels) numbers
  void (*attend_text)(
      const T* query, const T* keys, const T* values, int64_t positions, int64_t channels, int64_t stride, float* room,
      T* out);
  // out = sum of weight[k] * answer[k], `chosen` of them
  void (*combine)(const T* const* answer, const T* weight, int64_t chosen, int64_t width, T* out);
  void (*widen)(const T* x, int64_t count, float* out);
  void (*narrow)(const float* x, int64_t count, T* out);
};

struct Kernels {
  const char* isa;
  int64_t (*text_room)(int64_t positions, int64_t channels);
  Loops<float> f32;
  Loops<bf16> b16;
};

extern const Kernels kernels_generic;
#ifdef FLEXCORE_X86
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
extern const Kernels kernels_avx512_bf16;
#endif

// The best that this processor runs; FLEXCORE_ISA names a lesser one. A name that is none of them is refused.
const Kernels& kernels();

}  // namespace flexcore
