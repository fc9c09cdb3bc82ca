// A GPU for tests where there is none: the very kernels of csrc/cuda, compiled for the processor. Each thread of a block is
// a fiber that runs until it has to wait for others, in an order that is drawn anew for every wait, so a missing
// __syncthreads shows; copies into shared memory arrive only when they are awaited, so a missing wait shows; a thread
// that leaves while others wait for it ends the process. What it cannot show: how fast anything is, and what only the
// real memory does. Comes before the source, with -include; the operations are registered for the processor.

#pragma once

#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __shared__ static
#define FLEXCORE_DEVICE CPU

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

namespace pretend {

constexpr size_t STACK = 128 << 10;

struct Copy {
  void* to;
  const void* from;
  bool copies;
};

struct Meeting {  // of a warp's or a block's threads
  int here = 0, turn = 0;
};

struct Thread {
  ucontext_t context;  // for the first time; then the cheaper jump, which asks the kernel nothing
  jmp_buf place;
  std::vector<char> stack;
  bool begun, done;
  std::vector<std::vector<Copy>> batches;
  std::vector<Copy> open;
};

struct Block {
  dim3 grid{1}, block{1}, blocks{1};
  std::vector<Thread> threads;
  std::vector<Meeting> warps;
  Meeting all;
  uint32_t word[32][64][8];  // what the lanes of each warp show each other
  int now = 0, size = 0, progress = 0;
  unsigned draw = 1;
  jmp_buf main;
  const void* body;
  void (*call)(const void*);
};

inline Block& block() {
  static Block it;
  return it;
}

inline void fail(const char* what) {
  fprintf(stderr, "pretend_cuda: %s (block %u %u, thread %d)\n", what, block().blocks.x, block().blocks.y, block().now);
  abort();
}

inline void wait_a_turn() {
  Block& b = block();
  if (!_setjmp(b.threads[b.now].place)) _longjmp(b.main, 1);
}

inline void meet(Meeting& m, int wanted) {
  Block& b = block();
  const int turn = m.turn;
  ++b.progress;
  if (++m.here == wanted) {
    m.here = 0;
    ++m.turn;
    return;
  }
  while (m.turn == turn) wait_a_turn();
}

inline int lane() { return block().now % 32; }
inline int warp() { return block().now / 32; }
inline void meet_warp() { meet(block().warps[warp()], 32); }

// What every lane of the warp says, in `out`; all have to come.
template <int WORDS>
inline void show(const uint32_t (&own)[WORDS], uint32_t (&out)[32][WORDS]) {
  Block& b = block();
  const int w = warp();
  for (int i = 0; i < WORDS; ++i) b.word[w][lane()][i] = own[i];
  meet_warp();
  for (int l = 0; l < 32; ++l)
    for (int i = 0; i < WORDS; ++i) out[l][i] = b.word[w][l][i];
  meet_warp();
}

// Until it has to wait, or is done.
inline void resume(int t) {
  Block& b = block();
  Thread& own = b.threads[t];
  b.now = t;
  if (_setjmp(b.main)) return;
  if (own.begun) _longjmp(own.place, 1);
  own.begun = true;
  setcontext(&own.context);
}

inline void enter() {
  Block& b = block();
  b.call(b.body);
  b.threads[b.now].done = true;
  ++b.progress;
  wait_a_turn();
}

template <class F>
void run(dim3 blocks, int threads, const F& body) {
  Block& b = block();
  if (threads % 32 || threads > 1024) fail("a block of no whole warps");
  b.grid = blocks, b.block = dim3(threads), b.size = threads;
  b.threads.resize(1024);
  b.body = &body, b.call = [](const void* f) { (*static_cast<const F*>(f))(); };
  for (unsigned z = 0; z < blocks.z; ++z)
    for (unsigned y = 0; y < blocks.y; ++y)
      for (unsigned x = 0; x < blocks.x; ++x) {
        b.blocks = dim3(x, y, z), b.all = {}, b.warps.assign(32, {});
        for (int t = 0; t < threads; ++t) {
          Thread& own = b.threads[t];
          own.begun = own.done = false, own.batches.clear(), own.open.clear();
          if (own.stack.empty()) own.stack.resize(STACK);
          getcontext(&own.context);
          own.context.uc_stack.ss_sp = own.stack.data(), own.context.uc_stack.ss_size = STACK;
          own.context.uc_link = nullptr;
          makecontext(&own.context, enter, 0);
        }
        for (int left = threads; left;) {
          const int before = b.progress;
          b.draw = b.draw * 1664525u + 1013904223u;
          const int first = (b.draw >> 8) % threads, step = (b.draw >> 20) % 2 ? 1 : threads - 1;
          for (int i = 0, t = first; i < threads; ++i, t = (t + step) % threads)
            if (!b.threads[t].done) {
              resume(t);
              left -= b.threads[t].done;
            }
          if (left && b.progress == before) fail("threads wait for each other for ever");
        }
        if (b.all.here) fail("a thread has left while others wait for it");
      }
}

struct Index {
  int of;
  struct Axis {
    int of, axis;
    operator unsigned() const {
      const Block& b = block();
      if (of == 0) return axis ? 0 : (unsigned)b.now;
      const dim3& d = of == 1 ? b.blocks : of == 2 ? b.block : b.grid;
      return axis == 0 ? d.x : axis == 1 ? d.y : d.z;
    }
  } x, y, z;
  explicit Index(int of) : of(of), x{of, 0}, y{of, 1}, z{of, 2} {}
};

}  // namespace pretend

