// Products of a few tokens with many weights, bound by reading the weights: each comes from memory once and meets all
// tokens that ask for it. On tensor cores the weights stand where a product has its 16 rows, and the tokens are its 8
// columns; since the order of a sum's terms is free, a thread takes eight neighbouring numbers of a row with one read.

#pragma once

#include "numbers.h"

namespace flexcore {

// For each of some weights: the rows of x that ask for it, times its rows. With a second weight (gate and up),
// silu(first) * second.
struct Product {
  const void* first[MAX_EXPERTS];
  const void* second[MAX_EXPERTS];
  int64_t height[MAX_EXPERTS];  // rows of the weight
  int64_t column[MAX_EXPERTS];  // where its answers begin in a row of `out`
  const void* x;
  const int32_t* begin;  // the places of a weight's tokens are begin[e] .. begin[e + 1]; null: each is shown all rows of x
  const int32_t* order;  // the row of x in a place is order / top_k; null: its own number
  int64_t tokens, width, stride;  // rows of x, numbers in one, numbers in a row of `out`
  int top_k;
  void* out;
};

// A block's part: some of the rows of x for one of the weights.
struct Stretch {
  int64_t place;  // of its first row
  int rows;       // none or less: there is nothing to do
};

__device__ __forceinline__ Stretch stretch_of(const Product& p, int most) {
  const int64_t begin = p.begin ? p.begin[blockIdx.y] : 0;
  const int64_t end = p.begin ? p.begin[blockIdx.y + 1] : p.tokens;
  const int64_t place = begin + (int64_t)blockIdx.z * most, left = end - place;
  return {place, (int)(left < most ? left : most)};
}

// Row n of a stretch, or null behind its end.
template <class T>
__device__ __forceinline__ const T* row_of(const Product& p, const Stretch& s, int n) {
  if (n >= s.rows) return nullptr;
  const int64_t row = p.order ? p.order[s.place + n] / p.top_k : s.place + n;
  return static_cast<const T*>(p.x) + row * p.width;
}

template <bool PAIR, class OUT>
__device__ __forceinline__ void put(const Product& p, int64_t place, int64_t row, float first, float second) {
  OUT* const out = static_cast<OUT*>(p.out) + place * p.stride + p.column[blockIdx.y] + row;
  *out = narrow<OUT>(PAIR ? silu(first) * second : first);
}

constexpr int WARPS = 4;                // of a block here
constexpr int HIGH = 16;                // rows of a weight that a warp takes
constexpr int UNIT = 64;                // numbers of each row between two looks around
constexpr int HALVES = UNIT / 32;       // a warp's read covers 32 numbers of 8 rows

// What a thread holds of a warp's 16 rows of one or two weights.
template <int MATRICES>
struct Held {
  Piece low[MATRICES][HALVES], high[MATRICES][HALVES];
};

template <int MATRICES>
struct Rows {
  const bf16 *low[MATRICES], *high[MATRICES];  // null behind the weight's end

  __device__ __forceinline__ Rows(const Product& p, int64_t row) {
    const int g = threadIdx.x % WARP / 4;
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) {
      const bf16* const weight = static_cast<const bf16*>(m ? p.second[blockIdx.y] : p.first[blockIdx.y]);
      low[m] = row + g < p.height[blockIdx.y] ? weight + (row + g) * p.width : nullptr;
      high[m] = row + g + 8 < p.height[blockIdx.y] ? weight + (row + g + 8) * p.width : nullptr;
    }
  }

  __device__ __forceinline__ void take(Held<MATRICES>& held, int64_t k, int64_t width) const {
#pragma unroll
    for (int h = 0; h < HALVES; ++h) {
      const int64_t own = k + 32 * h + 8 * (threadIdx.x % 4);
#pragma unroll
      for (int m = 0; m < MATRICES; ++m) {
        held.low[m][h] = own < width && low[m] ? streamed(low[m] + own) : Piece{};
        held.high[m][h] = own < width && high[m] ? streamed(high[m] + own) : Piece{};
      }
    }
  }
};

