"""The same file names as ops, fast. Plain PyTorch until a native library is built."""
