// Routing and the experts on the processor, and products with a weight. Closed experts are never looked at.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "../expect.h"
#include "../route.h"
#include "work.h"

namespace flexcore {
namespace {

// -------------------------------------------------------------------------------------------------------------- routing

struct Choices {
  int64_t tokens, experts, top_k;
  std::vector<float> logit, weight;          // TA, TK
  std::vector<int32_t> position, place;      // TK, TK
  std::vector<int32_t> order, count, begin;  // N, A, A + 1
};

template <class T>
float stored(float value) {
  T held;
  loops<T>().narrow(&value, 1, &held);
  float back;
  loops<T>().widen(&held, 1, &back);
  return back;
}

template <class T>
Choices choose(
    const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k, const MaybeTensor& mask,
    const MaybeTensor& slot) {
  Choices c;
  const int64_t width = x.size(1);
  c.tokens = x.size(0), c.experts = (int64_t)rows.size(), c.top_k = top_k;
  c.logit.resize(c.tokens * c.experts);
  c.weight.resize(c.tokens * top_k), c.position.resize(c.tokens * top_k), c.place.resize(c.tokens * top_k);
  c.order.resize(c.tokens * top_k), c.count.assign(c.experts, 0), c.begin.assign(c.experts + 1, 0);

  std::vector<const T*> row(c.experts);
  std::vector<float> bias(c.experts);
  for (int64_t e = 0; e < c.experts; ++e) {
    row[e] = read<T>(rows[e]);
    loops<T>().widen(read<T>(biases[e]), 1, &bias[e]);
    if (bias[e] > 0.0f) bias[e] = 0.0f;  // a bias only ever holds an expert back
  }
  const int32_t* masks = mask ? read<int32_t>(*mask) : nullptr;
  const int32_t* slots = slot ? read<int32_t>(*slot) : nullptr;
  const int64_t requests = mask ? mask->size(0) : 0;
  const unsigned everyone = c.experts == 32 ? ~0u : (1u << c.experts) - 1;
  for (int64_t t = 0; slots && t < c.tokens; ++t)
    STD_TORCH_CHECK(slots[t] >= 0 && slots[t] < requests, "flexcore: token ", t, " names slot ", slots[t], " of ", requests);

  spread(c.tokens, grain(c.experts * width), [&](int64_t from, int64_t to) {
    for (int64_t t = from; t < to; ++t) {
      const unsigned open = everyone & (masks ? (unsigned)masks[slots ? slots[t] : t] : ~0u);
      const T* token = read<T>(x) + t * width;
      float logit[MAX_EXPERTS];
      for (int64_t e = 0; e < c.experts; ++e) {
        logit[e] = -INFINITY;
        if (open >> e & 1u) {
          loops<T>().dots(&token, 1, row[e], 1, width, &logit[e], 1);
          logit[e] = stored<T>(logit[e]) + bias[e];
        }
        c.logit[t * c.experts + e] = logit[e];
      }
      choose_experts(logit, (int)c.experts, open, (int)top_k, &c.weight[t * top_k], &c.position[t * top_k]);
    }
  });

  for (const int32_t position : c.position)
    if (position < c.experts) ++c.count[position];
  for (int64_t e = 0; e < c.experts; ++e) c.begin[e + 1] = c.begin[e] + c.count[e];
  std::vector<int32_t> next(c.begin);
  for (int64_t n = 0; n < (int64_t)c.position.size(); ++n) {
    c.place[n] = next[c.position[n]]++;
    c.order[c.place[n]] = (int32_t)n;
  }
  return c;
}

template <class V>
Tensor tensor_of(const std::vector<V>& values, std::initializer_list<int64_t> shape, ScalarType type, const Tensor& x) {
  Tensor tensor = fresh(shape, type, x);
  if (!values.empty()) std::memcpy(tensor.mutable_data_ptr(), values.data(), values.size() * sizeof(V));
  return tensor;
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> route(
    const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k, const MaybeTensor& mask,
    const MaybeTensor& slot) {
  return by_type(x, [&](auto type) {
    using T = decltype(type);
    expect_routable(x, rows, biases, top_k, mask, slot);
    const Choices c = choose<T>(x, rows, biases, top_k, mask, slot);
    Tensor weight = fresh({c.tokens, top_k}, x.scalar_type(), x);
    loops<T>().narrow(c.weight.data(), c.tokens * top_k, write<T>(weight));
    return std::make_tuple(
        weight, tensor_of(c.position, {c.tokens, top_k}, ScalarType::Int, x),
        tensor_of(c.logit, {c.tokens, c.experts}, ScalarType::Float, x),
        tensor_of(c.order, {c.tokens * top_k}, ScalarType::Int, x),
        tensor_of(c.place, {c.tokens, top_k}, ScalarType::Int, x), tensor_of(c.count, {c.experts}, ScalarType::Int, x));
  });
}

// -------------------------------------------------------------------------------------------------------------- experts

template <class T>
struct Asked {
  const T *gate, *up, *down;
  int64_t first, rows;  // of the routed tokens
};

std::tuple<Tensor, Tensor> moe(
    const Tensor& x, const Tensors& rows, const Tensors& biases, const Tensors& gates, const Tensors& ups,
    const Tensors& downs, int64_t top_k, const MaybeTensor& mask, const MaybeTensor& slot) {
  return by_type(x, [&](auto type) {
    using T = decltype(type);
    expect_routable(x, rows, biases, top_k, mask, slot);
    const int64_t tokens = x.size(0), width = x.size(1), inner = expect_experts(x, rows.size(), gates, ups, downs);
    const Choices c = choose<T>(x, rows, biases, top_k, mask, slot);
    const int64_t routed = c.begin[c.experts];

    std::vector<Asked<T>> asked;
    for (int64_t e = 0; e < c.experts; ++e)
      if (c.count[e])
        asked.push_back({read<T>(gates[e]), read<T>(ups[e]), read<T>(downs[e]), c.begin[e], c.count[e]});
    std::vector<T> hidden(routed * inner);
    std::vector<float> answer(tokens * width, 0.0f), weight(routed);
    std::vector<const T*> shown_to(routed), hidden_of(routed);
    std::vector<float*> answer_of(routed);
    for (int64_t n = 0; n < routed; ++n) {
      const int64_t token = c.order[n] / top_k;
      shown_to[n] = read<T>(x) + token * width;
      hidden_of[n] = hidden.data() + n * inner;
      answer_of[n] = answer.data() + token * width;
      weight[n] = stored<T>(c.weight[c.order[n]]);
    }

    // Each thread takes a stretch of all the weights that are read, and so an equal share of the reading.
    const int64_t each = grain(2 * width);
    spread((int64_t)asked.size() * inner, each, [&](int64_t from, int64_t to) {
      while (from < to) {
        const Asked<T>& a = asked[from / inner];
        const int64_t i = from % inner, count = std::min(to - from, inner - i);
        loops<T>().gate_up(
            shown_to.data() + a.first, a.rows, a.gate + i * width, a.up + i * width, count, width,
            hidden.data() + a.first * inner + i, inner);
        from += count;
      }
    });
    // Here a thread takes columns of the answer, from every expert: nobody else adds to them.
    spread(width, grain((int64_t)asked.size() * inner), [&](int64_t from, int64_t to) {
      std::vector<float*> columns(routed);
      for (int64_t n = 0; n < routed; ++n) columns[n] = answer_of[n] + from;
      for (const Asked<T>& a : asked)
        loops<T>().down(
            hidden_of.data() + a.first, a.rows, a.down + from * inner, to - from, inner, weight.data() + a.first,
            columns.data() + a.first);
    });

    Tensor y = fresh({tokens, width}, x.scalar_type(), x);
    loops<T>().narrow(answer.data(), tokens * width, write<T>(y));
    return std::make_tuple(y, tensor_of(c.logit, {tokens, c.experts}, ScalarType::Float, x));
  });
}

Tensor combine(const Tensor& answer, const Tensor& place, const Tensor& weight) {
  return by_type(answer, [&](auto type) {
    using T = decltype(type);
    expect(answer, "answer", answer.scalar_type(), {-1, -1}, answer);
    expect(place, "place", ScalarType::Int, {-1, -1}, answer);
    expect(weight, "weight", answer.scalar_type(), {place.size(0), place.size(1)}, answer);
    const int64_t tokens = place.size(0), top_k = place.size(1), width = answer.size(1), answers = answer.size(0);
    const int32_t* places = read<int32_t>(place);
    Tensor y = fresh({tokens, width}, answer.scalar_type(), answer);
    spread(tokens, grain(top_k * width), [&](int64_t from, int64_t to) {
      std::vector<const T*> answers_of(top_k);
      std::vector<T> weights(top_k);
      for (int64_t t = from; t < to; ++t) {
        int64_t found = 0;
        for (int64_t k = 0; k < top_k; ++k) {
          const int64_t n = places[t * top_k + k];
          if (n < 0 || n >= answers) continue;  // nobody answered this choice
          answers_of[found] = read<T>(answer) + n * width;
          weights[found++] = read<T>(weight)[t * top_k + k];
        }
        loops<T>().combine(answers_of.data(), weights.data(), found, width, write<T>(y) + t * width);
      }
    });
    return y;
  });
}

Tensor silu_mul(const Tensor& gate, const Tensor& up) {
  return by_type(gate, [&](auto type) {
    using T = decltype(type);
    expect(gate, "gate", gate.scalar_type(), {-1, -1}, gate);
    expect(up, "up", gate.scalar_type(), {gate.size(0), gate.size(1)}, gate);
    Tensor h = fresh({gate.size(0), gate.size(1)}, gate.scalar_type(), gate);
    spread(gate.numel(), GRAIN, [&](int64_t from, int64_t to) {
      loops<T>().silu_mul(read<T>(gate) + from, read<T>(up) + from, to - from, write<T>(h) + from);
    });
    return h;
  });
}

template <class T>
std::vector<const T*> rows_of(const T* first, int64_t count, int64_t width) {
  std::vector<const T*> rows(count);
  for (int64_t i = 0; i < count; ++i) rows[i] = first + i * width;
  return rows;
}

Tensor linears(const Tensor& x, const Tensors& weights) {
  return by_type(x, [&](auto type) {
    using T = decltype(type);
    expect(x, "x", x.scalar_type(), {-1, -1}, x);
    const int64_t tokens = x.size(0), width = x.size(1);
    std::vector<int64_t> begin{0};
    for (const Tensor& weight : weights) {
      expect(weight, "a weight", x.scalar_type(), {-1, width}, x);
      begin.push_back(begin.back() + weight.size(0));
    }
    const int64_t all = begin.back();
    Tensor y = fresh({tokens, all}, x.scalar_type(), x);
    const auto shown = rows_of(read<T>(x), tokens, width);
    spread(all, grain(width), [&](int64_t from, int64_t to) {
      std::vector<float> product(tokens * (to - from));
      for (size_t w = 0; w < weights.size(); ++w) {
        const int64_t low = std::max(from, begin[w]), high = std::min(to, begin[w + 1]);
        if (low < high)
          loops<T>().dots(
              shown.data(), tokens, read<T>(weights[w]) + (low - begin[w]) * width, high - low, width,
              product.data() + (low - from), to - from);
      }
      for (int64_t t = 0; t < tokens; ++t)
        loops<T>().narrow(product.data() + t * (to - from), to - from, write<T>(y) + t * all + from);
    });
    return y;
  });
}

}  // namespace
}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, CPU, m) {
  m.impl("route", TORCH_BOX(&flexcore::route));
  m.impl("moe", TORCH_BOX(&flexcore::moe));
  m.impl("combine", TORCH_BOX(&flexcore::combine));
  m.impl("silu_mul", TORCH_BOX(&flexcore::silu_mul));
  m.impl("linears", TORCH_BOX(&flexcore::linears));
}
