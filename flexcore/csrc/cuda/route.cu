// Routing on the GPU: a warp makes a logit, a thread chooses for a token by the code the processor runs, and a block puts
// the choices in the order of their experts. Few tokens take one launch, many take two.

#include "numbers.h"
#include "parts.h"

namespace flexcore {
namespace {

constexpr int FEW = 32;       // tokens that one block chooses for and puts in order
constexpr int BESIDE = 4;     // tokens of a block where there are more
constexpr int BINS = MAX_EXPERTS + 1;
constexpr int PITCH = MAX_EXPERTS + 1;  // a token's logits; neighbours lie in other banks
constexpr int ARRANGERS = 32;           // warps

template <class T>
struct Router {
  const T* x;
  const T* row[MAX_EXPERTS];
  const T* bias[MAX_EXPERTS];
  const int32_t *mask, *slot;
  int64_t width, tokens, requests;
  int experts, top_k;
  bool in_pieces;
  T* weight;
  float* logit;
  int32_t *position, *order, *place, *count, *begin;
};

template <class T>
__device__ unsigned open_of(const Router<T>& r, int64_t token) {
  const unsigned everyone = r.experts == 32 ? ~0u : (1u << r.experts) - 1;
  if (!r.mask) return everyone;
  const int64_t request = r.slot ? r.slot[token] : token;
  return request >= 0 && request < r.requests ? everyone & (unsigned)r.mask[request] : 0u;
}

template <class T>
__device__ float dot(const T* a, const T* b, int64_t width, bool in_pieces) {
  const int lane = threadIdx.x % WARP;
  float sum = 0.0f;
  if (in_pieces) {
#pragma unroll 4
    for (int64_t k = lane * IN_PIECE<T>; k < width; k += WARP * IN_PIECE<T>)
      sum = add_product<T>(sum, piece_at(a + k), piece_at(b + k));
  } else {
    for (int64_t k = lane; k < width; k += WARP) sum = fmaf(widen(a[k]), widen(b[k]), sum);
  }
  return warp_sum(sum);
}

// Each warp makes the logits of some pairs of a token and an expert; closed experts are not looked at.
template <class T, int TOKENS>
__device__ void make_logits(const Router<T>& r, int64_t first, int tokens, float (&logit)[TOKENS][PITCH]) {
  for (int pair = threadIdx.x / WARP; pair < tokens * r.experts; pair += blockDim.x / WARP) {
    const int t = pair / r.experts, e = pair % r.experts;
    float value = -INFINITY;
    if (open_of(r, first + t) >> e & 1u) {
      value = rounded<T>(dot(r.x + (first + t) * r.width, r.row[e], r.width, r.in_pieces));
      const float bias = widen(*r.bias[e]);
      value += bias > 0.0f ? 0.0f : bias;  // a bias only ever holds an expert back
    }
    if (threadIdx.x % WARP == 0) logit[t][e] = value;
  }
}

// One thread, one token. Its logits' place is used for its weights.
template <class T>
__device__ void choose_for(const Router<T>& r, int64_t token, float* logit) {
  float own[MAX_EXPERTS];
#pragma unroll
  for (int e = 0; e < MAX_EXPERTS; ++e) {
    own[e] = e < r.experts ? logit[e] : -INFINITY;
    if (e < r.experts) r.logit[token * r.experts + e] = own[e];
  }
  choose_experts(own, r.experts, open_of(r, token), r.top_k, logit, r.position + token * r.top_k);
  for (int k = 0; k < r.top_k; ++k) r.weight[token * r.top_k + k] = narrow<T>(logit[k]);
}

// The block puts all choices in the order of their experts, and keeps the order of tokens within one. Each warp has a
// stretch of the choices and counts it; from all counts follows where its first choice of each expert goes.
template <class T>
__device__ void arrange(const Router<T>& r) {
  __shared__ int tally[ARRANGERS][BINS], total[BINS], base[BINS + 1];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const int64_t choices = r.tokens * r.top_k;
  const int64_t share = (choices + ARRANGERS * WARP - 1) / (ARRANGERS * WARP) * WARP;
  const int64_t from = warp * share, to = from + share < choices ? from + share : choices;
  for (int i = threadIdx.x; i < ARRANGERS * BINS; i += blockDim.x) tally[i / BINS][i % BINS] = 0;
  __syncthreads();
  for (int64_t i = from; i < to; i += WARP) {
    const int own = i + lane < to ? r.position[i + lane] : BINS;
    const unsigned same = __match_any_sync(~0u, own);
    if (own < BINS && !(same & ((1u << lane) - 1))) tally[warp][own] += __popc(same);
    __syncwarp();
  }
  __syncthreads();
  if (threadIdx.x < BINS) {
    int sum = 0;
    for (int w = 0; w < ARRANGERS; ++w) {
      const int own = tally[w][threadIdx.x];
      tally[w][threadIdx.x] = sum;
      sum += own;
    }
    total[threadIdx.x] = sum;
  }
  __syncthreads();
  if (threadIdx.x < BINS) {
    int sum = 0;
    for (int b = 0; b < (int)threadIdx.x; ++b) sum += total[b];
    base[threadIdx.x] = sum;
    if ((int)threadIdx.x < r.experts) r.count[threadIdx.x] = total[threadIdx.x];
    if ((int)threadIdx.x <= r.experts) r.begin[threadIdx.x] = sum;
  }
  __syncthreads();
  for (int64_t i = from; i < to; i += WARP) {
    const int own = i + lane < to ? r.position[i + lane] : BINS;
    const unsigned same = __match_any_sync(~0u, own), before = same & ((1u << lane) - 1);
    const int place = own < BINS ? base[own] + tally[warp][own] + __popc(before) : 0;
    __syncwarp();  // everyone has read the tally
    if (own < BINS) {
      if (!before) tally[warp][own] += __popc(same);
      r.place[i + lane] = place;
      r.order[place] = (int32_t)(i + lane);
    }
    __syncwarp();
  }
}

template <class T>
__global__ void __launch_bounds__(ARRANGERS* WARP) route_few(const __grid_constant__ Router<T> r) {
  __shared__ float logit[FEW][PITCH];
  make_logits(r, 0, (int)r.tokens, logit);
  __syncthreads();
  if ((int)threadIdx.x < r.tokens) choose_for(r, threadIdx.x, logit[threadIdx.x]);
  __syncthreads();
  arrange(r);
}

template <class T>
__global__ void __launch_bounds__(8 * WARP) choose_many(const __grid_constant__ Router<T> r) {
  __shared__ float logit[BESIDE][PITCH];
  const int64_t first = (int64_t)blockIdx.x * BESIDE;
  const int tokens = r.tokens - first < BESIDE ? (int)(r.tokens - first) : BESIDE;
  make_logits(r, first, tokens, logit);
  __syncthreads();
  if ((int)threadIdx.x < tokens) choose_for(r, first + threadIdx.x, logit[threadIdx.x]);
}

template <class T>
__global__ void __launch_bounds__(ARRANGERS* WARP) arrange_many(const __grid_constant__ Router<T> r) {
  arrange(r);
}

template <class T>
void run(
    const Launcher& launch, const Routed& into, const Tensor& x, const Tensors& rows, const Tensors& biases,
    int64_t top_k, const MaybeTensor& mask, const MaybeTensor& slot) {
  Router<T> r{};
  r.x = read<T>(x);
  r.in_pieces = in_pieces({r.x}, x.size(1), sizeof(T));
  for (size_t e = 0; e < rows.size(); ++e) {
    r.row[e] = read<T>(rows[e]), r.bias[e] = read<T>(biases[e]);
    r.in_pieces = r.in_pieces && in_pieces({r.row[e]}, x.size(1), sizeof(T));
  }
  r.mask = mask ? read<int32_t>(*mask) : nullptr, r.slot = slot ? read<int32_t>(*slot) : nullptr;
  r.requests = mask ? mask->size(0) : 0;
  r.tokens = x.size(0), r.width = x.size(1), r.experts = (int)rows.size(), r.top_k = (int)top_k;
  r.weight = write<T>(into.weight_TK), r.logit = write<float>(into.logit_TA);
  r.position = write<int32_t>(into.position_TK), r.order = write<int32_t>(into.order_N);
  r.place = write<int32_t>(into.place_TK), r.count = write<int32_t>(into.count_A);
  r.begin = write<int32_t>(into.begin);
  if (r.tokens <= FEW) return launch(route_few<T>, 1, ARRANGERS * WARP, r);
  launch(choose_many<T>, (unsigned)parts(r.tokens, BESIDE), 8 * WARP, r);
  launch(arrange_many<T>, 1, ARRANGERS * WARP, r);
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> route(
    const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k, const MaybeTensor& mask,
    const MaybeTensor& slot) {
  expect_routable(x, rows, biases, top_k, mask, slot);
  const Routed r = choose(Launcher(x), x, rows, biases, top_k, mask, slot);
  return std::make_tuple(r.weight_TK, r.position_TK, r.logit_TA, r.order_N, r.place_TK, r.count_A);
}

}  // namespace

Routed choose(
    const Launcher& launch, const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k,
    const MaybeTensor& mask, const MaybeTensor& slot) {
  const int64_t tokens = x.size(0), experts = (int64_t)rows.size();
  STD_TORCH_CHECK(tokens * top_k < INT32_MAX, "flexcore: ", tokens, " tokens are more than a call can route");
  const ScalarType count = ScalarType::Int;
  const Routed into{fresh({tokens, top_k}, x.scalar_type(), x), fresh({tokens, top_k}, count, x),
                    fresh({tokens, experts}, ScalarType::Float, x), fresh({tokens * top_k}, count, x),
                    fresh({tokens, top_k}, count, x), fresh({experts}, count, x), fresh({experts + 1}, count, x)};
  if (x.scalar_type() == ScalarType::Float)
    run<float>(launch, into, x, rows, biases, top_k, mask, slot);
  else
    run<bf16>(launch, into, x, rows, biases, top_k, mask, slot);
  return into;
}

}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, FLEXCORE_DEVICE, m) { m.impl("route", TORCH_BOX(&flexcore::route)); }
