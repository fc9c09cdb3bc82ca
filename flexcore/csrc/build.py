"""Builds flexcore's native library. Runs on its own, before flexcore is installed; needs torch and a compiler.

    python flexcore/csrc/build.py                     # processor; GPU too where there is one, and nvcc
    python flexcore/csrc/build.py --cuda no           # processor only
    python flexcore/csrc/build.py --sanitize address  # for the tests that look for wrong addresses

Without a compiler nothing is built, and flexcore runs on plain PyTorch.
"""

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parent / "kernels" / "libflexcore.so"
TORCH_TARGET = "0x020a000000000000"  # 2.10: any later torch loads what was built for it

AVX512 = ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma", "-mprefer-vector-width=512")
PROCESSORS = {
    "generic": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": AVX512,
    "avx512_bf16": (*AVX512, "-mavx512bf16"),
}
# Real code for A100, H100/H200 and B200; what is older or newer translates the first one's or the last one's PTX.
GPUS = (
    "arch=compute_80,code=[sm_80,compute_80]",
    "arch=compute_90a,code=sm_90a",
    "arch=compute_100a,code=sm_100a",
    "arch=compute_100,code=compute_100",
)


@dataclass(frozen=True, slots=True)
class Tools:
    """The compilers found here, and where torch is."""

    cxx: tuple[str, ...]
    nvcc: tuple[str, ...]
    torch: Path

    @property
    def includes(self) -> tuple[str, ...]:
        return ("-isystem", str(self.torch / "include"))


class CannotBuild(Exception):
    """One sentence: what is missing."""


def find_tools(cuda: str) -> Tools:
    cxx = shlex.split(os.environ.get("CXX", "")) or next(([name] for name in ("g++", "c++") if shutil.which(name)), [])
    if not cxx:
        raise CannotBuild("No C++ compiler was found; install g++, or set CXX.")
    wanted = cuda == "yes" or (cuda == "auto" and Path("/dev/nvidiactl").exists())
    nvcc = find_nvcc() if wanted else []
    if cuda == "yes" and not nvcc:
        raise CannotBuild("nvcc was not found; install CUDA 13.0's compiler, or set NVCC.")
    return Tools(tuple(cxx), tuple(nvcc), find_torch())


def find_nvcc() -> list[str]:
    """NVCC, else on the path, else in CUDA_HOME, else out of NVIDIA's wheels."""
    if os.environ.get("NVCC"):
        return shlex.split(os.environ["NVCC"])
    homes = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda", sysconfig.get_path("purelib") + "/nvidia/cu13"]
    found = shutil.which("nvcc") or next((f"{home}/bin/nvcc" for home in homes if Path(home, "bin/nvcc").exists()), "")
    return [found] if found else []


def find_torch() -> Path:
    """Where torch lies, without the second that importing it takes."""
    for folder in map(Path, [*sys.path, sysconfig.get_path("purelib")]):
        if (folder / "torch/include/torch/csrc/stable/library.h").is_file():
            return folder / "torch"
    raise CannotBuild("torch 2.10 or newer was not found in this environment; install it first.")


def commands(tools: Tools, objects: Path, sanitize: str) -> dict[Path, list[str]]:
    """The compiler's call for each object file."""
    x86 = platform.machine() in {"x86_64", "AMD64"}
    target = f"-DTORCH_TARGET_VERSION={TORCH_TARGET}"
    plain = [*tools.cxx, "-std=gnu++17", "-O3", "-g1", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"]
    plain += ["-DFLEXCORE_X86"] * x86 + ["-DFLEXCORE_CUDA"] * bool(tools.nvcc)
    plain += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"] * bool(sanitize)
    calls = {
        objects / f"kernels_{isa}.o": [*plain, *flags, f"-DFLEXCORE_ISA={isa}", "-c", str(HERE / "cpu/kernels.cpp")]
        for isa, flags in PROCESSORS.items()
        if x86 or isa == "generic"
    }
    for source in (*(HERE / f"cpu/{part}.cpp" for part in ("attention", "choice", "experts")), HERE / "library.cpp"):
        calls[objects / f"{source.stem}.o"] = [*plain, target, *tools.includes, "-c", str(source)]
    for source in sorted((HERE / "cuda").glob("*.cu")) if tools.nvcc else []:
        calls[objects / f"cuda_{source.stem}.o"] = cuda_command(tools, source)
    return calls


def cuda_command(tools: Tools, source: Path) -> list[str]:
    flags = ["-std=c++17", "-O3", "-Xcompiler", "-fPIC,-fvisibility=hidden", "-cudart", "static"]
    flags += [part for gpu in GPUS for part in ("-gencode", gpu)]
    target = f"-DTORCH_TARGET_VERSION={TORCH_TARGET}"
    return [*tools.nvcc, *flags, "-DFLEXCORE_CUDA", target, *tools.includes, "-c", str(source)]


def build(out: Path, tools: Tools, *, sanitize: str = "", jobs: int | None = None) -> None:
    """The whole library, or none: the old one stands until the new one is linked."""
    with TemporaryDirectory(prefix="flexcore-") as folder:
        calls = commands(tools, Path(folder), sanitize)
        with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
            list(pool.map(run, ([*call, "-o", str(target)] for target, call in calls.items())))
        unfinished = out.with_suffix(f".{os.getpid()}")
        run([*link_command(tools, list(calls), sanitize), "-o", str(unfinished)])
        unfinished.replace(out)


def link_command(tools: Tools, objects: Sequence[Path], sanitize: str = "") -> list[str]:
    link = [*tools.cxx, "-shared"]
    if tools.nvcc:
        # NVIDIA's wheels keep the runtime where their own compiler does not look for it.
        wheels = Path(shutil.which(tools.nvcc[-1]) or tools.nvcc[-1]).resolve().parents[1] / "lib"
        link = [*tools.nvcc, "-cudart", "static", "-shared", f"-L{wheels}"]
    link += [f"-fsanitize={sanitize}"] * bool(sanitize) + [f"-L{tools.torch / 'lib'}"]
    return [*link, *map(str, objects), "-ltorch_cpu", "-ldl"]


def run(call: Sequence[str]) -> None:
    done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603  # our own compilers
    if done.returncode:
        raise CannotBuild(f"{shlex.join(call)}\n{done.stdout}{done.stderr}The compiler refused the line above.")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=LIBRARY)
    parser.add_argument(
        "--cuda", choices=["auto", "yes", "no"], default="auto", help="auto: where there is a GPU and nvcc"
    )
    parser.add_argument("--sanitize", choices=["", "address", "thread", "undefined"], default="")
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    try:
        tools = find_tools(options.cuda)
        build(options.out.absolute(), tools, sanitize=options.sanitize, jobs=options.jobs)
    except CannotBuild as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    sys.stdout.write(f"{options.out.name}: processor{' and GPU' if tools.nvcc else ''}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
