#!/usr/bin/env python3
"""Writes Step-3.5-Flash at its published shapes as files with holes: 804 tensors, 399 GB that take
a few megabytes on the disk. The shapes are written down here a second time on purpose, so that the
inventory in frontend/config is checked against something else.

  make_sparse_checkpoint.py CONFIG DIR

CONFIG is copied to DIR/config.json. The first and last bytes of every tensor are derived from its
name, all others are zero.
"""

import hashlib
import json
import os
import shutil
import struct
import sys

HIDDEN, VOCAB, HEAD, GROUPS = 4096, 128896, 128, 8
DENSE, EXPERTS, EXPERT = 11264, 288, 1280
LAYERS, MTP = 45, 3
SHARDS = 44
MARK = 512  # bytes at both ends of a tensor that are not zero


def layer(index):
    """Names and shapes of layer `index`, in checkpoint order."""
    prefix = f"model.layers.{index}."
    heads = 64 if index % 4 == 0 and index < LAYERS else 96
    query = heads * HEAD
    tensors = [
        ("input_layernorm.weight", [HIDDEN]),
        ("self_attn.q_proj.weight", [query, HIDDEN]),
        ("self_attn.k_proj.weight", [GROUPS * HEAD, HIDDEN]),
        ("self_attn.v_proj.weight", [GROUPS * HEAD, HIDDEN]),
        ("self_attn.g_proj.weight", [heads, HIDDEN]),
        ("self_attn.q_norm.weight", [HEAD]),
        ("self_attn.k_norm.weight", [HEAD]),
        ("self_attn.o_proj.weight", [HIDDEN, query]),
        ("post_attention_layernorm.weight", [HIDDEN]),
    ]
    if index < 3 or index >= LAYERS:
        tensors += gated("mlp", [DENSE])
    else:
        tensors += [("moe.gate.weight", [EXPERTS, HIDDEN]), ("moe.router_bias", [EXPERTS])]
        tensors += gated("moe", [EXPERTS, EXPERT])
        tensors += gated("share_expert", [EXPERT])
    if index >= LAYERS:
        tensors += [
            ("enorm.weight", [HIDDEN]),
            ("hnorm.weight", [HIDDEN]),
            ("eh_proj.weight", [HIDDEN, 2 * HIDDEN]),
            ("transformer.shared_head.norm.weight", [HIDDEN]),
            ("transformer.shared_head.output.weight", [VOCAB, HIDDEN]),
        ]
    return [(prefix + name, shape) for name, shape in tensors]


def gated(module, rows):
    """gate, up and down projection; `rows` ends in the inner width."""
    stack, width = rows[:-1], rows[-1]
    return [
        (f"{module}.gate_proj.weight", stack + [width, HIDDEN]),
        (f"{module}.up_proj.weight", stack + [width, HIDDEN]),
        (f"{module}.down_proj.weight", stack + [HIDDEN, width]),
    ]


def size(name, shape):
    bytes_ = 4 if name.endswith("router_bias") else 2
    for extent in shape:
        bytes_ *= extent
    return bytes_


def mark(name):
    """MARK bytes that look like numbers of moderate size in bf16 and in f32."""
    digest = hashlib.sha256(name.encode()).digest()
    return bytes(0x3C if i % 2 else digest[i % 32] for i in range(MARK))


def write_shard(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        dtype = "F32" if name.endswith("router_bias") else "BF16"
        end = offset + size(name, shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        start = file.tell()
        file.truncate(start + offset)
        for name, shape in tensors:
            begin, end = header[name]["data_offsets"]
            bytes_ = mark(name)[: end - begin]
            for at in (begin, end - len(bytes_)):
                file.seek(start + at)
                file.write(bytes_)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    config, directory = sys.argv[1:]
    os.makedirs(directory)
    shutil.copyfile(config, os.path.join(directory, "config.json"))
    tensors = [("model.embed_tokens.weight", [VOCAB, HIDDEN])]
    for index in range(LAYERS + MTP):
        tensors += layer(index)
    tensors += [("model.norm.weight", [HIDDEN]), ("lm_head.weight", [VOCAB, HIDDEN])]

    total = sum(size(*tensor) for tensor in tensors)
    shards, filled = [[] for _ in range(SHARDS)], 0
    for tensor in tensors:
        shards[min(filled * SHARDS // total, SHARDS - 1)].append(tensor)
        filled += size(*tensor)
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        name = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        write_shard(os.path.join(directory, name), shard)
        weight_map.update({tensor: name for tensor, _ in shard})
    with open(os.path.join(directory, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {"total_size": total}, "weight_map": weight_map}, file)
    print(f"{len(tensors)} tensors, {total} bytes")


main()
