"""The GPU's kernels where there is no GPU: NVIDIA's compiler takes them all, keeps every number in a register and uses
the tensor cores where they are meant; and built for a pretended GPU, the same sources give the right numbers.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flexcore.csrc.build import (
    GPUS,
    TORCH_TARGET,
    Tools,
    cuda_command,
    find_nvcc,
    find_torch,
    link_command,
)

HOUSE = Path(__file__).resolve().parents[2]
SOURCES = sorted((HOUSE / "flexcore/csrc/cuda").glob("*.cu"))
REAL = sorted({name for gpu in GPUS for name in re.findall(r"sm_\w+", gpu)})
# Left alone, the second and third come newer than the first, and its assembler refuses what they write.
COMPILER = [f"nvidia-{part}==13.0.*" for part in ("cuda-nvcc", "nvvm", "cuda-crt", "cuda-runtime", "cuda-cccl")]
READER = ["nvidia-cuda-cuobjdump==13.2.51", "nvidia-cuda-nvdisasm==13.5.37"]
OPERATIONS = ("route", "moe", "combine", "silu_mul", "linears", "norm_add", "turn", "attend_step")
TENSOR = re.compile(r"(stream|staged)_kernel")


@dataclass(frozen=True, slots=True)
class Compiled:
    tools: Tools
    objects: list[Path]
    log: str  # what the assembler said of each kernel


def run(*call: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, call)), cwd=HOUSE, env=os.environ | env, capture_output=True, text=True, check=False
    )


def unpacked(name: str, wheels: list[str]) -> Path:
    """The programs out of NVIDIA's wheels; they are kept, for they are large."""
    folder = HOUSE / "var" / name
    programs = folder / "nvidia/cu13/bin"
    if not (folder / "complete").exists():
        done = run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *wheels)
        assert done.returncode == 0, done.stderr
        for program in programs.rglob("*"):
            program.chmod(0o755)
        (folder / "complete").touch()
    return programs


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """Once for all tests: it takes most of their time."""
    nvcc = find_nvcc() or [str(unpacked("nvcc-13.0", COMPILER) / "nvcc")]
    tools, folder = Tools(("g++",), tuple(nvcc), find_torch()), tmp_path_factory.mktemp("cuda")
    objects, log = [], ""
    for source in SOURCES:
        objects.append(folder / f"{source.stem}.o")
        done = run(*cuda_command(tools, source), "-Xptxas", "-v", "-o", objects[-1])
        assert done.returncode == 0, done.stderr
        log += done.stdout + done.stderr
    return Compiled(tools, objects, log)


def test_no_number_leaves_the_registers_for_want_of_room(compiled: Compiled) -> None:
    entries = re.findall(r"Compiling entry function '(\w+)' for '(\w+)'", compiled.log)

    frames = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", compiled.log)

    assert len(frames) == len(entries) > len(SOURCES)
    assert sorted({gpu for _, gpu in entries}) == REAL
    assert set(frames) == {("0", "0", "0")}


@pytest.mark.parametrize("gpu", REAL)
def test_products_of_few_tokens_run_on_the_tensor_cores(compiled: Compiled, gpu: str) -> None:
    programs = unpacked("cuobjdump-13.2", READER)
    (experts,) = (path for path in compiled.objects if path.stem == "experts")

    code = run(programs / "cuobjdump", "-sass", "-arch", gpu, experts, PATH=f"{programs}:{os.environ['PATH']}").stdout

    meant = {name: text for name, text in functions(code) if TENSOR.search(name)}
    assert len(meant) >= 10
    assert [name for name, text in meant.items() if "HMMA.16816.F32.BF16" not in text] == []
    assert [name for name, text in meant.items() if "LDG.E.128" not in text and ".128.CONSTANT" not in text] == []


def functions(code: str) -> Iterator[tuple[str, str]]:
    _, *parts = re.split(r"Function : (\w+)", code)
    yield from zip(parts[::2], parts[1::2], strict=True)


def test_a_library_with_a_part_for_the_gpu_loads_where_there_is_none(compiled: Compiled, tmp_path: Path) -> None:
    library, names = tmp_path / "libgpu.so", tmp_path / "library.o"
    flags = ["-std=gnu++17", "-fPIC", f"-DTORCH_TARGET_VERSION={TORCH_TARGET}", *compiled.tools.includes]
    ask = (
        "import sys, torch; torch.ops.load_library(sys.argv[1]); has = torch._C._dispatch_has_kernel_for_dispatch_key;"
        "print([has(f'flexcore::{name}', 'CUDA') for name in sys.argv[2:]])"
    )

    named = run("g++", *flags, "-c", HOUSE / "flexcore/csrc/library.cpp", "-o", names)
    linked = run(*link_command(compiled.tools, [*compiled.objects, names]), "-o", library)
    loaded = run(sys.executable, "-c", ask, library, *OPERATIONS)

    assert named.returncode == 0, named.stderr
    assert linked.returncode == 0, linked.stderr
    assert loaded.stdout == f"{[True] * len(OPERATIONS)}\n", loaded.stderr


def test_the_kernels_give_the_right_numbers_on_a_pretended_gpu(tmp_path: Path) -> None:
    """See pretend_cuda.h: every kernel, thread by thread."""
    library, isa = tmp_path / "libpretend.so", tmp_path / "isa.cpp"
    isa.write_text(
        "#include <torch/csrc/stable/library.h>\n"
        'static std::string isa() { return "generic"; }\n'
        'STABLE_TORCH_LIBRARY_IMPL(flexcore, CompositeExplicitAutograd, m) { m.impl("isa", TORCH_BOX(&isa)); }\n'
    )
    flags = ["-std=gnu++17", "-O2", "-fPIC", "-fvisibility=hidden", "-Wno-unknown-pragmas", "-DFLEXCORE_PRETEND"]
    flags += [f"-DTORCH_TARGET_VERSION={TORCH_TARGET}", "-include", str(HOUSE / "tests/flexcore/pretend_cuda.h")]
    torch = find_torch()
    flags += ["-isystem", str(torch / "include")]

    built = [
        run("g++", "-x", "c++", *flags, "-c", source, "-o", tmp_path / f"{source.stem}.o")
        for source in (*SOURCES, HOUSE / "flexcore/csrc/library.cpp", isa)
    ]
    objects = sorted(tmp_path.glob("*.o"))
    linked = run("g++", "-shared", *objects, f"-L{torch / 'lib'}", "-ltorch_cpu", "-o", library)
    done = run(
        *(sys.executable, "-m", "tests.gpu.check_ops", "--device", "cpu"),
        FLEXCORE_LIBRARY=str(library),
        OMP_NUM_THREADS="1",
    )

    assert [call.stderr for call in built if call.returncode] == []
    assert linked.returncode == 0, linked.stderr
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    assert re.search(r"(\d+) of \1 checks hold", done.stdout)
