// Norms, and attention that remembers, on the processor.

#include <algorithm>
#include <cstring>
#include <vector>

#include "work.h"

namespace flexcore {
namespace {

Tensor norm_add(const Tensor& residual, const Tensor& x, const Tensor& weight, double eps) {
  return by_type(x, [&](auto type) {
    using T = decltype(type);
    expect(x, "x", x.scalar_type(), {-1, -1}, x);
    const int64_t tokens = x.size(0), width = x.size(1);
    expect(residual, "residual", x.scalar_type(), {tokens, width}, x);
    expect(weight, "weight", x.scalar_type(), {width}, x);
    Tensor y = fresh({tokens, width}, x.scalar_type(), x);
    spread(tokens, grain(width), [&](int64_t from, int64_t to) {
      for (int64_t t = from; t < to; ++t)
        loops<T>().norm_add(
            read<T>(residual) + t * width, read<T>(x) + t * width, read<T>(weight), width, (float)eps,
            write<T>(y) + t * width);
    });
    return y;
  });
}

void expect_places(const Tensor& row, const Tensor& position, int64_t tokens, int64_t rows, int64_t positions, const Tensor& x) {
  expect(row, "row", ScalarType::Int, {tokens}, x);
  expect(position, "position", ScalarType::Int, {tokens}, x);
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t r = read<int32_t>(row)[t], p = read<int32_t>(position)[t];
    STD_TORCH_CHECK(r >= 0 && r < rows, "flexcore: token ", t, " names row ", r, " of a cache of ", rows);
    STD_TORCH_CHECK(p >= 0 && p < positions, "flexcore: token ", t, " stands at ", p, ", and there is room for ", positions);
  }
}

Tensor turn(
    const Tensor& qkv, const Tensor& query_norm, const Tensor& key_norm, const Tensor& cos, const Tensor& sin,
    const Tensor& row, const Tensor& position, Tensor keys, Tensor values, double eps) {
  return by_type(qkv, [&](auto type) {
    using T = decltype(type);
    const ScalarType numbers = qkv.scalar_type();
    expect(keys, "keys", numbers, {-1, -1, -1, -1}, qkv);
    const int64_t rows = keys.size(0), groups = keys.size(1), positions = keys.size(2), channels = keys.size(3);
    expect(values, "values", numbers, {rows, groups, positions, channels}, qkv);
    const int64_t tokens = qkv.size(0), key_width = groups * channels, width = query_norm.size(0);
    expect(qkv, "qkv", numbers, {tokens, width + 2 * key_width}, qkv);
    expect(query_norm, "query_norm", numbers, {width}, qkv);
    expect(key_norm, "key_norm", numbers, {key_width}, qkv);
    expect(cos, "cos", ScalarType::Float, {-1, channels}, qkv);
    expect(sin, "sin", ScalarType::Float, {cos.size(0), channels}, qkv);
    STD_TORCH_CHECK(width % channels == 0, "flexcore: a width of ", width, " is not made of heads of ", channels);
    expect_places(row, position, tokens, rows, std::min(positions, cos.size(0)), qkv);
    const int64_t heads = width / channels, all = width + 2 * key_width;
    Tensor query = fresh({tokens, heads, channels}, numbers, qkv);
    T *const kept_keys = write<T>(keys), *const kept_values = write<T>(values);
    spread(tokens, grain(4 * all), [&](int64_t from, int64_t to) {
      std::vector<T> normed(std::max(width, key_width));
      for (int64_t t = from; t < to; ++t) {
        const T* own = read<T>(qkv) + t * all;
        const int64_t r = read<int32_t>(row)[t], p = read<int32_t>(position)[t];
        const float *turn_cos = read<float>(cos) + p * channels, *turn_sin = read<float>(sin) + p * channels;
        loops<T>().norm_add(nullptr, own, read<T>(query_norm), width, (float)eps, normed.data());
        for (int64_t h = 0; h < heads; ++h)
          loops<T>().rotate(
              normed.data() + h * channels, turn_cos, turn_sin, channels, write<T>(query) + (t * heads + h) * channels);
        loops<T>().norm_add(nullptr, own + width, read<T>(key_norm), key_width, (float)eps, normed.data());
        for (int64_t g = 0; g < groups; ++g) {
          const int64_t place = ((r * groups + g) * positions + p) * channels;
          loops<T>().rotate(normed.data() + g * channels, turn_cos, turn_sin, channels, kept_keys + place);
          std::memcpy(kept_values + place, own + width + key_width + g * channels, channels * sizeof(T));
        }
      }
    });
    return query;
  });
}

Tensor attend_step(
    const Tensor& query, const Tensor& keys, const Tensor& values, const Tensor& row, const Tensor& position) {
  return by_type(query, [&](auto type) {
    using T = decltype(type);
    const ScalarType numbers = query.scalar_type();
    expect(keys, "keys", numbers, {-1, -1, -1, -1}, query);
    const int64_t rows = keys.size(0), groups = keys.size(1), positions = keys.size(2), channels = keys.size(3);
    expect(values, "values", numbers, {rows, groups, positions, channels}, query);
    expect(query, "query", numbers, {-1, -1, channels}, query);
    const int64_t tokens = query.size(0), heads = query.size(1), share = heads / groups;
    STD_TORCH_CHECK(share * groups == heads, "flexcore: ", heads, " heads cannot share ", groups, " heads of keys");
    expect_places(row, position, tokens, rows, positions, query);
    Tensor x = fresh({tokens, heads * channels}, numbers, query);
    spread(tokens * heads, grain(2 * positions * channels), [&](int64_t from, int64_t to) {
      std::vector<float> score(positions);
      for (int64_t i = from; i < to; ++i) {
        const int64_t t = i / heads, h = i % heads, r = read<int32_t>(row)[t], seen = read<int32_t>(position)[t] + 1;
        const int64_t place = (r * groups + h / share) * positions * channels;
        loops<T>().attend(
            read<T>(query) + i * channels, read<T>(keys) + place, read<T>(values) + place, seen, channels, score.data(),
            write<T>(x) + i * channels);
      }
    });
    return x;
  });
}

// A head of a text at a time, with room of its own.
Tensor attend_texts(const Tensor& query, const Tensor& keys, const Tensor& values) {
  return by_type(query, [&](auto type) {
    using T = decltype(type);
    const ScalarType numbers = query.scalar_type();
    expect(keys, "keys", numbers, {-1, -1, -1, -1}, query);
    const int64_t texts = keys.size(0), groups = keys.size(1), room = keys.size(2), channels = keys.size(3);
    expect(values, "values", numbers, {texts, groups, room, channels}, query);
    expect(query, "query", numbers, {texts, -1, -1, channels}, query);
    const int64_t positions = query.size(1), heads = query.size(2), share = heads / groups, width = heads * channels;
    STD_TORCH_CHECK(share * groups == heads, "flexcore: ", heads, " heads cannot share ", groups, " heads of keys");
    STD_TORCH_CHECK(positions <= room, "flexcore: ", positions, " positions in a cache with room for ", room);
    Tensor x = fresh({texts, positions, width}, numbers, query);
    spread(texts * heads, 1, [&](int64_t from, int64_t to) {
      std::vector<float> memory(kernels().text_room(positions, channels));
      for (int64_t i = from; i < to; ++i) {
        const int64_t text = i / heads, h = i % heads, place = (text * groups + h / share) * room * channels;
        const int64_t begin = text * positions * width + h * channels;
        loops<T>().attend_text(
            read<T>(query) + begin, read<T>(keys) + place, read<T>(values) + place, positions, channels, width,
            memory.data(), write<T>(x) + begin);
      }
    });
    return x;
  });
}

}  // namespace
}  // namespace flexcore

STABLE_TORCH_LIBRARY_IMPL(flexcore, CPU, m) {
  m.impl("norm_add", TORCH_BOX(&flexcore::norm_add));
  m.impl("turn", TORCH_BOX(&flexcore::turn));
  m.impl("attend_step", TORCH_BOX(&flexcore::attend_step));
  m.impl("attend_texts", TORCH_BOX(&flexcore::attend_texts));
}
