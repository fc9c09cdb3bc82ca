#!/usr/bin/env bash
# Everything there is to know of the native library on a GPU, within nine minutes: builds it, checks every operation,
# watches addresses and races, measures against transformers. Needs an NVIDIA GPU, nvcc 13, a C++ compiler and a Python
# with a CUDA torch (2.10 or newer) and transformers; no network, nothing of this project installed. A stage that fails
# or takes too long does not hide the later ones. Full numbers go under $OUT where it is set; short tables come last.

set -u
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-$(command -v python || command -v python3)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=${OUT:-$scratch}
mkdir -p "$out"
library=$scratch/libflexcore.so
export PYTHONPATH=$PWD FLEXCORE_LIBRARY=$library FLEXCORE_BACKEND=native TOKENIZERS_PARALLELISM=false
export NVCC_APPEND_FLAGS="${NVCC_APPEND_FLAGS:-} --threads 4" # its architectures side by side
failed=()
started=$SECONDS

# Name, seconds, command. Its words go to a file of the stage's name, and the last of them to the screen if it fails.
stage() {
  local name=$1 limit=$2 begun=$SECONDS state=done
  shift 2
  timeout --kill-after=5 "$limit" "$@" >"$out/$name.txt" 2>&1
  local status=$?
  if [ $status -ne 0 ]; then
    state="FAILED ($status)"
    failed+=("$name")
    tail -n 25 "$out/$name.txt"
  fi
  echo "$name: $state, $((SECONDS - begun)) s"
}

"$PYTHON" -c 'import torch; print("torch", torch.__version__, torch.cuda.get_device_name())'
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
stage build 120 "$PYTHON" flexcore/csrc/build.py --cuda yes --out "$library"
stage check 90 "$PYTHON" -m tests.gpu.check_ops
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
if [ -n "$sanitizer" ]; then
  # Every allocation of its own, so that a step beyond one is seen.
  export PYTORCH_NO_CUDA_MEMORY_CACHING=1
  stage memcheck 50 "$sanitizer" --tool memcheck --error-exitcode 9 "$PYTHON" -m tests.gpu.check_ops --quick
  stage racecheck 50 "$sanitizer" --tool racecheck --error-exitcode 9 "$PYTHON" -m tests.gpu.check_ops --quick
  unset PYTORCH_NO_CUDA_MEMORY_CACHING
else
  echo "memcheck, racecheck: there is no compute-sanitizer here"
fi
# What is left of nine minutes is shared; each stops by itself when its time is up, and prints what it has.
left=$((525 - (SECONDS - started)))
stage moe_gpu $((left / 2)) "$PYTHON" -m benchmarks.moe_gpu --seconds $((left / 2 - 45))
left=$((525 - (SECONDS - started)))
stage decode_gpu "$left" "$PYTHON" -m benchmarks.decode_gpu --seconds $((left - 60))

echo
tail -n 40 "$out/check.txt"
for table in moe_gpu decode_gpu; do
  echo
  cat "$out/$table.txt" | tail -n 60
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
