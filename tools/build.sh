#!/usr/bin/env bash
# Installs what is missing and builds the release preset in build/: everything, or the named targets.
#   tools/build.sh [TARGET ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh

# A compilation against MLIR takes up to 2 GB.
memory_kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
jobs=$((memory_kb / (2 * 1024 * 1024)))
((jobs <= $(nproc))) || jobs=$(nproc)
((jobs >= 1)) || jobs=1

if [[ ! -f build/build.ninja || CMakePresets.json -nt build/build.ninja ]]; then
  echo "configure: preset release, in build"
  mkdir -p build
  if ! cmake --preset release -DCMAKE_{C,CXX}_COMPILER_LAUNCHER=ccache > build/configure.log 2>&1; then
    cat build/configure.log >&2
    exit 1
  fi
fi

echo "build: ${*:-everything}, $jobs at a time"
targets=()
[[ $# -eq 0 ]] || targets=(--target "$@")
cmake --build --preset release --parallel "$jobs" "${targets[@]}"
