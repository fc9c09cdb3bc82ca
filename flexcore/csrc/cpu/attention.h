// Heads: turned by their positions, and looking at the keys and values before them, one token's or a whole text's.

#pragma once

#include "products.h"
#include "vectors.h"

namespace flexcore {
namespace {

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

}  // namespace
}  // namespace flexcore
