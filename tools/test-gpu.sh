#!/usr/bin/env bash
# GPU tests, for a machine that has CUDA, CMake and a compiler but no LLVM and no network. Builds the
# runtime, runs every kernel family against its host twin, then plans that were compiled elsewhere and
# carried in: golden-f32.plan, golden-bf16.plan and example.plan, beside the folder golden/.
#
#   tools/test-gpu.sh [PLAN_FOLDER]        default: .carry
set -euo pipefail
cd "$(dirname "$0")/.."
carry=${1:-.carry}

echo "== build (no compiler, no LLVM)"
# Warnings are not errors here: the node's compiler may be newer than the one that CI checks with.
cmake --preset runtime -DSTEP37_CUDA=ON -DSTEP37_GPU_TESTS=ON -DSTEP37_WERROR=OFF > /dev/null
cmake --build --preset runtime --target cuda_kernel_test step37-run step37c

echo "== kernels against their host twins"
build-runtime/bin/cuda_kernel_test --gtest_brief=1

echo "== golden text case"
for type in f32 bf16; do
  build-runtime/bin/step37-run "$carry/golden-$type.plan" --device cuda --weights "$carry/golden" \
    --probe "$carry/golden/text_case.safetensors" --grads -o "$carry/out-$type.safetensors"
  build-runtime/bin/step37-run "$carry/golden-$type.plan" --device host --weights "$carry/golden" \
    --probe "$carry/golden/text_case.safetensors" --grads -o "$carry/host-$type.safetensors"
done

echo "== the example trains: GPU and host, and the GPU twice"
for run in cuda:a cuda:b host:c; do
  build-runtime/bin/step37-run "$carry/example.plan" --device "${run%:*}" --train --steps 50 --log "$carry/${run#*:}.jsonl"
done
cmp <(sed 's/"tokens_per_s.*//' "$carry/a.jsonl") <(sed 's/"tokens_per_s.*//' "$carry/b.jsonl")
