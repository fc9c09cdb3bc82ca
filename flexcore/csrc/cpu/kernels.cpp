// Compiled once for each kind of processor, with -DFLEXCORE_ISA=<its name>. The vectors are the compiler's own; only sums
// across a vector and the bf16 product need an instruction's name. Nothing from the standard library comes in: a template of it, compiled here
// for a newer processor, could replace the one that an older processor needs.

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

// ------------------------------------------------------------------------------------------------------------- products

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

// ------------------------------------------------------------------------------------------------------------- the rest

template <class T>
void silu_mul(const T* gate, const T* up, int64_t count, T* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, silu(load(gate + i)) * load(up + i));
  for (; i < count; ++i) put(out + i, silu(one(gate + i)) * one(up + i));
}

template <class T>
void norm_add(const T* residual, const T* x, const T* weight, int64_t width, float eps, T* out) {
  Vector squares{};
  float rest = 0.0f;
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) squares += load(x + i) * load(x + i);
  for (; i < width; ++i) rest += one(x + i) * one(x + i);
  const float scale = 1.0f / sqrtf((sum(squares) + rest) / (float)width + eps);
  for (i = 0; i + LANES <= width; i += LANES) {
    const Vector normed = load(weight + i) * (load(x + i) * scale);
    if (!residual) {
      store(out + i, normed);
      continue;
    }
    T held[LANES];  // the sum is made of what the norm alone would have given
    store(held, normed);
    store(out + i, load(residual + i) + load(held));
  }
  for (; i < width; ++i) {
    const float normed = rounded<T>(one(weight + i) * (one(x + i) * scale));
    put(out + i, residual ? one(residual + i) + normed : normed);
  }
}

template <class T>
void rotate(const T* x, const float* cos, const float* sin, int64_t channels, T* out) {
  const int64_t half = channels / 2;
  int64_t i = 0;
  for (; i + LANES <= half; i += LANES) {
    const Vector left = load(x + i), right = load(x + half + i);
    store(out + i, left * load(cos + i) - right * load(sin + i));
    store(out + half + i, right * load(cos + half + i) + left * load(sin + half + i));
  }
  for (; i < half; ++i) {
    const float left = one(x + i), right = one(x + half + i);
    put(out + i, left * cos[i] - right * sin[i]);
    put(out + half + i, right * cos[half + i] + left * sin[half + i]);
  }
}

// Channels that stay in registers while the positions go by.
template <class T, int WIDTH>
inline void weigh(const float* score, const T* values, int64_t positions, int64_t channels, float scale, T* out) {
  Vector sums[WIDTH] = {};
  for (int64_t p = 0; p < positions; ++p)
    for (int i = 0; i < WIDTH; ++i) sums[i] += score[p] * load(values + p * channels + i * LANES);
  for (int i = 0; i < WIDTH; ++i) store(out + i * LANES, sums[i] * scale);
}

template <class T>
void attend(const T* query, const T* keys, const T* values, int64_t positions, int64_t channels, float* score, T* out) {
  dots_of(&query, 1, keys, positions, channels, score, positions);
  const float scale = 1.0f / sqrtf((float)channels);
  float highest = -INFINITY, total = 0.0f;
  for (int64_t p = 0; p < positions; ++p) highest = score[p] > highest ? score[p] : highest;
  Vector totals{};
  int64_t p = 0;
  for (; p + LANES <= positions; p += LANES) {
    const Vector e = exponential((load(score + p) - highest) * scale);
    store(score + p, e);
    totals += e;
  }
  for (; p < positions; ++p) total += score[p] = expf((score[p] - highest) * scale);
  const float share = 1.0f / (total + sum(totals));
  int64_t c = 0;
  for (; c + 4 * LANES <= channels; c += 4 * LANES)
    weigh<T, 4>(score, values + c, positions, channels, share, out + c);
  for (; c + LANES <= channels; c += LANES) weigh<T, 1>(score, values + c, positions, channels, share, out + c);
  for (; c < channels; ++c) {
    float answer = 0.0f;
    for (p = 0; p < positions; ++p) answer += score[p] * one(values + p * channels + c);
    put(out + c, answer * share);
  }
}

// A whole text's attention is two products, made here with keys turned over and values widened, a head at a time, and
// nothing is computed for what a position does not see but the rest of its last tile.
constexpr int SIDE = REGISTERS == 32 ? 6 : 3;  // queries of a tile
constexpr int64_t ACROSS = 4 * LANES;          // keys, or channels, of a tile

