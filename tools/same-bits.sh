#!/usr/bin/env bash
# Whether two builds of the programs give the same bits: losses of ten steps, and the probe of the
# golden text batch with its gradients, for small models on several meshes, on the host.
#   tools/same-bits.sh OLD_BIN NEW_BIN    folders that hold step37c and step37-run
# Prints a line a case; exits with 1 where bits differ.
set -euo pipefail
if [[ $# -ne 2 ]]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
old=$(realpath "$1") new=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

text=tools/examples/step35-tiny/config.json
golden=test/data/step37-tiny
meshes=("" "--tp 2" "--dp 2 --ep 2" "--dp 2 --tp 2 --ep 2 --sequence-parallel --dispatch all-to-all")
failed=0

verdict() { # NAME FILE
  if cmp -s "$scratch/old/$2" "$scratch/new/$2"; then
    echo "same bits: $1"
  else
    echo "DIFFERENT: $1"
    failed=1
  fi
}

losses() { # FILE: losses and norms, without what depends on time
  python3 -c '
import json, sys
for line in open(sys.argv[1]):
    row = json.loads(line)
    print(row["step"], row["loss"], row["grad_norm"], row.get("main_loss"), row.get("mtp_losses"))' "$1"
}

mkdir "$scratch/old" "$scratch/new"
for mesh in "${meshes[@]}"; do
  for form in "--dtype f32" "--dtype bf16 --grad-dtype bf16"; do
    for side in old new; do
      bin=${!side} out=$scratch/$side
      # shellcheck disable=SC2086 # options are words
      "$bin/step37c" compile "$text" --target host --seq-len 64 --micro-batch 2 $mesh $form -o "$out/train.plan"
      "$bin/step37-run" "$out/train.plan" --train --steps 10 --log "$out/log.jsonl" > "$out/run.txt"
      losses "$out/log.jsonl" > "$out/losses.txt"
    done
    verdict "ten steps, ${mesh:-one rank} $form" losses.txt
  done
  for side in old new; do
    bin=${!side} out=$scratch/$side
    # shellcheck disable=SC2086
    "$bin/step37c" compile "$golden" --target host --dtype f32 --mtp --text-only --seq-len 48 \
      --micro-batch "$([[ $mesh == *"--dp 2"* ]] && echo 1 || echo 2)" $mesh -o "$out/probe.plan"
    "$bin/step37-run" "$out/probe.plan" --probe "$golden/text_case.safetensors" --grads \
      --weights "$golden" -o "$out/probe.safetensors" > "$out/run.txt"
  done
  verdict "probe with gradients and MTP, ${mesh:-one rank}" probe.safetensors
done
exit "$failed"