// One half of a unit with eight rows of x.
template <int MATRICES>
__device__ __forceinline__ void meet(float (&sum)[MATRICES][4], const Held<MATRICES>& held, int half, const Piece& x) {
#pragma unroll
  for (int m = 0; m < MATRICES; ++m) {
    const Piece &low = held.low[m][half], &high = held.high[m][half];
#pragma unroll
    for (int i = 0; i < 4; i += 2)
      multiply_add(
          sum[m], low.word[i], high.word[i], low.word[i + 1], high.word[i + 1], x.word[i], x.word[i + 1]);
  }
}

// The fewest tokens, up to 8 * TILES: the four warps have the same rows of the weight and share their length. Nobody waits
// for anybody until the end.
template <int TILES, bool PAIR, class OUT>
__global__ void __launch_bounds__(WARPS* WARP, TILES == 1 && !PAIR ? 4 : 3) stream_kernel(const __grid_constant__ Product p) {
  constexpr int MATRICES = PAIR ? 2 : 1;
  __shared__ float partial[WARPS][MATRICES][8 * TILES][HIGH + 1];
  const Stretch s = stretch_of(p, 8 * TILES);
  const int64_t row = (int64_t)blockIdx.x * HIGH;
  if (s.rows <= 0 || row >= p.height[blockIdx.y]) return;
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, g = lane / 4, c = lane % 4;
  const Rows<MATRICES> weights(p, row);
  const bf16* x[TILES];
#pragma unroll
  for (int j = 0; j < TILES; ++j) x[j] = row_of<bf16>(p, s, 8 * j + g);

  float sum[TILES][MATRICES][4] = {};
  Held<MATRICES> held;
  weights.take(held, warp * UNIT, p.width);
  for (int64_t k = warp * UNIT; k < p.width; k += WARPS * UNIT) {
    Held<MATRICES> next;
    weights.take(next, k + WARPS * UNIT, p.width);
#pragma unroll
    for (int h = 0; h < HALVES; ++h) {
      const int64_t own = k + 32 * h + 8 * c;
#pragma unroll
      for (int j = 0; j < TILES; ++j)
        meet(sum[j], held, h, own < p.width && x[j] ? piece_at(x[j] + own) : Piece{});
    }
    held = next;
  }

#pragma unroll
  for (int j = 0; j < TILES; ++j)
#pragma unroll
    for (int m = 0; m < MATRICES; ++m)
#pragma unroll
      for (int i = 0; i < 4; ++i) partial[warp][m][8 * j + 2 * c + i % 2][g + 8 * (i / 2)] = sum[j][m][i];
  __syncthreads();
  for (int i = threadIdx.x; i < s.rows * HIGH; i += WARPS * WARP) {
    const int n = i / HIGH, r = i % HIGH;
    float total[2] = {};
    for (int w = 0; w < WARPS; ++w)
      for (int m = 0; m < MATRICES; ++m) total[m] += partial[w][m][n][r];
    if (row + r < p.height[blockIdx.y]) put<PAIR, OUT>(p, s.place + n, row + r, total[0], total[1]);
  }
}

