// The experts' answers on the GPU, and products with any other weight, for as many tokens as a decode step has.

#include "parts.h"
#include "products.h"

namespace flexcore {
namespace {

// Which kernel, and in which pieces. `experts` weights, each shown at most `most` rows of x.
template <bool PAIR, class OUT, class T>
void multiply(const Launcher& launch, const Product& p, int experts, int64_t most) {
  int64_t height = 0;
  bool fits = in_pieces({p.x}, p.width, sizeof(T));
  for (int e = 0; e < experts; ++e) {
    height = p.height[e] > height ? p.height[e] : height;
    fits = fits && in_pieces({p.first[e], p.second[e]}, p.width, sizeof(T));
  }
  const auto blocks = [&](int high, int wide) {
    const int64_t turns = parts(most, wide);
    STD_TORCH_CHECK(turns <= 65535, "flexcore: ", most, " tokens are too many for one call");
    return dim3((unsigned)parts(height, high), (unsigned)experts, (unsigned)turns);
  };
  constexpr int threads = WARPS * WARP;
  if constexpr (sizeof(T) == 2) {
    constexpr bool linear = !PAIR && sizeof(OUT) == 2;  // whose tokens are always few
    if (fits && most <= 8) return launch(stream_kernel<1, PAIR, OUT>, blocks(HIGH, 8), threads, p);
    if (fits && (most <= 16 || linear)) return launch(stream_kernel<2, PAIR, OUT>, blocks(HIGH, 16), threads, p);
    if constexpr (!linear) {
      if (fits && most <= 32) return launch(staged_kernel<4, PAIR, OUT>, blocks(WARPS * HIGH, 32), threads, p);
      if (fits) return launch(staged_kernel<8, PAIR, OUT>, blocks(WARPS * HIGH, 64), threads, p);
    }
  }
  launch(plain_kernel<T, PAIR, OUT>, blocks(WARPS, TOGETHER), threads, p, fits);
}

// y = sum of weight * answer in the order of the choices; a choice that nobody answered has a place outside.
template <class A, class T>
__global__ void __launch_bounds__(256) combine_kernel(
    const A* answer, const int32_t* place, const int32_t* routed, int64_t answers, const T* weight, int top_k,
    int64_t width, T* y) {
  const int64_t token = blockIdx.x, i = (int64_t)blockIdx.y * 256 + threadIdx.x;
  if (i >= width) return;
  const int64_t known = routed && *routed < answers ? *routed : answers;
  float sum = 0.0f;
  for (int k = 0; k < top_k; ++k) {
    const int64_t n = place[token * top_k + k];
    if (n >= 0 && n < known) sum = fmaf(widen(weight[token * top_k + k]), widen(answer[n * width + i]), sum);
  }
  y[token * width + i] = narrow<T>(sum);
}

template <class A, class T>
void combine_into(
    const Launcher& launch, const Tensor& y, const Tensor& answer, const Tensor& place, const int32_t* routed,
    const Tensor& weight) {
  const int64_t tokens = y.size(0), width = y.size(1);
  STD_TORCH_CHECK(parts(width, 256) <= 65535, "flexcore: rows of ", width, " numbers are too wide");
  launch(
      combine_kernel<A, T>, dim3((unsigned)tokens, (unsigned)parts(width, 256)), 256, read<A>(answer),
      read<int32_t>(place), routed, answer.size(0), read<T>(weight), (int)place.size(1), width, write<T>(y));
}

template <class T>
Tensor answers_of(
    const Launcher& launch, const Tensor& x, const Routed& r, const Tensors& gates, const Tensors& ups,
    const Tensors& downs, int64_t top_k, int64_t inner) {
  const int64_t tokens = x.size(0), width = x.size(1);
  const int experts = (int)gates.size();
  const Tensor hidden = fresh({tokens * top_k, inner}, x.scalar_type(), x);
  const Tensor answer = fresh({tokens * top_k, width}, ScalarType::Float, x);
  const Tensor y = fresh({tokens, width}, x.scalar_type(), x);
  Product gate_up{}, down{};
  for (int e = 0; e < experts; ++e) {
    gate_up.first[e] = read<T>(gates[e]), gate_up.second[e] = read<T>(ups[e]), gate_up.height[e] = inner;
    down.first[e] = read<T>(downs[e]), down.height[e] = width;
  }
  gate_up.begin = down.begin = read<int32_t>(r.begin);
  gate_up.x = read<T>(x), gate_up.order = read<int32_t>(r.order_N), gate_up.top_k = (int)top_k;
  gate_up.tokens = tokens, gate_up.width = width, gate_up.stride = inner, gate_up.out = write<T>(hidden);
  down.x = read<T>(hidden), down.tokens = tokens * top_k, down.width = inner;
  down.stride = width, down.out = write<float>(answer);
  multiply<true, T, T>(launch, gate_up, experts, tokens);
  multiply<false, float, T>(launch, down, experts, tokens);
  combine_into<float, T>(launch, y, answer, r.place_TK, read<int32_t>(r.begin) + experts, r.weight_TK);
  return y;
}

std::tuple<Tensor, Tensor> moe(
    const Tensor& x, const Tensors& rows, const Tensors& biases, const Tensors& gates, const Tensors& ups,
    const Tensors& downs, int64_t top_k, const MaybeTensor& mask, const MaybeTensor& slot) {
  expect_routable(x, rows, biases, top_k, mask, slot);
  const int64_t inner = expect_experts(x, rows.size(), gates, ups, downs);
  const Launcher launch(x);
  const Routed r = choose(launch, x, rows, biases, top_k, mask, slot);
  const bool wide = x.scalar_type() == ScalarType::Float;
  const auto answers = wide ? answers_of<float> : answers_of<bf16>;
  return std::make_tuple(answers(launch, x, r, gates, ups, downs, top_k, inner), r.logit_TA);
}

Tensor combine(const Tensor& answer, const Tensor& place, const Tensor& weight) {
  expect_numbers(answer);
  expect(answer, "answer", answer.scalar_type(), {-1, -1}, answer);
  expect(place, "place", ScalarType::Int, {-1, -1}, answer);
  expect(weight, "weight", answer.scalar_type(), {place.size(0), place.size(1)}, answer);
  const Tensor y = fresh({place.size(0), answer.size(1)}, answer.scalar_type(), answer);
  const bool wide = answer.scalar_type() == ScalarType::Float;
  (wide ? combine_into<float, float> : combine_into<bf16, bf16>)(Launcher(answer), y, answer, place, nullptr, weight);
  return y;
}

template <class T>
__global__ void __launch_bounds__(256) silu_mul_kernel(const T* gate, const T* up, int64_t count, T* h) {
  const int64_t i = (int64_t)blockIdx.x * 256 + threadIdx.x;
  if (i < count) h[i] = narrow<T>(silu(widen(gate[i])) * widen(up[i]));
}

// The same, eight or four at a time.
template <class T>
__global__ void __launch_bounds__(256) silu_mul_pieces(const T* gate, const T* up, int64_t count, T* h) {
  const int64_t i = ((int64_t)blockIdx.x * 256 + threadIdx.x) * IN_PIECE<T>;
  if (i >= count) return;
  float left[IN_PIECE<T>], right[IN_PIECE<T>];
  unpack<T>(piece_at(gate + i), left), unpack<T>(piece_at(up + i), right);
  struct alignas(16) {
    T value[IN_PIECE<T>];
  } out;
#pragma unroll
  for (int n = 0; n < IN_PIECE<T>; ++n) out.value[n] = narrow<T>(silu(left[n]) * right[n]);
  Piece piece;
  memcpy(&piece, &out, sizeof piece);
  *reinterpret_cast<Piece*>(h + i) = piece;
}

template <class T>
void silu_mul_into(const Tensor& h, const Tensor& gate, const Tensor& up) {
  const int64_t count = gate.numel();
  const Launcher launch(gate);
  const T *const g = read<T>(gate), *const u = read<T>(up);
  T* const out = write<T>(h);
  if (in_pieces({g, u, out}, count, sizeof(T)))
    launch(silu_mul_pieces<T>, (unsigned)parts(count, 256 * IN_PIECE<T>), 256, g, u, count, out);
  else
    launch(silu_mul_kernel<T>, (unsigned)parts(count, 256), 256, g, u, count, out);
}

Tensor silu_mul(const Tensor& gate, const Tensor& up) {
  expect_numbers(gate);
  expect(gate, "gate", gate.scalar_type(), {-1, -1}, gate);
  expect(up, "up", gate.scalar_type(), {gate.size(0), gate.size(1)}, gate);
  const Tensor h = fresh({gate.size(0), gate.size(1)}, gate.scalar_type(), gate);
  (gate.scalar_type() == ScalarType::Float ? silu_mul_into<float> : silu_mul_into<bf16>)(h, gate, up);
  return h;
}

template <class T>
void linears_into(const Launcher& launch, const Tensor& y, const Tensor& x, const Tensors& weights) {
  Product p{};
  p.x = read<T>(x), p.tokens = x.size(0), p.width = x.size(1), p.stride = y.size(1), p.out = write<T>(y);
  int64_t column = 0;
  for (size_t from = 0; from < weights.size(); from += MAX_EXPERTS) {
    const int count = (int)(weights.size() - from < MAX_EXPERTS ? weights.size() - from : MAX_EXPERTS);
    for (int w = 0; w < count; ++w) {
      p.first[w] = read<T>(weights[from + w]), p.second[w] = nullptr;
      p.height[w] = weights[from + w].size(0), p.column[w] = column;
      column += p.height[w];
    }
    multiply<false, T, T>(launch, p, count, p.tokens);
  }
}

Tensor linears(const Tensor& x, const Tensors& weights) {
  expect_numbers(x);
  expect(x, "x", x.scalar_type(), {-1, -1}, x);
  int64_t all = 0;
  for (const Tensor& weight : weights) {
    expect(weight, "a weight", x.scalar_type(), {-1, x.size(1)}, x);
    all += weight.size(0);
  }
  const Tensor y = fresh({x.size(0), all}, x.scalar_type(), x);
  (x.scalar_type() == ScalarType::Float ? linears_into<float> : linears_into<bf16>)(Launcher(x), y, x, weights);
  return y;
}

}  // namespace
}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, FLEXCORE_DEVICE, m) {
  m.impl("moe", TORCH_BOX(&flexcore::moe));
  m.impl("combine", TORCH_BOX(&flexcore::combine));
  m.impl("silu_mul", TORCH_BOX(&flexcore::silu_mul));
  m.impl("linears", TORCH_BOX(&flexcore::linears));
}
