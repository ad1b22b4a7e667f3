#!/usr/bin/env bash
# The slice of the published model beside a program that computes the same, on one GPU in one run: step
# times, their ratio, and a profile by kernel family. For a machine as tools/test-gpu.sh wants it.
#
#   tools/bench.sh --peer FILE [--plan FILE] [--table FILE] [--bin FOLDER]
#
# --peer   a Python program that prints JSON lines, the last one with step_ms (and fwd_ms, bwd_ms, opt_ms)
# --plan   one micro-batch of 8192 tokens               (.carry/slice.plan)
# --table  uses the tuned products of this file; it is measured first if it is not there
# --bin    programs built before; without it the runtime is built here
set -euo pipefail
cd "$(dirname "$0")/.."
plan=.carry/slice.plan
peer= table= bin=
while [[ $# -gt 0 ]]; do
  case $1 in
    --peer) peer=$2 ;;
    --plan) plan=$2 ;;
    --table) table=$2 ;;
    --bin) bin=$2 ;;
    *) echo "usage: tools/bench.sh --peer FILE [--plan FILE] [--table FILE] [--bin FOLDER]" >&2 && exit 2 ;;
  esac
  shift 2
done
[[ -n $peer ]] || { echo "tools/bench.sh: --peer FILE is missing" >&2 && exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tokens=8192

if [[ -z $bin ]]; then
  bin=build-runtime/bin
  cmake --preset runtime -DSTEP37_CUDA=ON -DSTEP37_IMAGES=OFF -DSTEP37_WERROR=OFF > /dev/null
  cmake --build --preset runtime --target gpu_check step37-run > /dev/null
fi
"$bin/gpu_check" tokens "$work/tokens.safetensors" --rows 2 --seq-len $tokens --vocab 128896

options=(--device cuda --data "$work/tokens.safetensors" --lr 3e-5 --warmup 4)
if [[ -n $table ]]; then
  [[ -f $table ]] || "$bin/step37-run" tune "$plan" -o "$table"
  options+=(--tune "$table")
fi

echo "== peer: $peer"
python3 "$peer" | tee "$work/peer.txt"
echo "== $plan"
"$bin/step37-run" "$plan" --train --steps 16 --log "$work/ours.jsonl" "${options[@]}"
"$bin/gpu_check" --name "loss on repeated data" falling "$work/ours.jsonl" --by 0.5
echo "== $plan, steps timed one by one"
"$bin/step37-run" "$plan" --train --steps 2 --profile "${options[@]}"

echo "== summary: $tokens tokens a step, milliseconds"
python3 - "$work/peer.txt" "$work/ours.jsonl" "$tokens" <<'SUMMARY'
import json, statistics, sys
peer = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")][-1]
rates = [json.loads(line)["tokens_per_s"] for line in open(sys.argv[2])]
ours = statistics.median(int(sys.argv[3]) / rate * 1e3 for rate in rates[3:])
parts = ", ".join(f"{key[:-3]} {peer[key]:.1f}" for key in ("fwd_ms", "bwd_ms", "opt_ms") if key in peer)
print(f"peer  {peer['step_ms']:.1f}" + (f"  ({parts})" if parts else ""))
print(f"ours  {ours:.1f}  (median of {len(rates) - 3} steps, {int(sys.argv[3]) / ours * 1e3:.0f} tokens/s)")
print(f"ours / peer  {ours / peer['step_ms']:.2f}")
SUMMARY
