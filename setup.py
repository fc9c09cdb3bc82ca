"""Puts the native library into the wheel where a compiler and torch are there; without them the wheel is pure Python.

The library knows no Python and no torch version but the least, so one wheel serves every Python on its platform.
"""

import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

BUILD = Path(__file__).parent / "flexcore/csrc/build.py"
LIBRARY = Path("flexcore/kernels/libflexcore.so")


class BuildWithLibrary(build_py):
    """Into the build folder, never into the sources: `make native` does that."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / LIBRARY
            subprocess.run([sys.executable, BUILD, "--out", target], check=False)  # noqa: S603


class Wheel(bdist_wheel):
    """Tagged by its platform if it carries the library."""

    def get_tag(self) -> tuple[str, str, str]:
        carries = (Path(self.bdist_dir) / LIBRARY).exists() or any(Path("build").glob(f"lib*/{LIBRARY}"))
        return ("py3", "none", super().get_tag()[2] if carries else "any")


class Package(Distribution):
    """Built for a platform as long as nobody knows better: `Wheel` says what became of it."""

    def has_ext_modules(self) -> bool:
        return True


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": Wheel}, distclass=Package)