static const pretend::Index threadIdx(0), blockIdx(1), blockDim(2), gridDim(3);

inline void __syncthreads() { pretend::meet(pretend::block().all, pretend::block().size); }
inline void __syncwarp() { pretend::meet_warp(); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

inline float __shfl_xor_sync(unsigned, float value, int step) {
  uint32_t own[1], all[32][1];
  memcpy(own, &value, 4);
  pretend::show(own, all);
  float other;
  memcpy(&other, all[pretend::lane() ^ step], 4);
  return other;
}

inline unsigned __match_any_sync(unsigned, int value) {
  const uint32_t own[1] = {(uint32_t)value};
  uint32_t all[32][1];
  pretend::show(own, all);
  unsigned same = 0;
  for (int l = 0; l < 32; ++l) same |= (unsigned)(all[l][0] == (uint32_t)value) << l;
  return same;
}

namespace flexcore {

inline float half_of(uint32_t word, int which) {
  const uint32_t bits = which ? word & 0xffff0000u : word << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

// By the table of the PTX manual: which thread holds which numbers.
inline void multiply_add(
    float (&sum)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
  const uint32_t own[6] = {a0, a1, a2, a3, b0, b1};
  uint32_t all[32][6];
  pretend::show(own, all);
  const int g = pretend::lane() / 4, c = pretend::lane() % 4;
  for (int i = 0; i < 4; ++i) {
    const int row = g + 8 * (i / 2), column = 2 * c + i % 2;
    for (int k = 0; k < 16; ++k) {
      const int holder = k % 8 / 2, later = k / 8;
      const float a = half_of(all[row % 8 * 4 + holder][row / 8 + 2 * later], k % 2);
      const float b = half_of(all[column * 4 + holder][4 + later], k % 2);
      sum[i] += a * b;
    }
  }
}

inline void copy_later(void* to, const void* from, bool copies) {
  pretend::Block& b = pretend::block();
  b.threads[b.now].open.push_back({to, from, copies});
}

inline void close_batch() {
  pretend::Block& b = pretend::block();
  pretend::Thread& own = b.threads[b.now];
  own.batches.push_back(own.open);
  own.open.clear();
}

template <int LEFT>
inline void await_batches() {
  pretend::Block& b = pretend::block();
  auto& batches = b.threads[b.now].batches;
  while ((int)batches.size() > LEFT) {
    for (const pretend::Copy& copy : batches.front())
      copy.copies ? (void)memcpy(copy.to, copy.from, 16) : (void)memset(copy.to, 0, 16);
    batches.erase(batches.begin());
  }
}

}  // namespace flexcore

#define FLEXCORE_PRETEND_LAUNCHER                                                                        \
  class Launcher {                                                                                       \
   public:                                                                                               \
    explicit Launcher(const Tensor&) {}                                                                  \
    template <class... Wanted, class... Given>                                                           \
    void operator()(void (*kernel)(Wanted...), dim3 blocks, int threads, Given... given) const {         \
      if (!blocks.x || !blocks.y || !blocks.z) return;                                                   \
      pretend::run(blocks, threads, [&] { kernel(static_cast<Wanted>(given)...); });                     \
    }                                                                                                    \
  };
