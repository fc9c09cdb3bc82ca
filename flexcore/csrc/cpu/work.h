// What the operations on the processor share: how work is spread over torch's own threads, and which loops do it.

#pragma once

#if defined(__SANITIZE_THREAD__)
#include <atomic>
#endif
#include <algorithm>

#include "../tensors.h"
#include "kernels.h"

namespace flexcore {
namespace {

constexpr int64_t GRAIN = 1 << 15;  // multiplications that are worth waking a thread for

inline int64_t grain(int64_t work_each) { return std::max<int64_t>(1, GRAIN / std::max<int64_t>(1, work_each)); }

// Stretches of [0, count) for torch's own threads. The thread sanitizer does not know that all of them begin after the
// caller and end before it goes on; there it is told by what it knows.
template <class F>
void spread(int64_t count, int64_t each, const F& work) {
#if defined(__SANITIZE_THREAD__)
  static std::atomic<const F*> given;
  static std::atomic<int> done;
  given.store(&work, std::memory_order_release);
  torch::stable::parallel_for(0, count, each, [](int64_t from, int64_t to) {
    (*given.load(std::memory_order_acquire))(from, to);
    done.fetch_add(1, std::memory_order_release);
  });
  done.load(std::memory_order_acquire);
#else
  torch::stable::parallel_for(0, count, each, work);
#endif
}

template <class T>
const Loops<T>& loops();
template <>
const Loops<float>& loops<float>() { return kernels().f32; }
template <>
const Loops<bf16>& loops<bf16>() { return kernels().b16; }

template <class T>
const T* read(const Tensor& tensor) { return static_cast<const T*>(tensor.const_data_ptr()); }
template <class T>
T* write(const Tensor& tensor) { return static_cast<T*>(tensor.mutable_data_ptr()); }

template <class F>
auto by_type(const Tensor& x, F&& f) {
  expect_numbers(x);
  return x.scalar_type() == ScalarType::Float ? f(float{}) : f(bf16{});
}

}  // namespace
}  // namespace flexcore
