#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
#   tools/test.sh         all tests
#   tools/test.sh quick   those with the label quick: under five minutes on two cores
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-full}
if [[ $# -gt 1 || ! $preset =~ ^(quick|full)$ ]]; then
  echo "usage: tools/test.sh [quick|full]" >&2
  exit 2
fi

tools/build.sh

# Tests that train use two threads; more at a time than cores would only wait.
jobs=$((($(nproc) + 1) / 2))
echo "test: preset $preset, $jobs at a time"
log=build/test.log
status=0
ctest --preset "$preset" --parallel "$jobs" --no-tests=error 2>&1 | tee "$log" || status=$?

# ctest's summary, "98% tests passed, 1 tests failed out of 50", in numbers.
if [[ $(grep ' tests failed out of ' "$log") =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
  failed=${BASH_REMATCH[1]}
  echo "$((BASH_REMATCH[2] - failed)) passed, $failed failed"
fi
exit "$status"