// More tokens: the warps have rows of their own, and share the tokens' numbers, which come two units ahead.
template <int TILES, bool PAIR, class OUT>
__global__ void __launch_bounds__(WARPS* WARP, PAIR && TILES == 8 ? 2 : 3) staged_kernel(const __grid_constant__ Product p) {
  constexpr int MATRICES = PAIR ? 2 : 1, STAGES = 3, ROWS = 8 * TILES, PITCH = UNIT + 32;  // neighbours in other banks
  __shared__ __align__(16) bf16 shown[STAGES][ROWS][PITCH];
  __shared__ const bf16* x[ROWS];
  const Stretch s = stretch_of(p, ROWS);
  const int64_t first = (int64_t)blockIdx.x * WARPS * HIGH;
  if (s.rows <= 0 || first >= p.height[blockIdx.y]) return;
  const int lane = threadIdx.x % WARP, g = lane / 4, c = lane % 4;
  const int64_t row = first + threadIdx.x / WARP * HIGH;
  const Rows<MATRICES> weights(p, row);
  for (int n = threadIdx.x; n < ROWS; n += WARPS * WARP) x[n] = row_of<bf16>(p, s, n);
  __syncthreads();

  const auto bring = [&](int64_t unit) {
    for (int i = threadIdx.x; i < ROWS * UNIT / 8; i += WARPS * WARP) {
      const int n = i / (UNIT / 8), k = i % (UNIT / 8) * 8;
      const int64_t own = unit * UNIT + k;
      const bool copies = x[n] && own < p.width;
      copy_later(&shown[unit % STAGES][n][k], copies ? x[n] + own : static_cast<const bf16*>(p.x), copies);
    }
    close_batch();
  };

  float sum[TILES][MATRICES][4] = {};
  Held<MATRICES> held;
  bring(0);
  bring(1);
  weights.take(held, 0, p.width);
  for (int64_t unit = 0; unit * UNIT < p.width; ++unit) {
    await_batches<1>();  // this unit's is here, the next one's may not be
    __syncthreads();     // for all threads; and all are done with the unit before
    bring(unit + 2);
    Held<MATRICES> next;
    weights.take(next, (unit + 1) * UNIT, p.width);
#pragma unroll
    for (int h = 0; h < HALVES; ++h)
#pragma unroll
      for (int j = 0; j < TILES; ++j)
        if (8 * j < s.rows) meet(sum[j], held, h, piece_at(&shown[unit % STAGES][8 * j + g][32 * h + 8 * c]));
    held = next;
  }
  await_batches<0>();

#pragma unroll
  for (int j = 0; j < TILES; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int n = 8 * j + 2 * c + i % 2;
      const int64_t r = row + g + 8 * (i / 2);
      if (n < s.rows && r < p.height[blockIdx.y])
        put<PAIR, OUT>(p, s.place + n, r, sum[j][0][i], sum[j][MATRICES - 1][i]);
    }
}

// fp32, and rows that do not begin at multiples of sixteen bytes: a warp for each row of the weight.
constexpr int TOGETHER = 8;  // rows of x

template <class T, bool PAIR, class OUT>
__global__ void __launch_bounds__(WARPS* WARP, 4) plain_kernel(const __grid_constant__ Product p, bool in_pieces) {
  constexpr int MATRICES = PAIR ? 2 : 1;
  const Stretch s = stretch_of(p, TOGETHER);
  const int64_t row = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP;
  if (s.rows <= 0 || row >= p.height[blockIdx.y]) return;  // warps do not wait for each other here
  const int lane = threadIdx.x % WARP;
  const T* weight[MATRICES];
  const T* x[TOGETHER];
#pragma unroll
  for (int m = 0; m < MATRICES; ++m)
    weight[m] = static_cast<const T*>(m ? p.second[blockIdx.y] : p.first[blockIdx.y]) + row * p.width;
#pragma unroll
  for (int n = 0; n < TOGETHER; ++n) x[n] = row_of<T>(p, s, n);

  float sum[TOGETHER][MATRICES] = {};
  if (in_pieces) {
#pragma unroll 2
    for (int64_t k = lane * IN_PIECE<T>; k < p.width; k += WARP * IN_PIECE<T>) {
      Piece own[MATRICES];
#pragma unroll
      for (int m = 0; m < MATRICES; ++m) own[m] = streamed(weight[m] + k);
#pragma unroll
      for (int n = 0; n < TOGETHER; ++n)
        if (n < s.rows) {
          const Piece numbers = piece_at(x[n] + k);
#pragma unroll
          for (int m = 0; m < MATRICES; ++m) sum[n][m] = add_product<T>(sum[n][m], own[m], numbers);
        }
    }
  } else {
    for (int64_t k = lane; k < p.width; k += WARP) {
#pragma unroll
      for (int n = 0; n < TOGETHER; ++n)
        if (n < s.rows) {
#pragma unroll
          for (int m = 0; m < MATRICES; ++m) sum[n][m] = fmaf(widen(weight[m][k]), widen(x[n][k]), sum[n][m]);
        }
    }
  }
#pragma unroll
  for (int n = 0; n < TOGETHER; ++n) {
    float total[2] = {};
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) total[m] = warp_sum(sum[n][m]);
    if (n < s.rows && lane == 0) put<PAIR, OUT>(p, s.place + n, row, total[0], total[1]);
  }
}

}  // namespace flexcore
