// What the operations that route ask of their tensors; the host never looks into a tensor for it.

#pragma once

#include "route.h"
#include "tensors.h"

namespace flexcore {

inline void expect_routable(
    const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k, const MaybeTensor& mask,
    const MaybeTensor& slot) {
  const int64_t experts = (int64_t)rows.size();
  expect_numbers(x);
  expect(x, "x", x.scalar_type(), {-1, -1}, x);
  STD_TORCH_CHECK(
      experts >= 1 && experts <= MAX_EXPERTS, "flexcore: 1 to ", MAX_EXPERTS, " experts can be asked at once, not ", experts);
  STD_TORCH_CHECK(top_k >= 1 && top_k <= experts, "flexcore: a token cannot ask ", top_k, " of ", experts, " experts");
  STD_TORCH_CHECK((int64_t)biases.size() == experts, "flexcore: there must be as many biases as rows");
  for (const Tensor& row : rows) expect(row, "a router row", x.scalar_type(), {x.size(1)}, x);
  for (const Tensor& bias : biases) expect(bias, "a router bias", x.scalar_type(), {}, x);
  if (mask) expect(*mask, "mask", ScalarType::Int, {slot ? -1 : x.size(0)}, x);
  if (slot) expect(*slot, "slot", ScalarType::Int, {x.size(0)}, x);
  STD_TORCH_CHECK(mask || !slot, "flexcore: slots without masks say nothing");
}

// -> an expert's inner width
inline int64_t expect_experts(
    const Tensor& x, size_t shown, const Tensors& gates, const Tensors& ups, const Tensors& downs) {
  STD_TORCH_CHECK(
      gates.size() == shown && ups.size() == shown && downs.size() == shown,
      "flexcore: every expert needs a row, a gate, an up and a down projection");
  const int64_t width = x.size(1), inner = gates[0].size(0);
  for (size_t e = 0; e < shown; ++e) {
    expect(gates[e], "a gate projection", x.scalar_type(), {inner, width}, x);
    expect(ups[e], "an up projection", x.scalar_type(), {inner, width}, x);
    expect(downs[e], "a down projection", x.scalar_type(), {width, inner}, x);
  }
  return inner;
}

}  // namespace flexcore
