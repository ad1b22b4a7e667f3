#!/usr/bin/env bash
# Fuzzes the readers of configs, pictures, plans and safetensors files under ASan and UBSan, each for SECONDS
# (60), starting from the tests' data. One line a reader; exit code 1 where one has a finding.
#   tools/fuzz.sh [SECONDS] [config|image|plan|safetensors ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: tools/fuzz.sh [SECONDS] [config|image|plan|safetensors ...]" >&2
  exit 2
fi
readers=("${@:2}")
[[ ${#readers[@]} -gt 0 ]] || readers=(config image plan safetensors)
for reader in "${readers[@]}"; do
  if ! [[ -f test/fuzz/${reader}_fuzzer.cpp ]]; then
    echo "tools/fuzz.sh: there is no reader '$reader'" >&2
    exit 2
  fi
done

build=build-sanitize
echo "building the fuzz targets in $build"
mkdir -p "$build/fuzz"
if ! { cmake --preset sanitize && cmake --build --preset sanitize --target fuzzers; } \
    > "$build/fuzz/build.log" 2>&1; then
  tail -n 40 "$build/fuzz/build.log" >&2
  exit 1
fi

seeds=$build/fuzz/seeds
"$build/bin/fuzz_seeds" "$seeds"
mkdir -p "$seeds/config" "$seeds/image"
cp test/data/configs/*.json test/data/step37-tiny/config*.json "$seeds/config"
cp test/data/images/*.jpg test/data/images/*.png "$seeds/image"

status=0
for reader in "${readers[@]}"; do
  folder=$build/fuzz/$reader
  mkdir -p "$folder/corpus"
  echo "$reader: fuzzing for $seconds s"
  if "$build/bin/fuzz_$reader" "$folder/corpus" "$seeds/$reader" -max_total_time="$seconds" \
      -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
      -artifact_prefix="$folder/" > "$folder/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log")
    edges=$(grep -o 'cov: [0-9]*' "$folder/log" | tail -n 1 | tr -dc 0-9)
    echo "$reader: clean, $runs inputs, $edges edges covered"
  else
    status=1
    echo "$reader: FINDING, see $folder/log and the input beside it"
  fi
done
exit $status
