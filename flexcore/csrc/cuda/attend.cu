// Norms, and attention that remembers, on the GPU. Rows and positions are looked at by the kernels alone: a bad one is
// written nowhere and answered with zeros.

#include "numbers.h"

namespace flexcore {
namespace {

constexpr int WARPS = 8;
constexpr int THREADS = WARPS * WARP;

// What the numbers of a row are multiplied with to have a mean square of one. Every thread of the block has to come.
template <class T>
__device__ float scale_of(const T* x, int64_t width, float eps) {
  float squares = 0.0f;
  for (int64_t i = threadIdx.x; i < width; i += THREADS) squares = fmaf(widen(x[i]), widen(x[i]), squares);
  return 1.0f / sqrtf(block_sum<WARPS>(squares) / (float)width + eps);
}

template <class T>
__device__ float normed(const T* x, const T* weight, int64_t i, float scale) {
  return rounded<T>(widen(weight[i]) * (widen(x[i]) * scale));
}

template <class T>
__global__ void __launch_bounds__(THREADS) norm_add_kernel(
    const T* residual, const T* x, const T* weight, int64_t width, float eps, T* y) {
  const int64_t first = blockIdx.x * width;
  const float scale = scale_of(x + first, width, eps);
  for (int64_t i = threadIdx.x; i < width; i += THREADS)
    y[first + i] = narrow<T>(widen(residual[first + i]) + normed(x + first, weight, i, scale));
}

template <class T>
void norm_add_into(const Tensor& y, const Tensor& residual, const Tensor& x, const Tensor& weight, double eps) {
  const Launcher launch(x);
  launch(
      norm_add_kernel<T>, (unsigned)x.size(0), THREADS, read<T>(residual), read<T>(x), read<T>(weight), x.size(1),
      (float)eps, write<T>(y));
}

Tensor norm_add(const Tensor& residual, const Tensor& x, const Tensor& weight, double eps) {
  expect_numbers(x);
  expect(x, "x", x.scalar_type(), {-1, -1}, x);
  expect(residual, "residual", x.scalar_type(), {x.size(0), x.size(1)}, x);
  expect(weight, "weight", x.scalar_type(), {x.size(1)}, x);
  const Tensor y = fresh({x.size(0), x.size(1)}, x.scalar_type(), x);
  (x.scalar_type() == ScalarType::Float ? norm_add_into<float> : norm_add_into<bf16>)(y, residual, x, weight, eps);
  return y;
}

// Where the tokens stand, in caches of `rows` times `groups` times `positions` times `channels`.
struct Cache {
  const int32_t *row, *position;
  int64_t rows, groups, positions, channels;

