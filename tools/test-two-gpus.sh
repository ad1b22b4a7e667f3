#!/usr/bin/env bash
# Tests and times on two GPUs of one machine, a process each, connected by NCCL: the example in five ways
# beside one GPU, then the slice of the published model. Plans of tools/gpu-plans.sh; for a machine as
# tools/test-gpu.sh wants it, with NCCL (that of PyTorch is found).
#
#   tools/test-two-gpus.sh [PLAN_FOLDER [BIN_FOLDER [LOG_FOLDER]]]
#
# PLAN_FOLDER  default: .carry
# BIN_FOLDER   programs built before (default: build-runtime/bin, as tools/test-gpu.sh leaves it)
# LOG_FOLDER   keeps logs, profiles and traces (default: they are dropped)
set -euo pipefail
cd "$(dirname "$0")/.."
carry=${1:-.carry}
bin=${2:-build-runtime/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${3:-$work}
results=$work/results
nccl=$(python3 -c 'import nvidia.nccl; print(list(nvidia.nccl.__path__)[0] + "/lib")' 2> /dev/null || true)
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}${nccl:+:$nccl}

verdict() {
  "$bin/gpu_check" --name "$1" "${@:2}" | tee -a "$results" || true
}

echo "== the example: one GPU, then two"
example() {
  timeout 30 "$bin/step37-run" "$carry/two-$1.plan" --device cuda --train --steps 50 --lr 1e-3 --quiet \
    --log "$out/$2.jsonl" "${@:3}" > "$out/$2.txt" 2>&1 || tail -n 5 "$out/$2.txt"
}
example one one
for mesh in dp ep ep-all-to-all tp tp-sp-ep; do
  example $mesh $mesh --ranks 2 --timeout 30
  verdict "two GPUs, $mesh, beside one" curves "$out/$mesh.jsonl" "$out/one.jsonl" --within 1e-2
done
example ep again --ranks 2 --timeout 30
verdict "two runs, ep" same "$out/ep.jsonl" "$out/again.jsonl"
example tp-sp-ep stepwise --ranks 2 --timeout 30 --no-graph
verdict "graphs and single launches, tp-sp-ep" same "$out/tp-sp-ep.jsonl" "$out/stepwise.jsonl"

echo "== the slice"
"$bin/gpu_check" tokens "$work/tokens.safetensors" --rows 4 --seq-len 8192 --vocab 128896
for mesh in ep2 ep2-all-to-all tp2; do
  run=("$bin/step37-run" "$carry/slice-$mesh.plan" --device cuda --ranks 2 --train --lr 3e-5 --warmup 4 --timeout 60
    --data "$work/tokens.safetensors")
  timeout 120 "${run[@]}" --steps 12 --log "$out/slice-$mesh.jsonl" > "$out/slice-$mesh.txt" 2>&1 ||
    tail -n 5 "$out/slice-$mesh.txt"
  verdict "slice, $mesh, loss falls" falling "$out/slice-$mesh.jsonl" --by 0.3
  # NCCL's own buffers, some 0.9 GB, are not planned.
  verdict "slice, $mesh, memory" memory "$out/slice-$mesh.txt" --within 0.03
  timeout 120 "${run[@]}" --steps 2 --profile --trace "$out/slice-$mesh.trace.json" > "$out/slice-$mesh.profile.txt" 2>&1 || true
  grep -H "exchange:" "$out/slice-$mesh.profile.txt" || {
    tail -n 5 "$out/slice-$mesh.profile.txt"
    echo "FAIL  slice, $mesh, profile" | tee -a "$results"
  }
done

echo "== summary"
cat "$results"
! grep -q '^FAIL' "$results"
