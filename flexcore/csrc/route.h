// How one token chooses its experts. The processor and the GPU run this very code, so what the tests see on the one
// holds on the other.

#pragma once

#include <math.h>

#if defined(__CUDACC__)
#define FLEXCORE_BOTH __host__ __device__ __forceinline__
#else
#define FLEXCORE_BOTH inline
#endif

namespace {

constexpr int MAX_EXPERTS = 32;

// Softmax over the open experts in fp32, then the best `top_k` of them, the first of equals first. Not renormalised.
// `logit` holds `experts` numbers and is used up; what cannot be filled gets position `experts` and weight 0.
// A logit that is not a number makes every weight one, but no position wrong.
template <int MAX>
FLEXCORE_BOTH void choose_experts(
    float (&logit)[MAX], int experts, unsigned open, int top_k, float* weight, int* position) {
  float highest = -INFINITY;
  for (int e = 0; e < MAX; ++e)
    if (e < experts && (open >> e & 1u) && logit[e] > highest) highest = logit[e];
  float total = 0.0f;
  for (int e = 0; e < MAX; ++e)
    if (e < experts && (open >> e & 1u)) {
      logit[e] = expf(logit[e] - highest);
      total += logit[e];
    }
  unsigned left = open;
  for (int k = 0; k < top_k; ++k) {
    int best = experts;
    float most = 0.0f;
    for (int e = 0; e < MAX; ++e)
      if (e < experts && (left >> e & 1u) && (best == experts || logit[e] > most)) best = e, most = logit[e];
    weight[k] = best == experts ? 0.0f : most / total;
    position[k] = best;
    if (best != experts) left &= ~(1u << best);
  }
}

}  // namespace
