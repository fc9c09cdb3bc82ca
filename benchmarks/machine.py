"""What the machine itself can do: how fast it multiplies, and how fast it reads what no cache holds."""

import ctypes
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F

from benchmarks.timing import medians

READ = r"""
#include <stddef.h>
#include <pthread.h>
typedef float lanes __attribute__((vector_size(64)));
typedef struct { const char *from; size_t bytes; float sum; } part;
static void *read_part(void *given) {  /* four streams, which is faster than one */
  part *p = given;
  size_t quarter = p->bytes / sizeof(lanes) / 4;
  const lanes *v = (const lanes *)p->from;
  lanes a = {0}, b = {0}, c = {0}, d = {0};
  for (size_t i = 0; i < quarter; i++)
    a += v[i], b += v[i + quarter], c += v[i + 2 * quarter], d += v[i + 3 * quarter];
  a += b + c + d;
  p->sum = a[0];
  return 0;
}
float read_all(const char *from, size_t bytes, int threads) {
  pthread_t thread[64]; part parts[64]; float sum = 0;
  size_t each = bytes / threads & ~(size_t)4095;
  for (int i = 0; i < threads; i++) {
    parts[i] = (part){from + i * each, each, 0};
    pthread_create(&thread[i], 0, read_part, &parts[i]);
  }
  for (int i = 0; i < threads; i++) { pthread_join(thread[i], 0); sum += parts[i].sum; }
  return sum;
}
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """GFLOP/s of the best product there is, by dtype, and GB/s of plain reading, both with this many threads."""

    threads: int
    gflops: dict[torch.dtype, float]
    read_gbs: float


def processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def limits(threads: int) -> Limits:
    return Limits(threads, {dtype: _multiply(dtype) for dtype in (torch.float32, torch.bfloat16)}, _read(threads))


def _multiply(dtype: torch.dtype) -> float:
    best = 0.0
    for rows, inner, columns in ((1024, 1024, 1024), (512, 512, 2752), (2048, 1024, 4096)):
        x, weight = torch.ones(rows, inner, dtype=dtype), torch.ones(columns, inner, dtype=dtype)
        works = {"mkl": lambda x=x, weight=weight: F.linear(x, weight)}
        if dtype == torch.float32:
            works["onednn"] = lambda x=x, weight=weight: torch.ops.mkldnn._linear_pointwise(
                x, weight, None, "none", [], ""
            )
        best = max(best, 2 * rows * inner * columns / min(medians(works, rounds=3).values()) / 1e9)
    return best


def _read(threads: int) -> float:
    memory = torch.ones(1 << 27)  # half a gigabyte
    with TemporaryDirectory() as folder:
        source, library = Path(folder, "read.c"), Path(folder, "read.so")
        source.write_text(READ)
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-pthread", "-Wno-psabi"]
        compiler = shutil.which("cc") or "cc"
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
        read = ctypes.CDLL(str(library)).read_all
    read.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    size = memory.numel() * 4
    taken = medians({"read": lambda: read(memory.data_ptr(), size, threads)}, rounds=5)
    return size / taken["read"] / 1e9
