# shellcheck shell=bash
# For the other scripts: where the repository is and how many compilers fit.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# A translation unit with LibTorch's headers takes about 1 GB.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1200000) }' /proc/meminfo)
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

if command -v ccache > /dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
