#!/usr/bin/env bash
# Builds vpr against the LibTorch inside a Python installation (pip install torch), CUDA included if
# that one has it, and runs the tests that need LibTorch.
# Usage: scripts/build-with-torch.sh [PYTHON] [BUILD_FOLDER]
#        default: python3 build/python-torch
# The other packages are those of scripts/packages.txt; libtorch-dev may be missing, or there in
# another version.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
python=${1:-python3} folder=${2:-build/python-torch}

if ! found=$("$python" -c '
import torch
print(torch.__version__)
print(torch.utils.cmake_prefix_path)
print(int(torch.compiled_with_cxx11_abi()))'); then
  echo "build-with-torch.sh: $python has no module torch; install it with: $python -m pip install torch" >&2
  exit 1
fi
{
  read -r version
  read -r prefix
  read -r new_abi
} <<< "$found"
if [ "$new_abi" -ne 1 ]; then
  echo "build-with-torch.sh: torch $version was built for the C++ library's ABI of before 2011;" \
    "take 2.7 or later" >&2
  exit 1
fi
# Debian's python3-torch says where its CMake files would be, but they come with libtorch-dev.
if [ ! -e "$prefix/Torch/TorchConfig.cmake" ]; then
  echo "torch $version: no CMake files in $prefix; using the system's LibTorch"
  prefix=
fi
echo "torch $version${prefix:+ in $prefix}"
cmake -G Ninja -S . -B "$folder" -DCMAKE_BUILD_TYPE=Release -DVPR_WERROR=ON \
  ${prefix:+-DCMAKE_PREFIX_PATH="$prefix"}
cmake --build "$folder" -j "$(build_jobs)"
ctest --test-dir "$folder" --output-on-failure -R '_test$|^cli[.](train|embed|eval|distributed)$' -L 'torch|cli'
