"""The same file names as ops, fast, where the native library was built; plain PyTorch elsewhere.

`info()` says which of the two runs, and why.
"""

from flexcore.kernels.library import Info, info

__all__ = ["Info", "info"]
