// What the GPU's operations have from each other.

#pragma once

#include "launch.h"

namespace flexcore {

// What `route` gives, and begin[e], the first place of an expert; begin[A] ends the last one's.
struct Routed {
  Tensor weight_TK, position_TK, logit_TA, order_N, place_TK, count_A, begin;
};

// Its tensors have been looked at.
Routed choose(
    const Launcher& launch, const Tensor& x, const Tensors& rows, const Tensors& biases, int64_t top_k,
    const MaybeTensor& mask, const MaybeTensor& slot);

}  // namespace flexcore
