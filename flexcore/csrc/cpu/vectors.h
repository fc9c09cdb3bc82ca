// Vectors of the kind of processor this is compiled for: the compiler's own; only sums across a vector, and in products.h
// the bf16 product, need an instruction's name. Numbers are widened when they are read and rounded when they are written.

#pragma once

#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace flexcore {
namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16, REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int LANES = 8, REGISTERS = 16;
#else
constexpr int LANES = 4, REGISTERS = 16;
#endif

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef uint32_t Words __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));

inline Vector all(float value) { return Vector{} + value; }

inline Vector load(const float* p) {
  Vector v;
  memcpy(&v, p, sizeof v);
  return v;
}

inline Vector load(const bf16* p) {
  Halves h;
  memcpy(&h, p, sizeof h);
  return (Vector)(__builtin_convertvector(h, Words) << 16);
}

inline void store(float* p, Vector v) { memcpy(p, &v, sizeof v); }

// To the nearest, ties to even; what is not a number stays so.
inline void store(bf16* p, Vector v) {
  const Words bits = (Words)v;
  const Words rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const Halves h = __builtin_convertvector((Words)(v == v ? (Ints)rounded : (Ints)((bits >> 16) | 0x40u)), Halves);
  memcpy(p, &h, sizeof h);
}

inline float one(const float* p) { return *p; }

inline float one(const bf16* p) {
  const uint32_t bits = (uint32_t)p->bits << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

inline void put(float* p, float value) { *p = value; }

inline void put(bf16* p, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  p->bits = (uint16_t)(value == value ? (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16 : bits >> 16 | 0x40u);
}

template <class T>
inline float rounded(float value) {
  T held;
  put(&held, value);
  return one(&held);
}

// Halves onto halves.
inline float sum(Vector v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#elif defined(__AVX2__)
  const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
#else
  return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

// 2 ** (x / ln 2) by its whole and its broken part; within 2 units of the last place between -87 and 88. Below it stays
// at a number too small to matter, above it is infinite.
inline Vector exponential(Vector x) {
  const Vector low = all(-87.0f), high = all(88.0f);
  const Vector bounded = x < low ? low : x > high ? high : x;  // not a number stays what it is
  const Vector whole = (bounded * 1.44269504f + 12582912.0f) - 12582912.0f;
  const Vector r = bounded - whole * 0.693359375f + whole * 2.12194440e-4f;
  Vector p = all(1.0f / 5040.0f);
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Ints exponent = (__builtin_convertvector(whole, Ints) + 127) << 23;
  return x > high ? all(INFINITY) : p * (Vector)exponent;
}

inline Vector silu(Vector x) { return x / (1.0f + exponential(-x)); }

inline float silu(float x) { return x / (1.0f + expf(-x)); }

}  // namespace
}  // namespace flexcore
