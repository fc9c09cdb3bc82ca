// How the GPU's operations start: on torch's own stream, on the device of their tensors, without ever waiting for it.
// What they need of torch's GPU part is looked up when it is first used, so that the library loads without one.

#pragma once

#ifndef FLEXCORE_PRETEND
#include <cuda_runtime.h>
#include <dlfcn.h>
#include <torch/csrc/stable/accelerator.h>
#endif

#include "../expect.h"
#include "../route.h"
#include "../tensors.h"

namespace flexcore {

constexpr int WARP = 32;

inline int64_t parts(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

template <class T>
const T* read(const Tensor& tensor) { return static_cast<const T*>(tensor.const_data_ptr()); }
template <class T>
T* write(const Tensor& tensor) { return static_cast<T*>(tensor.mutable_data_ptr()); }

// Whether rows of `width` numbers can be read sixteen bytes at a time.
inline bool in_pieces(std::initializer_list<const void*> addresses, int64_t width, int64_t size) {
  bool fits = width * size % 16 == 0;
  for (const void* address : addresses) fits = fits && reinterpret_cast<uintptr_t>(address) % 16 == 0;
  return fits;
}

#ifndef FLEXCORE_PRETEND

// One operation's launches.
class Launcher {
 public:
  explicit Launcher(const Tensor& x) : device_(x.get_device_index()) {
    using Ask = AOTITorchError (*)(int32_t, void**);
    static const Ask ask = reinterpret_cast<Ask>(find("aoti_torch_get_current_cuda_stream"));
    STD_TORCH_CHECK(ask, "flexcore: this torch does not say which CUDA stream is current; install torch 2.10 or newer");
    STD_TORCH_CHECK(ask(x.get_device_index(), &stream_) == 0, "flexcore: torch did not say which CUDA stream is current");
  }

  template <class... Wanted, class... Given>
  void operator()(void (*kernel)(Wanted...), dim3 blocks, int threads, Given... given) const {
    if (!blocks.x || !blocks.y || !blocks.z) return;
    kernel<<<blocks, threads, 0, static_cast<cudaStream_t>(stream_)>>>(static_cast<Wanted>(given)...);
    const cudaError_t fault = cudaGetLastError();
    STD_TORCH_CHECK(fault == cudaSuccess, "flexcore: a kernel did not start: ", cudaGetErrorString(fault));
  }

 private:
  // Python loads torch's libraries for itself alone; one that is already there is found by its name.
  static void* find(const char* name) {
    if (void* found = dlsym(RTLD_DEFAULT, name)) return found;
    void* const torch_cuda = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
    return torch_cuda ? dlsym(torch_cuda, name) : nullptr;
  }

  torch::stable::accelerator::DeviceGuard device_;
  void* stream_ = nullptr;
};

#define FLEXCORE_DEVICE CUDA

#else  // a test runs the kernels on the processor

FLEXCORE_PRETEND_LAUNCHER

#endif

}  // namespace flexcore
