// Compiled once for each kind of processor, with -DFLEXCORE_ISA=<its name>: the loops of products.h and attention.h, and
// here those that go over a row. Nothing from the standard library comes in: a template of it, compiled here for a newer
// processor, could replace the one that an older processor needs.

#include "attention.h"
#include "kernels.h"
#include "products.h"
#include "vectors.h"

namespace flexcore {
namespace {

template <class T>
void silu_mul(const T* gate, const T* up, int64_t count, T* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, silu(load(gate + i)) * load(up + i));
  for (; i < count; ++i) put(out + i, silu(one(gate + i)) * one(up + i));
}

template <class T>
void norm_add(const T* residual, const T* x, const T* weight, int64_t width, float eps, T* out) {
  Vector squares{};
  float rest = 0.0f;
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) squares += load(x + i) * load(x + i);
  for (; i < width; ++i) rest += one(x + i) * one(x + i);
  const float scale = 1.0f / sqrtf((sum(squares) + rest) / (float)width + eps);
  for (i = 0; i + LANES <= width; i += LANES) {
    const Vector normed = load(weight + i) * (load(x + i) * scale);
    if (!residual) {
      store(out + i, normed);
      continue;
    }
    T held[LANES];  // the sum is made of what the norm alone would have given
    store(held, normed);
    store(out + i, load(residual + i) + load(held));
  }
  for (; i < width; ++i) {
    const float normed = rounded<T>(one(weight + i) * (one(x + i) * scale));
    put(out + i, residual ? one(residual + i) + normed : normed);
  }
}

template <class T>
void combine(const T* const* answer, const T* weight, int64_t chosen, int64_t width, T* out) {
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) {
    Vector total{};
    for (int64_t k = 0; k < chosen; ++k) total += load(answer[k] + i) * one(weight + k);
    store(out + i, total);
  }
  for (; i < width; ++i) {
    float total = 0.0f;
    for (int64_t k = 0; k < chosen; ++k) total += one(answer[k] + i) * one(weight + k);
    put(out + i, total);
  }
}

template <class T>
void widen(const T* x, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; ++i) out[i] = one(x + i);
}

template <class T>
void narrow(const float* x, int64_t count, T* out) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; ++i) put(out + i, x[i]);
}

template <class T>
constexpr Loops<T> loops() {
  return {dots<T>, gate_up<T>, down<T>, silu_mul<T>, norm_add<T>, rotate<T>, attend<T>, attend_text<T>, combine<T>, widen<T>, narrow<T>};
}

}  // namespace

#define FLEXCORE_TEXT_(name) #name
#define FLEXCORE_TEXT(name) FLEXCORE_TEXT_(name)
#define FLEXCORE_JOIN_(a, b) a##b
#define FLEXCORE_JOIN(a, b) FLEXCORE_JOIN_(a, b)

extern const Kernels FLEXCORE_JOIN(kernels_, FLEXCORE_ISA);
constexpr Kernels here{FLEXCORE_TEXT(FLEXCORE_ISA), text_room, loops<float>(), loops<bf16>()};
const Kernels FLEXCORE_JOIN(kernels_, FLEXCORE_ISA) = here;

}  // namespace flexcore