  __device__ bool holds(int64_t token) const {
    return row[token] >= 0 && row[token] < rows && position[token] >= 0 && position[token] < positions;
  }
};

// Pairs are channel i and i + channels / 2.
template <class T>
__device__ void turn_pair(
    const T* x, const T* weight, float scale, int64_t left, int64_t half, const float* cos, const float* sin, T* out) {
  const int64_t i = left % (2 * half);
  const float a = normed(x, weight, left, scale), b = normed(x, weight, left + half, scale);
  out[0] = narrow<T>(a * cos[i] - b * sin[i]);
  out[half] = narrow<T>(b * cos[i + half] + a * sin[i + half]);
}

template <class T>
__global__ void __launch_bounds__(THREADS) turn_kernel(
    const T* qkv, const T* query_norm, const T* key_norm, const float* cos, const float* sin, Cache cache,
    int64_t table, int64_t width, float eps, T* keys, T* values, T* query) {
  const int64_t token = blockIdx.x, channels = cache.channels, half = channels / 2, key_width = cache.groups * channels;
  const T* const own = qkv + token * (width + 2 * key_width);
  const float query_scale = scale_of(own, width, eps), key_scale = scale_of(own + width, key_width, eps);
  const bool holds = cache.holds(token) && cache.position[token] < table;
  const int64_t row = holds ? cache.row[token] : 0, position = holds ? cache.position[token] : 0;
  if (!holds) {
    for (int64_t i = threadIdx.x; i < width; i += THREADS) query[token * width + i] = narrow<T>(0.0f);
    return;
  }
  cos += position * channels, sin += position * channels;
  for (int64_t i = threadIdx.x; i < width / 2; i += THREADS) {
    const int64_t left = i / half * channels + i % half;
    turn_pair(own, query_norm, query_scale, left, half, cos, sin, query + token * width + left);
  }
  for (int64_t i = threadIdx.x; i < key_width / 2; i += THREADS) {
    const int64_t group = i / half, left = group * channels + i % half;
    const int64_t place = ((row * cache.groups + group) * cache.positions + position) * channels;
    turn_pair(own + width, key_norm, key_scale, left, half, cos, sin, keys + place + i % half);
  }
  for (int64_t i = threadIdx.x; i < key_width; i += THREADS)
    values[((row * cache.groups + i / channels) * cache.positions + position) * channels + i % channels] =
        own[width + key_width + i];
}

void expect_cache(
    const Tensor& keys, const Tensor& values, const Tensor& row, const Tensor& position, int64_t tokens, const Tensor& x) {
  expect_numbers(x);
  expect(keys, "keys", x.scalar_type(), {-1, -1, -1, -1}, x);
  expect(values, "values", x.scalar_type(), {keys.size(0), keys.size(1), keys.size(2), keys.size(3)}, x);
  expect(row, "row", ScalarType::Int, {tokens}, x);
  expect(position, "position", ScalarType::Int, {tokens}, x);
  STD_TORCH_CHECK(keys.size(1) > 0 && keys.size(2) > 0 && keys.size(3) > 0, "flexcore: a cache without room");
  STD_TORCH_CHECK(keys.size(3) % 2 == 0, "flexcore: heads of ", keys.size(3), " channels cannot be turned in pairs");
}

Cache cache_of(const Tensor& keys, const Tensor& row, const Tensor& position) {
  return {read<int32_t>(row), read<int32_t>(position), keys.size(0), keys.size(1), keys.size(2), keys.size(3)};
}

template <class T>
void turn_into(
    const Tensor& query, const Tensor& qkv, const Tensor& query_norm, const Tensor& key_norm, const Tensor& cos,
    const Tensor& sin, const Cache& cache, const Tensor& keys, const Tensor& values, double eps) {
  const Launcher launch(qkv);
  launch(
      turn_kernel<T>, (unsigned)qkv.size(0), THREADS, read<T>(qkv), read<T>(query_norm), read<T>(key_norm),
      read<float>(cos), read<float>(sin), cache, cos.size(0), query_norm.size(0), (float)eps, write<T>(keys),
      write<T>(values), write<T>(query));
}

Tensor turn(
    const Tensor& qkv, const Tensor& query_norm, const Tensor& key_norm, const Tensor& cos, const Tensor& sin,
    const Tensor& row, const Tensor& position, Tensor keys, Tensor values, double eps) {
  const ScalarType numbers = qkv.scalar_type();
  expect_cache(keys, values, row, position, qkv.size(0), qkv);
  const int64_t channels = keys.size(3), key_width = keys.size(1) * channels;
  expect(query_norm, "query_norm", numbers, {-1}, qkv);
  const int64_t width = query_norm.size(0);
  expect(qkv, "qkv", numbers, {-1, width + 2 * key_width}, qkv);
  expect(key_norm, "key_norm", numbers, {key_width}, qkv);
  expect(cos, "cos", ScalarType::Float, {-1, channels}, qkv);
  expect(sin, "sin", ScalarType::Float, {cos.size(0), channels}, qkv);
  STD_TORCH_CHECK(width % channels == 0, "flexcore: a width of ", width, " is not made of heads of ", channels);
  const Tensor query = fresh({qkv.size(0), width / channels, channels}, numbers, qkv);
  (numbers == ScalarType::Float ? turn_into<float> : turn_into<bf16>)(
      query, qkv, query_norm, key_norm, cos, sin, cache_of(keys, row, position), keys, values, eps);
  return query;
}

// A block looks at one stretch of a row's positions for one head of one token; what the stretches saw is put together
// afterwards. Stretches begin at fixed positions, so a token's answer does not depend on the room or on its neighbours.
constexpr int STRETCH = 256;  // positions
constexpr int LOOKERS = 4;    // warps
constexpr int LOOKING = LOOKERS * WARP;

// `count` numbers from an address: a piece, or one alone where rows do not begin at multiples of sixteen bytes.
template <class T, int COUNT>
__device__ __forceinline__ void load(const T* address, float (&value)[COUNT]) {
  if constexpr (COUNT == 1)
    value[0] = widen(*address);
  else
    unpack<T>(piece_at(address), value);
}

struct Seen {  // of the stretches, in fp32: highest and total of each, and what they saw
  float *highest, *total, *sum;
  int64_t stretches;
};

template <class T, int COUNT>
__global__ void __launch_bounds__(LOOKING) look_kernel(
    const T* query, const T* keys, const T* values, Cache cache, int64_t heads, Seen seen) {
  __shared__ float score[STRETCH], part[LOOKING][COUNT], peak[LOOKERS];
  const int64_t token = blockIdx.x / heads, head = blockIdx.x % heads, channels = cache.channels;
  const int64_t from = (int64_t)blockIdx.y * STRETCH;
  if (!cache.holds(token) || from > cache.position[token]) return;
  const int64_t ahead = cache.position[token] + 1 - from;
  const int positions = ahead < STRETCH ? (int)ahead : STRETCH;
  const int64_t group = head / (heads / cache.groups);
  const int64_t first = ((cache.row[token] * cache.groups + group) * cache.positions + from) * channels;
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const float scale = 1.0f / sqrtf((float)channels);
  const T* const own = query + (token * heads + head) * channels;

  // Four lanes make one product; all lanes of a warp come along, for they add up together.
  float highest = -INFINITY;
  for (int p0 = warp * 8; p0 < positions; p0 += LOOKERS * 8) {
    const int p = p0 + lane / 4;
    float sum = 0.0f;
    if (p < positions) {
#pragma unroll 4
      for (int64_t i = lane % 4 * COUNT; i < channels; i += 4 * COUNT) {
        float a[COUNT], b[COUNT];
        load<T>(own + i, a), load<T>(keys + first + p * channels + i, b);
#pragma unroll
        for (int n = 0; n < COUNT; ++n) sum = fmaf(a[n], b[n], sum);
      }
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    sum += __shfl_xor_sync(~0u, sum, 2);
    sum *= scale;
    if (p < positions) {
      highest = fmaxf(highest, sum);
      if (lane % 4 == 0) score[p] = sum;
    }
  }
#pragma unroll
  for (int step = WARP / 2; step; step /= 2) highest = fmaxf(highest, __shfl_xor_sync(~0u, highest, step));
  if (lane == 0) peak[warp] = highest;
  __syncthreads();
#pragma unroll
  for (int w = 0; w < LOOKERS; ++w) highest = fmaxf(highest, peak[w]);
  float total = 0.0f;
  for (int p = threadIdx.x; p < positions; p += LOOKING) {
    score[p] = expf(score[p] - highest);
    total += score[p];
  }
  total = block_sum<LOOKERS>(total);  // and every score is written

  const int64_t place = blockIdx.x * seen.stretches + blockIdx.y;
  if (threadIdx.x == 0) seen.highest[place] = highest, seen.total[place] = total;
  // Each thread has some channels of some positions.
  const int pieces = (int)(channels / COUNT);
  for (int base = 0; base < pieces; base += LOOKING) {
    const int beside = pieces - base < LOOKING ? pieces - base : LOOKING, shares = LOOKING / beside;
    const int channel = (base + (int)threadIdx.x % beside) * COUNT, share = threadIdx.x / beside;
    float sum[COUNT] = {};
    if (share < shares) {
#pragma unroll 4
      for (int p = share; p < positions; p += shares) {
        float value[COUNT];
        load<T>(values + first + (int64_t)p * channels + channel, value);
#pragma unroll
        for (int n = 0; n < COUNT; ++n) sum[n] = fmaf(score[p], value[n], sum[n]);
      }
    }
#pragma unroll
    for (int n = 0; n < COUNT; ++n) part[threadIdx.x][n] = sum[n];
    __syncthreads();
    if ((int)threadIdx.x < beside)
      for (int n = 0; n < COUNT; ++n) {
        float whole = 0.0f;
        for (int s = 0; s < shares; ++s) whole += part[s * beside + threadIdx.x][n];
        seen.sum[place * channels + channel + n] = whole;
      }
    __syncthreads();
  }
}

template <class T>
__global__ void __launch_bounds__(LOOKING) gather_kernel(Cache cache, int64_t heads, Seen seen, T* x) {
  const int64_t token = blockIdx.x / heads, channels = cache.channels, first = blockIdx.x * seen.stretches;
  const int64_t stretches = cache.holds(token) ? cache.position[token] / STRETCH + 1 : 0;
  float highest = -INFINITY, total = 0.0f;
  for (int64_t s = 0; s < stretches; ++s) highest = fmaxf(highest, seen.highest[first + s]);
  for (int64_t s = 0; s < stretches; ++s) total += seen.total[first + s] * expf(seen.highest[first + s] - highest);
  for (int64_t c = threadIdx.x; c < channels; c += LOOKING) {
    float sum = 0.0f;
    for (int64_t s = 0; s < stretches; ++s)
      sum = fmaf(expf(seen.highest[first + s] - highest), seen.sum[(first + s) * channels + c], sum);
    x[blockIdx.x * channels + c] = narrow<T>(stretches ? sum / total : 0.0f);
  }
}

template <class T>
void attend_into(const Tensor& x, const Tensor& query, const Tensor& keys, const Tensor& values, const Cache& cache) {
  const Launcher launch(query);
  const int64_t heads = query.size(1), looks = query.size(0) * heads, stretches = parts(cache.positions, STRETCH);
  STD_TORCH_CHECK(stretches <= 65535, "flexcore: a cache of ", cache.positions, " positions is too long");
  const Tensor sum = fresh({looks, stretches, cache.channels}, ScalarType::Float, query);
  const Tensor edge = fresh({2, looks, stretches}, ScalarType::Float, query);
  float* const highest = write<float>(edge);
  const Seen seen{highest, highest + looks * stretches, write<float>(sum), stretches};
  const T *const q = read<T>(query), *const k = read<T>(keys), *const v = read<T>(values);
  const dim3 blocks((unsigned)looks, (unsigned)stretches);
  if (in_pieces({q, k, v}, cache.channels, sizeof(T)))
    launch(look_kernel<T, IN_PIECE<T>>, blocks, LOOKING, q, k, v, cache, heads, seen);
  else
    launch(look_kernel<T, 1>, blocks, LOOKING, q, k, v, cache, heads, seen);
  launch(gather_kernel<T>, (unsigned)looks, LOOKING, cache, heads, seen, write<T>(x));
}

Tensor attend_step(
    const Tensor& query, const Tensor& keys, const Tensor& values, const Tensor& row, const Tensor& position) {
  expect_cache(keys, values, row, position, query.size(0), query);
  expect(query, "query", query.scalar_type(), {-1, -1, keys.size(3)}, query);
  const int64_t heads = query.size(1), groups = keys.size(1);
  STD_TORCH_CHECK(heads % groups == 0, "flexcore: ", heads, " heads cannot share ", groups, " heads of keys");
  const Tensor x = fresh({query.size(0), heads * keys.size(3)}, query.scalar_type(), query);
  (query.scalar_type() == ScalarType::Float ? attend_into<float> : attend_into<bf16>)(
      x, query, keys, values, cache_of(keys, row, position));
  return x;
}

}  // namespace
}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, FLEXCORE_DEVICE, m) {
  m.impl("norm_add", TORCH_BOX(&flexcore::norm_add));
  m.impl("turn", TORCH_BOX(&flexcore::turn));
  m.impl("attend_step", TORCH_BOX(&flexcore::attend_step));
}
