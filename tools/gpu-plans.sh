#!/usr/bin/env bash
# Compiles the plans that tools/test-gpu.sh and tools/bench.sh run, and puts the golden files beside them.
# Needs the compiler, no GPU; the folder is then carried to a machine with one.
#
#   tools/gpu-plans.sh [FOLDER]        default: .carry
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-.carry}
compile=build/bin/step37c
golden=test/data/step37-tiny

tools/build.sh step37c
mkdir -p "$folder/golden"
cp "$golden"/{config.json,model.safetensors,{text,mm,mtp}_case.safetensors,{text,mm,mtp}_grads.safetensors} "$folder/golden"
for type in f32 bf16; do
  "$compile" compile "$golden" --text-only --dtype $type --micro-batch 2 --seq-len 48 --target all \
    -o "$folder/golden-$type.plan"
  "$compile" compile "$golden" --dtype $type --seq-len 32 --target cuda -o "$folder/golden-mm-$type.plan"
done
"$compile" compile "$golden" --text-only --mtp --dtype f32 --micro-batch 2 --seq-len 48 --target cuda \
  -o "$folder/golden-mtp-f32.plan"
"$compile" compile tools/examples/step35-tiny --dtype bf16 --seq-len 1024 --target all -o "$folder/example-bf16.plan"
"$compile" compile test/data/configs/step35-slice.json --seq-len 8192 --target cuda -o "$folder/slice.plan"
