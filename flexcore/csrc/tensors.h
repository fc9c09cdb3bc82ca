// What every operation asks of its tensors before it touches them. Both the processor's and the GPU's operations do.

#pragma once

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

#include <initializer_list>
#include <optional>
#include <tuple>
#include <vector>

namespace flexcore {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;
using Tensors = std::vector<Tensor>;
using MaybeTensor = std::optional<Tensor>;

// A dimension of -1 may have any size.
inline void expect(
    const Tensor& tensor, const char* name, ScalarType type, std::initializer_list<int64_t> shape, const Tensor& beside) {
  STD_TORCH_CHECK(tensor.scalar_type() == type, "flexcore: ", name, " has another dtype than is wanted here");
  STD_TORCH_CHECK(tensor.is_contiguous(), "flexcore: ", name, " is not contiguous");
  STD_TORCH_CHECK(
      tensor.device() == beside.device(), "flexcore: ", name, " lies on another device than the tensors beside it");
  STD_TORCH_CHECK(
      tensor.dim() == (int64_t)shape.size(), "flexcore: ", name, " has ", tensor.dim(), " dimensions, not ", shape.size());
  int64_t i = 0;
  for (const int64_t size : shape) {
    STD_TORCH_CHECK(
        size < 0 || tensor.size(i) == size, "flexcore: ", name, " has size ", tensor.size(i), " in dimension ", i, ", not ",
        size);
    ++i;
  }
}

inline void expect_numbers(const Tensor& x) {
  STD_TORCH_CHECK(
      x.scalar_type() == ScalarType::Float || x.scalar_type() == ScalarType::BFloat16,
      "flexcore: numbers are float32 or bfloat16 here");
}

inline Tensor fresh(std::initializer_list<int64_t> shape, ScalarType type, const Tensor& beside) {
  const std::vector<int64_t> size(shape);
  return torch::stable::empty(size, type, std::nullopt, beside.device());
}

}  // namespace flexcore