inline int64_t up_to(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

int64_t text_room(int64_t positions, int64_t channels) {
  const int64_t keys = up_to(positions, ACROSS), wide = up_to(channels, ACROSS);
  return channels * keys + positions * wide + SIDE * (keys + channels + wide);
}

// out[r][0..ACROSS) = sum over k < depth of left[r][k] * right[k][0..ACROSS)
inline void product(
    const float* left, int64_t left_stride, const float* right, int64_t right_stride, int64_t depth, float* out,
    int64_t out_stride) {
  Vector sums[SIDE][4] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Vector columns[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) columns[i] = load(right + k * right_stride + i * LANES);
#pragma GCC unroll 6
    for (int r = 0; r < SIDE; ++r) {
      const Vector number = all(left[r * left_stride + k]);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) sums[r][i] += number * columns[i];
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < SIDE; ++r)
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) store(out + r * out_stride + i * LANES, sums[r][i]);
}

// Of `seen` scores; what lies behind them counts for nothing. Gives 1 / their sum.
inline float exponentials(float* score, int64_t seen, int64_t room) {
  float highest = -INFINITY;
  for (int64_t p = 0; p < seen; ++p) highest = score[p] > highest ? score[p] : highest;
  for (int64_t p = seen; p < room; ++p) score[p] = -INFINITY;
  Vector totals{};
  for (int64_t p = 0; p < room; p += LANES) {
    const Vector scores = load(score + p);
    const Vector e = scores == all(-INFINITY) ? Vector{} : exponential(scores - highest);
    store(score + p, e);
    totals += e;
  }
  return 1.0f / sum(totals);
}

template <class T>
void attend_text(
    const T* query, const T* keys, const T* values, int64_t positions, int64_t channels, int64_t stride, float* room,
    T* out) {
  const int64_t padded = up_to(positions, ACROSS), wide = up_to(channels, ACROSS);
  float *const key = room, *const value = key + channels * padded, *const score = value + positions * wide;
  float *const asked = score + SIDE * padded, *const answer = asked + SIDE * channels;
  const float scale = 1.0f / sqrtf((float)channels);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t p = 0; p < padded; ++p) key[c * padded + p] = p < positions ? one(keys + p * channels + c) : 0.0f;
  for (int64_t p = 0; p < positions; ++p)
    for (int64_t c = 0; c < wide; ++c) value[p * wide + c] = c < channels ? one(values + p * channels + c) : 0.0f;
  for (int64_t first = 0; first < positions; first += SIDE) {
    const int64_t rows = fewer(SIDE, positions - first), seen = first + rows, shown = up_to(seen, ACROSS);
    for (int64_t r = 0; r < SIDE; ++r)
      for (int64_t c = 0; c < channels; ++c)
        asked[r * channels + c] = r < rows ? one(query + (first + r) * stride + c) * scale : 0.0f;
    for (int64_t p = 0; p < shown; p += ACROSS)
      product(asked, channels, key + p, padded, channels, score + p, padded);
    float share[SIDE];
    for (int64_t r = 0; r < rows; ++r) share[r] = exponentials(score + r * padded, first + r + 1, shown);
    for (int64_t c = 0; c < wide; c += ACROSS)
      product(score, padded, value + c, wide, seen, answer + c, wide);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < channels; ++c) put(out + (first + r) * stride + c, answer[r * wide + c] * share[r]);
  }
}

template <class T>
void combine(const T* const* answer, const T* weight, int64_t chosen, int64_t width, T* out) {
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) {
    Vector total{};
    for (int64_t k = 0; k < chosen; ++k) total += load(answer[k] + i) * one(weight + k);
    store(out + i, total);
  }
  for (; i < width; ++i) {
    float total = 0.0f;
    for (int64_t k = 0; k < chosen; ++k) total += one(answer[k] + i) * one(weight + k);
    put(out + i, total);
  }
}

template <class T>
void widen(const T* x, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; ++i) out[i] = one(x + i);
}

template <class T>
void narrow(const float* x, int64_t count, T* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; ++i) put(out + i, x[i]);
}

template <class T>
constexpr Loops<T> loops() {
  return {dots<T>, gate_up<T>, down<T>, silu_mul<T>, norm_add<T>, rotate<T>, attend<T>, attend_text<T>, combine<T>, widen<T>, narrow<T>};
}

}  // namespace

#define FLEXCORE_TEXT_(name) #name
#define FLEXCORE_TEXT(name) FLEXCORE_TEXT_(name)
#define FLEXCORE_JOIN_(a, b) a##b
#define FLEXCORE_JOIN(a, b) FLEXCORE_JOIN_(a, b)

extern const Kernels FLEXCORE_JOIN(kernels_, FLEXCORE_ISA);
constexpr Kernels here{FLEXCORE_TEXT(FLEXCORE_ISA), text_room, loops<float>(), loops<bf16>()};
const Kernels FLEXCORE_JOIN(kernels_, FLEXCORE_ISA) = here;

}  // namespace flexcore
