"""The native library is built with what is at hand: without a compiler not at all, and flexcore still runs; watched by
sanitizers it reads and writes nothing it should not, and no two threads meet.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
BUILD = HOUSE / "flexcore/csrc/build.py"


def run(*call: str | Path, cwd: Path = HOUSE, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, call)), cwd=cwd, env=os.environ | env, capture_output=True, text=True, check=False
    )


def python(*call: str | Path, cwd: Path = HOUSE, **env: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, *call, cwd=cwd, **env)


@pytest.mark.parametrize("sanitizer", ["address", "thread"])
def test_the_kernels_pass_under_a_sanitizer(sanitizer: str, tmp_path: Path) -> None:
    library = tmp_path / "libflexcore.so"
    built = python(BUILD, "--cuda", "no", "--sanitize", sanitizer, "--out", library)
    runtimes = [f"lib{sanitizer[0]}san.so", "libstdc++.so"]
    found = [run("g++", f"-print-file-name={runtime}").stdout.strip() for runtime in runtimes]

    done = python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/flexcore/test_kernels.py"),
        *("-k", "not lesser and not accepts"),
        FLEXCORE_LIBRARY=str(library),
        LD_PRELOAD=" ".join(found),
        ASAN_OPTIONS="detect_leaks=0",  # Python's own
        TSAN_OPTIONS="ignore_noninstrumented_modules=1:exitcode=66",
        OMP_NUM_THREADS="2",
    )

    assert built.returncode == 0, built.stderr
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    assert " passed" in done.stdout


def test_the_engine_passes_on_plain_pytorch_too() -> None:
    files = [f"tests/flexcore/test_{name}.py" for name in ("moe", "model", "decoder", "loading")]

    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, FLEXCORE_BACKEND="torch")

    assert done.returncode == 0, done.stdout[-5000:]


def test_the_backend_says_which_it_is_and_why(tmp_path: Path) -> None:
    ask = "from flexcore.kernels import info; print(info())"
    missing = str(tmp_path / "nowhere.so")
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")

    native = python("-c", ask)
    plain = python("-c", ask, FLEXCORE_BACKEND="torch")
    absent = python("-c", ask, FLEXCORE_LIBRARY=missing)
    unloadable = python("-c", ask, FLEXCORE_LIBRARY=str(broken))
    demanded = python("-c", ask, FLEXCORE_LIBRARY=missing, FLEXCORE_BACKEND="native")
    nonsense = python("-c", ask, FLEXCORE_BACKEND="fast")

    assert "backend='native'" in native.stdout
    assert "FLEXCORE_BACKEND asks for plain PyTorch" in plain.stdout
    assert "was not built; `make native` builds it" in absent.stdout
    assert "does not load" in unloadable.stdout
    assert "asks for the native library, but" in demanded.stderr
    assert "set it to torch or native" in nonsense.stderr


@pytest.mark.parametrize("named", ["fast", "avx", "generic,avx2", "AVX2"])
def test_a_processor_that_is_none_is_refused_in_one_sentence(named: str) -> None:
    done = python("-c", "from flexcore.kernels import info; info()", FLEXCORE_ISA=named)

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"RuntimeError: FLEXCORE_ISA is '{named}'; set it to one that this processor runs (")
    assert last.endswith("generic), or leave it out.")


@pytest.mark.parametrize("named", ["generic", ""])
def test_a_processor_that_is_named_is_taken(named: str) -> None:
    done = python("-c", "from flexcore.kernels import info; print(info().isa)", FLEXCORE_ISA=named)

    assert done.stdout.strip() in ({named} if named else {"generic", "avx2", "avx512", "avx512_bf16"}), done.stderr


def test_without_a_compiler_one_sentence_says_so(tmp_path: Path) -> None:
    done = python(BUILD, "--out", tmp_path / "libflexcore.so", PATH=str(tmp_path), CXX="")

    assert done.returncode == 1
    assert done.stderr == "No C++ compiler was found; install g++, or set CXX.\n"
    assert not (tmp_path / "libflexcore.so").exists()


def test_a_source_that_does_not_compile_leaves_the_old_library(tmp_path: Path) -> None:
    old = tmp_path / "libflexcore.so"
    old.write_bytes(b"the old one")

    done = python(BUILD, "--cuda", "no", "--out", old, CXX="false")

    assert done.returncode == 1
    assert "The compiler refused" in done.stderr
    assert old.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize(("compiler", "backend"), [("g++", "native"), ("", "torch")])
def test_the_wheel_installs_and_runs(compiler: str, backend: str, tmp_path: Path) -> None:
    """With a compiler the wheel carries the library and its platform's tag; without, it is pure Python and runs."""
    source = tmp_path / "source"
    kept = shutil.ignore_patterns("*.so", "__pycache__", "node_modules", "dist", "*.egg-info")
    for name in ("client", "flexcore", "registry", "workers", "witness"):
        shutil.copytree(HOUSE / name, source / name, ignore=kept)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(HOUSE / name, source)
    tools = tmp_path / "tools"
    tools.mkdir()
    path = os.environ["PATH"] if compiler else str(tools)
    site = tmp_path / "site"

    built = python(
        *("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source),
        PATH=path,
        CXX=compiler,
        CUDA_HOME="",
    )
    (wheel,) = tmp_path.glob("*.whl")
    installed = python("-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel, PATH=path)
    ran = python(
        "-c",
        "import flexcore.kernels as k, torch; from flexcore.kernels.norm import norm_add; x = torch.ones(2, 8);"
        "assert norm_add(x, x, x[0], 0.0).sum() == 32; print(k.info().backend, k.__file__)",
        cwd=tmp_path,
        PATH=path,
        PYTHONPATH=str(site),
    )

    assert built.returncode == 0, built.stderr
    assert installed.returncode == 0, installed.stderr
    assert ran.stdout.split() == [backend, str(site / "flexcore/kernels/__init__.py")], ran.stderr
    names = zipfile.ZipFile(wheel).namelist()
    assert ("flexcore/kernels/libflexcore.so" in names) == (backend == "native")
    assert wheel.name.endswith("-py3-none-any.whl") == (backend == "torch")
