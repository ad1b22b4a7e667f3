#!/usr/bin/env bash
# Compiles the plans that tools/test-gpu.sh, test-two-gpus.sh and bench.sh run, and puts the golden files beside them.
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

# The published vision tower before the slice, and pictures of six crops each.
"$compile" compile test/data/configs/step37-slice.json --seq-len 1024 --images 1 --crops 6 --target cuda \
  -o "$folder/slice-mm.plan"
python3 test/cuda/make_pictures.py "$folder/pictures"

# The example on one GPU and on two, with the same rows in a step.
example() {
  "$compile" compile tools/examples/step35-tiny --dtype bf16 --seq-len 1024 --target cuda "${@:2}" -o "$folder/two-$1.plan"
}
example one --micro-batch 2
example dp --dp 2
example ep --dp 2 --ep 2
example ep-all-to-all --dp 2 --ep 2 --dispatch all-to-all
example tp --tp 2 --micro-batch 2
example tp-sp-ep --tp 2 --ep 2 --sequence-parallel --micro-batch 2

# The slice on two GPUs: with as many experts on each as it has on one, and with halves of all matrices.
sed 's/"moe_num_experts": 36/"moe_num_experts": 72/' test/data/configs/step35-slice.json > "$folder/slice-72.json"
"$compile" compile "$folder/slice-72.json" --seq-len 8192 --target cuda --dp 2 --ep 2 -o "$folder/slice-ep2.plan"
"$compile" compile "$folder/slice-72.json" --seq-len 8192 --target cuda --dp 2 --ep 2 --dispatch all-to-all \
  -o "$folder/slice-ep2-all-to-all.plan"
"$compile" compile test/data/configs/step35-slice.json --seq-len 8192 --target cuda --tp 2 --etp 2 --sequence-parallel \
  -o "$folder/slice-tp2.plan"
