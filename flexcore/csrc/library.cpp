// The operations' names and shapes; cpu/ and cuda/ register what they do. What each means is flexcore/ops/<name>.py.
//
// T tokens, D width, F an expert's inner width, A experts shown to a call (at most 32), K experts a token, N = T*K
// routed tokens, R rows of a cache, H heads, G heads of keys and values, C channels a head, P positions.
//
// A mask has a bit for each expert shown, in the order shown; a token reads the mask of its slot (its own, without
// slots). A closed expert's weights are not read. Where fewer are open than K, what is left over has position A and
// weight 0.

#include <torch/csrc/stable/library.h>

STABLE_TORCH_LIBRARY(flexcore, m) {
  // -> weight_TK (as x), position_TK int32, logit_TA float32, order_N int32 (places in the order of their experts, the
  //    left over last; token = order / K), place_TK int32 (where a choice went), count_A int32
  m.def(
      "route(Tensor x_TD, Tensor[] row_D, Tensor[] bias, int top_k, Tensor? mask, Tensor? slot_T)"
      " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)");
  // For few tokens: routing, the experts' answers and their sum in one call -> y_TD (as x), logit_TA float32
  m.def(
      "moe(Tensor x_TD, Tensor[] row_D, Tensor[] bias, Tensor[] gate_FD, Tensor[] up_FD, Tensor[] down_DF, int top_k,"
      " Tensor? mask, Tensor? slot_T) -> (Tensor, Tensor)");
  m.def("combine(Tensor answer_ND, Tensor place_TK, Tensor weight_TK) -> Tensor");
  m.def("silu_mul(Tensor gate_NF, Tensor up_NF) -> Tensor");
  // For few tokens: x times each weight, side by side
  m.def("linears(Tensor x_TD, Tensor[] weight) -> Tensor");
  m.def("norm_add(Tensor residual_TD, Tensor x_TD, Tensor weight_D, float eps) -> Tensor");
  // From query, key and value side by side: norms the first two, turns them by their positions, puts key and value
  // into the caches keys_RGPC and values_RGPC -> query_THC
  m.def(
      "turn(Tensor qkv, Tensor query_norm, Tensor key_norm, Tensor cos_PC, Tensor sin_PC, Tensor row_T,"
      " Tensor position_T, Tensor(a!) keys_RGPC, Tensor(b!) values_RGPC, float eps) -> Tensor");
  // Each token looks at its row of the cache, up to and with its own position -> x_TD
  m.def(
      "attend_step(Tensor query_THC, Tensor keys_RGPC, Tensor values_RGPC, Tensor row_T, Tensor position_T) -> Tensor");
  // Whole texts, each in the front of its row of the cache: every token looks at its text up to itself -> x_RSD.
  // On the processor only; a GPU has PyTorch's own
  m.def("attend_texts(Tensor query_RSHC, Tensor keys_RGPC, Tensor values_RGPC) -> Tensor");
  m.def("isa() -> str");
}
