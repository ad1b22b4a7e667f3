#!/usr/bin/env python3
"""Loads a checkpoint that `step37c export` wrote with the reference libraries and compares logits
with the golden ones. Skipped, with exit code 77, where torch, safetensors or transformers >= 5.17
are missing.

  check_with_transformers.py EXPORT GOLDEN

EXPORT is the golden checkpoint after import and export, GOLDEN the directory with its model and
cases. Every tensor must be bitwise that of GOLDEN, and transformers must compute from both the same
bits. Its text logits must be those of text_case and, where GOLDEN has mm_case, its multimodal ones
that case's logits_row_first: transformers' own class takes the row angles of the vision RoPE first.
"""

import json
import pathlib
import sys

SKIPPED = 77
TOLERANCE = 1e-5  # relative in norm; f32 on another machine sums in another order

try:
    import torch
    import transformers
    from safetensors import safe_open
    from transformers import Step3p7ForConditionalGeneration
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(SKIPPED)


def tensors(directory):
    """All tensors by name, through the index if there is one."""
    index = directory / "model.safetensors.index.json"
    names = {"model.safetensors"}
    if index.exists():
        names = set(json.loads(index.read_text())["weight_map"].values())
    result = {}
    for name in sorted(names):
        with safe_open(directory / name, framework="pt") as file:
            for key in file.keys():
                assert key not in result, f"{key} is in two shards"
                result[key] = file.get_tensor(key)
    return result


def distance(a, b):
    return ((a - b).norm() / b.norm()).item()


def model(directory):
    loaded, report = Step3p7ForConditionalGeneration.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    for wrong in ("missing_keys", "mismatched_keys"):
        assert not report[wrong], f"{directory}: {wrong}: {report[wrong]}"
    print(f"{directory.name}: loaded, no key missing")
    return loaded.eval()


def case(path):
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    exported, golden = map(pathlib.Path, sys.argv[1:])
    ours, theirs = tensors(exported), tensors(golden)
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    for name, tensor in theirs.items():
        same = ours[name].dtype == tensor.dtype and torch.equal(ours[name], tensor)
        assert same, f"{name} differs"
    print(f"safetensors: {len(ours)} tensors are equal")

    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    loaded, reference = model(exported), model(golden)
    text = case(golden / "text_case.safetensors")
    inputs = [("text", text["logits"], {"input_ids": text["input_ids"].long()})]
    if (golden / "mm_case.safetensors").exists():
        images = case(golden / "mm_case.safetensors")
        arguments = {
            "input_ids": images["input_ids"].long(),
            "pixel_values": images["pixel_values"],
            "pixel_values_local": images["pixel_values_local"],
            "num_local_patches": images["num_local_patches"].flatten().tolist(),
        }
        inputs.append(("multimodal", images["logits_row_first"], arguments))
    worst = 0.0
    for name, expected, arguments in inputs:
        with torch.no_grad():
            logits, same = (m(**arguments).logits for m in (loaded, reference))
        assert torch.equal(logits, same), f"{name} logits differ from those of GOLDEN's weights"
        apart = distance(logits, expected)
        worst = max(worst, apart)
        print(f"{name} logits: equal from both, {apart:.2e} relative from the golden ones")
    sys.exit(0 if worst < TOLERANCE else f"further than {TOLERANCE} from the golden logits")


main()
