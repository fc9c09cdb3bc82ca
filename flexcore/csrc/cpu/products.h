// Products of some rows of x with many weight rows, each weight row read once for as many rows of x as meet it while it is
// near; and what an expert makes of them.

#pragma once

#include "vectors.h"

namespace flexcore {
namespace {

template <class T>
struct Product {
  static constexpr int STEP = LANES;
  typedef Vector Numbers;
  static Numbers take(const T* p) { return load(p); }
  static Numbers take_some(const T* p, int64_t count) {
    Vector v{};
    for (int i = 0; i < count; ++i) v[i] = one(p + i);
    return v;
  }
  static Vector add(Vector sum, Numbers x, Numbers w) { return sum + x * w; }
};

#if defined(__AVX512BF16__)
template <>
struct Product<bf16> {
  static constexpr int STEP = 2 * LANES;
  typedef __m512bh Numbers;
  static Numbers take(const bf16* p) { return (__m512bh)_mm512_loadu_si512(p); }
  static Numbers take_some(const bf16* p, int64_t count) {
    return (__m512bh)_mm512_maskz_loadu_epi16((__mmask32)((1ull << count) - 1), p);
  }
  static Vector add(Vector sum, Numbers x, Numbers w) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, x, w);
  }
};
#endif

// The sums of R rows of x with W weight rows, `gap` apart.
template <class T, int R, int W>
inline void tile(const T* const* x, const T* w, int64_t gap, int64_t K, float* out, int64_t stride) {
  typedef Product<T> P;
  Vector sums[R][W] = {};
  int64_t k = 0;
  for (; k + P::STEP <= K; k += P::STEP) {
    typename P::Numbers weights[W];
#pragma GCC unroll 4
    for (int i = 0; i < W; ++i) weights[i] = P::take(w + i * gap * K + k);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const typename P::Numbers numbers = P::take(x[r] + k);
#pragma GCC unroll 4
      for (int i = 0; i < W; ++i) sums[r][i] = P::add(sums[r][i], numbers, weights[i]);
    }
  }
  if (k < K) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int i = 0; i < W; ++i)
        sums[r][i] = P::add(sums[r][i], P::take_some(x[r] + k, K - k), P::take_some(w + i * gap * K + k, K - k));
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int i = 0; i < W; ++i) out[r * stride + i * gap] = sum(sums[r][i]);
}

// As many weight rows at a time as registers allow. They lie far apart: neighbours would be streams in one page, which
// the processor's prefetchers take for no stream at all (measured: half the bandwidth).
template <class T, int R>
inline void strip(const T* const* x, const T* w, int64_t count, int64_t K, float* out, int64_t stride) {
  constexpr int ROOM = (REGISTERS - 4) / R;
  constexpr int W = ROOM >= 4 ? 4 : ROOM >= 2 ? 2 : 1;
  const int64_t gap = count / W;
  for (int64_t i = 0; i < gap; ++i) tile<T, R, W>(x, w + i * K, gap, K, out + i, stride);
  for (int64_t i = gap * W; i < count; ++i) tile<T, R, 1>(x, w + i * K, 1, K, out + i, stride);
}

constexpr int64_t TOGETHER = 6;  // rows of x that meet a weight while it is in a register
constexpr int64_t BLOCK = 256;   // weight rows at most that stay near while all rows of x meet them
constexpr int64_t NEAR = 256 << 10;  // bytes of them: what a second-level cache holds with room for x

// Weight rows of a block, for few rows of x as many as there may be: they pass by only once.
template <class T>
inline int64_t block_of(int64_t rows, int64_t K) {
  const int64_t held = NEAR / (K * (int64_t)sizeof(T)) / 16 * 16;
  return rows <= TOGETHER || held > BLOCK ? BLOCK : held < 16 ? 16 : held;
}

template <class T>
void dots_of(const T* const* x, int64_t rows, const T* w, int64_t count, int64_t K, float* out, int64_t stride) {
  switch (rows) {
    case 1: return strip<T, 1>(x, w, count, K, out, stride);
    case 2: return strip<T, 2>(x, w, count, K, out, stride);
    case 3: return strip<T, 3>(x, w, count, K, out, stride);
    case 4: return strip<T, 4>(x, w, count, K, out, stride);
    case 5: return strip<T, 5>(x, w, count, K, out, stride);
    case 6: return strip<T, 6>(x, w, count, K, out, stride);
  }
}

inline int64_t fewer(int64_t a, int64_t b) { return a < b ? a : b; }

// Rows are taken in turns of nearly one size: eight as four and four.
inline int64_t turn_of(int64_t rows) {
  const int64_t turns = (rows + TOGETHER - 1) / TOGETHER;
  return turns ? (rows + turns - 1) / turns : 1;
}

template <class T>
void dots(const T* const* x, int64_t rows, const T* w, int64_t count, int64_t K, float* out, int64_t stride) {
  const int64_t turn = turn_of(rows), block = block_of<T>(rows, K);
  for (int64_t i = 0; i < count; i += block)
    for (int64_t r = 0; r < rows; r += turn)
      dots_of(x + r, fewer(turn, rows - r), w + i * K, fewer(block, count - i), K, out + r * stride + i, stride);
}

template <class T>
void gate_up(
    const T* const* x, int64_t rows, const T* gate, const T* up, int64_t count, int64_t K, T* h, int64_t stride) {
  const int64_t turn = turn_of(rows), block = block_of<T>(rows, K);
  float g[TOGETHER][BLOCK], u[TOGETHER][BLOCK];
  for (int64_t i = 0; i < count; i += block)
    for (int64_t r = 0; r < rows; r += turn) {
      const int64_t width = fewer(block, count - i), height = fewer(turn, rows - r);
      dots_of(x + r, height, gate + i * K, width, K, g[0], BLOCK);
      dots_of(x + r, height, up + i * K, width, K, u[0], BLOCK);
      for (int64_t a = 0; a < height; ++a) {
        T* const out = h + (r + a) * stride + i;
        int64_t b = 0;
        for (; b + LANES <= width; b += LANES) store(out + b, silu(load(g[a] + b)) * load(u[a] + b));
        if (b < width) {  // by the same vectors, so that no place in a row is rounded otherwise
          T last[LANES];
          store(last, silu(load(g[a] + b)) * load(u[a] + b));
          memcpy(out + b, last, (width - b) * sizeof(T));
        }
      }
    }
}

template <class T>
void down(
    const T* const* h, int64_t rows, const T* w, int64_t count, int64_t K, const float* weight, float* const* y) {
  const int64_t turn = turn_of(rows), block = block_of<T>(rows, K);
  float d[TOGETHER][BLOCK];
  for (int64_t i = 0; i < count; i += block)
    for (int64_t r = 0; r < rows; r += turn) {
      const int64_t width = fewer(block, count - i), height = fewer(turn, rows - r);
      dots_of(h + r, height, w + i * K, width, K, d[0], BLOCK);
      for (int64_t a = 0; a < height; ++a)
        for (int64_t b = 0; b < width; ++b) y[r + a][i + b] += weight[r + a] * d[a][b];
    }
}

}  // namespace
}  // namespace flexcore
