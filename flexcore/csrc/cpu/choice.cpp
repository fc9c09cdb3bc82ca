// Which of the loops run here: the best that this processor takes, or what FLEXCORE_ISA names among them.

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "../tensors.h"
#include "kernels.h"

namespace flexcore {
namespace {

std::vector<const Kernels*> runnable() {
  std::vector<const Kernels*> found;
#ifdef FLEXCORE_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx512 && __builtin_cpu_supports("avx512bf16")) found.push_back(&kernels_avx512_bf16);
  if (avx512) found.push_back(&kernels_avx512);
  if (avx2) found.push_back(&kernels_avx2);
#endif
  found.push_back(&kernels_generic);
  return found;
}

const Kernels& choose() {
  const char* named = std::getenv("FLEXCORE_ISA");
  const std::string wanted = named ? named : "";
  std::string names;
  for (const Kernels* candidate : runnable()) {
    if (wanted.empty() || wanted == candidate->isa) return *candidate;
    names += (names.empty() ? "" : ", ") + std::string(candidate->isa);
  }
  // Not torch's own check, which would put a place in this file before the sentence: whoever set it is to read it.
  throw std::runtime_error(
      "FLEXCORE_ISA is '" + wanted + "'; set it to one that this processor runs (" + names + "), or leave it out.");
}

std::string isa() { return kernels().isa; }

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, CompositeExplicitAutograd, m) { m.impl("isa", TORCH_BOX(&flexcore::isa)); }
